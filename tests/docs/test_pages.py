"""What the pages show runs, and does what they say."""

import doctest
import importlib
import os
import pathlib
import re
import subprocess
import sys

import matplotlib
import pytest

ROOT = pathlib.Path(__file__).parents[2]
OWN = ROOT / "docs" / "add_your_own"


@pytest.fixture
def there(tmp_path, monkeypatch):
    """An empty working directory, from which the files of the pages can be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(OWN))
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    matplotlib.use("Agg")
    yield tmp_path
    for path in [*OWN.glob("*.py"), ROOT / "docs" / "whole_run.py"]:
        sys.modules.pop(path.stem, None)


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page that are in a language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_tutorial_runs(there):
    page = ROOT / "docs" / "tutorial.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 30
    assert result.failed == 0


def test_the_ten_lines_of_the_readme_evolve(there):
    (code,) = blocks("README.md", "python")
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert (there / "line.png").stat().st_size > 0
    assert names["run"].summary["generations"] == 40


@pytest.mark.slow
def test_the_whole_run_evolves(there):
    ours, walker = importlib.import_module("whole_run").main(generations=20)
    assert ours > walker


def test_a_whole_run_is_one_screen():
    text = (ROOT / "docs" / "whole_run.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/tutorial.md",
        *(f"docs/add_your_own/{name}.md" for name in ("world", "agent")),
        *(f"docs/add_your_own/{name}.md" for name in ("strategy", "emitter")),
    ],
)
def test_the_commands_of_a_page_run(page, tmp_path):
    """As typed, in a checkout: every line of every block in the language sh."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    koki2 = f'koki2() {{ "{sys.executable}" -m koki2 "$@"; }}\n'
    code = "".join(code for code in blocks(page, "sh") if "make" not in code)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    script = ["bash", "-euc", koki2 + code]
    ran = subprocess.run(
        script, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]


@pytest.mark.slow
def test_the_experiment_leaves_a_run_per_seed_and_an_interval(there):
    experiment = importlib.import_module("my_experiment")
    found = experiment.main(there, seeds=(0, 1), generations=2, episodes=4)
    assert found["low"] <= found["mean"] <= found["high"]
    runs = sorted(path.name for path in there.iterdir())
    assert runs == [
        "recurrent_seed0",
        "recurrent_seed1",
        "reflex_seed0",
        "reflex_seed1",
    ]


@pytest.mark.parametrize("page", ["docs/determinism.md", "CONTRIBUTING.md"])
def test_every_test_that_a_page_names_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for file, test in re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text):
        source = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {test}\(", source, re.MULTILINE), f"{file}::{test}"


def test_every_room_has_a_page_of_its_api():
    rooms = {path.parent.name for path in (ROOT / "koki2").glob("*/__init__.py")}
    pages = {path.stem for path in (ROOT / "docs" / "api").glob("*.md")}
    assert rooms - {"cli"} == pages - {"index", "koki2"}


def test_every_file_of_your_own_is_on_a_page():
    pages = "".join(page.read_text(encoding="utf-8") for page in OWN.glob("*.md"))
    for file in OWN.glob("*.py"):
        assert f"--8<--\nadd_your_own/{file.name}\n--8<--" in pages, file.name
