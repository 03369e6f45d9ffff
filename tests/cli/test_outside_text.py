"""Text from outside commands no terminal, and none is needed."""

import io
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from koki2.session import printing

HERE = pathlib.Path(__file__).parent
OLD = HERE.parent / "fixtures" / "runs_f8b362b"
DOCTESTS = ("python.py", "schema.py", "settings_text.py")
EVIL = "\x1b]0;owned\x07\x1b[31m\u202eab\u2066c\u200d"
CODE = """
import sys
import fake_evolution
from koki2.cli import main
fake_evolution.install(setattr)
sys.exit(main())
"""


def is_safe(said):
    return all(line.isprintable() for line in (said.out + said.err).split("\n"))


def test_names_of_folders_are_shown_not_obeyed(koki2, home):
    name = f"20261120T101530Z_evo{EVIL}\nok: all is well_seed3"
    (home / "runs" / name).mkdir(parents=True)
    said = koki2("runs")
    assert said.code == 0 and is_safe(said)
    assert "\\x1b]0;owned\\x07\\x1b[31m\\u202eab\\u2066c" in said.out
    assert not any(line.startswith("ok:") for line in said.out.splitlines())
    assert koki2("runs", "--json").json["runs"][0]["path"].endswith(name)


@pytest.mark.parametrize(
    "words",
    [
        ["evo-l0", "--config", f"{EVIL}\nkoki2 evo-l0: complete.toml"],
        ["evo-l0", "--config", "bad.json"],
        ["evo-l0", f"--{EVIL}"],
        ["evo-l0", "--strategy", EVIL],
        ["evo-l0", "--strategy", f"{EVIL}.py:name"],
        ["evo", f"{EVIL}\nkoki2 evo: complete"],
        ["evo", f"{EVIL}.py:name"],
        [EVIL],
        ["resume", f"{EVIL}\nkoki2 resume: complete"],
        ["plot", EVIL, "--out", f"{EVIL}.gif"],
        ["check", f"{EVIL}.py:name"],
        ["evo-l0", "--num-sources", "9" * 5000],
        ["evo-l0", "--config", "long.json"],
    ],
)
def test_what_is_bad_is_shown_not_obeyed(koki2, home, words):
    key = EVIL.encode("unicode_escape").decode().replace("\\x", "\\u00")
    (home / "bad.json").write_text(f'{{"env": {{"{key}\\nkoki2 evo-l0: fine": 1}}}}')
    (home / "long.json").write_text('{"env": {"width": %s}}' % ("9" * 4000))
    said = koki2(*words)
    assert said.code == 2 and is_safe(said), said
    first, *more = said.err.splitlines()
    assert first.startswith("koki2")
    assert not any(line.startswith("koki2") for line in more)
    assert max(map(len, said.err.splitlines())) < 2000


def test_a_command_to_copy_is_what_it_names_and_safe():
    for name in ("a run", "it's", "a\x1b[31m\nb", "é", "a\udcffb"):
        word = printing.shell_word(name)
        assert word.isprintable()
        said = subprocess.run(
            ["bash", "-c", f"printf %s {word}"], capture_output=True, check=True
        )
        assert said.stdout == os.fsencode(name)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_narrow_stdout_shows_escapes(koki2, monkeypatch, encoding):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding))
    printing.open_streams()
    printing.say("a \u4e16 \udcff")
    sys.stdout.flush()
    shown = "\u4e16" if encoding == "utf-8" else "\\u4e16"
    assert raw.getvalue().decode("utf-8") == f"a {shown} \\udcff\n"


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&- <&-"])
def test_a_run_without_a_terminal_is_complete(tmp_path, closed):
    """As cron and daemons start one: the files of the run get no stream's number."""
    run = tmp_path / "a\x1bb"
    words = f"evo-l0 --generations 2 --log-every 1 --out-dir '{run}' {closed}"
    said = subprocess.run(
        ["sh", "-c", f'exec "{sys.executable}" -c "$CODE" {words}'],
        env=os.environ
        | {"PYTHONPATH": f"{HERE.parents[1]}{os.pathsep}{HERE}", "CODE": CODE},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert said.returncode == 0, said.stderr
    assert (run / "summary.json").exists()
    assert b"koki2" not in (run / "generations.jsonl").read_bytes()


def test_a_run_of_an_odd_name_is_drawn_traced_and_exported(koki2, home):
    for kind in ("evo", "qd"):
        run = f"{kind}{EVIL}\u4e16\udcff\n$x$"
        shutil.copytree(OLD / kind, home / run)
        for words in (["plot", run], ["lineage", run, "--json"], ["resume", run]):
            said = koki2(*words)
            assert said.code == 0 and is_safe(said), said
            said.out.encode("utf-8", "strict")
    said = koki2("export", run, "--out", f"out{EVIL}")
    assert said.code == 0 and is_safe(said), said


def test_one_function_prints():
    """All but what a signal says, and a process that is about to start afresh."""
    rooms = [HERE.parents[1] / "koki2" / room for room in ("cli", "session")]
    found = {
        path.name
        for room in rooms
        for path in room.glob("*.py")
        if re.search(r"(?<!>>> )(?<!\.\.\.     )\bprint\(", path.read_text())
    }
    assert found <= {"printing.py", "signals.py", "startup.py", *DOCTESTS}
