"""What the pages show runs, and does what they say. Commands: test_shown_commands."""

import doctest
import importlib
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
OWN = ROOT / "docs" / "add_your_own"


def test_the_tutorial_runs(checkout):
    page = ROOT / "docs" / "tutorial.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 30
    assert result.failed == 0


@pytest.mark.slow
def test_the_whole_run_evolves(checkout):
    ours, walker = importlib.import_module("whole_run").main(generations=20)
    assert ours > walker


def test_a_whole_run_is_one_screen():
    text = (ROOT / "docs" / "whole_run.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60


@pytest.mark.slow
def test_the_experiment_leaves_a_run_per_seed_and_an_interval(checkout):
    experiment = importlib.import_module("my_experiment")
    out = checkout / "experiment"
    found = experiment.main(out, seeds=(0, 1), generations=2, episodes=4)
    assert found["low"] <= found["mean"] <= found["high"]
    runs = sorted(path.name for path in out.iterdir())
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
