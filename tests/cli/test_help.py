import importlib.util
import re
import subprocess
import sys

from koki2.cli.commands import COMMANDS

CALLS = 1_100_000  # of Python functions; 800,000 of them are about .35 s


def test_help_does_little():
    """Counted, not timed, for machines have slow minutes; of the command with the most
    flags. tools/bench/startup.py times it, and the next test keeps slow modules out."""
    code = """
import contextlib, cProfile, io, pstats
profile = cProfile.Profile()
with profile, contextlib.redirect_stdout(io.StringIO()):
    from koki2.cli import main
    assert main(["qd", "--help"]) == 0
print(pstats.Stats(profile).total_calls)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert int(said.stdout) < CALLS


def test_help_needs_no_jax_and_shows_an_example():
    code = """
import sys
from koki2.cli import main
from koki2.cli.commands import COMMANDS

slow = {"jax", "pydantic", "matplotlib", "evosax", "rich"}
for name in COMMANDS:
    assert main([name, "--help"]) == 0
    assert not slow & set(sys.modules), (name, slow & set(sys.modules))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    for name, command in COMMANDS.items():
        assert f"usage: koki2 {name}" in said.stdout
        assert f"example: koki2 {name} {command.example}".rstrip() in said.stdout
    assert "\x1b" not in said.stdout and "│" not in said.stdout


def test_the_overview_lists_every_command_with_an_example(koki2):
    said = koki2("--help")
    assert said.code == 0
    for command in COMMANDS.values():
        assert command.summary in said.out
        assert f"koki2 {command.name} {command.example}" in said.out


def test_every_knob_has_its_flag_and_help(koki2):
    said = koki2("evo-l0 --help-all").out
    for words in (
        "--num-sources",
        "--bad-source-integrity-loss",
        "--grad-bins-end-phi",
        "--mvt, --no-mvt",
        "--mvt-min-action-entropy",
        "--plast-eta",
        "--topology-seed none|INT:>=0",
        "--energy-decay FLOAT:>=0|{auto}",
        "--num-sources INT:1..64",
        "--lr FLOAT:>0",
        "--seed INT:0..2147483647",
        "--jit-es",
        "--strict-bits",
        "--jax-transfer-guard",
        "Chance per step that both gradient channels read zero",
    ):
        assert words in " ".join(said.split())


def test_long_groups_are_folded_and_nothing_is_left_out(koki2):
    short, all_of = koki2("evo sparse --help").out, koki2("evo sparse --help-all").out
    flags = lambda text: set(re.findall(r"--[a-z][\w-]+", text))
    assert "Weight of a step alive" not in short and "--help-all explains" in short
    assert {f for f in flags(all_of) if not f.startswith("--no-")} <= flags(short)
    assert len(short.splitlines()) < 0.6 * len(all_of.splitlines())


def test_help_begins_with_usage_and_an_example(koki2):
    for words in ("evo --help", "help evo", "evo -h", "evo --seed 1 --help"):
        said = koki2(words)
        assert said.code == 0 and not said.err
        assert said.out.splitlines()[:2] == [
            "usage: koki2 evo WORLD [FLAGS]",
            "example: koki2 evo obstacles-l1.2 --seed 1",
        ]
    assert "--rooms" in koki2("help evo obstacles-l1.2").out
    assert koki2("help").out == koki2("--help").out
    assert "usage: koki2 plot RUN [RUN ...] [FLAGS]" in koki2("help plot").out


def test_examples_are_understood(koki2, monkeypatch):
    for command in COMMANDS.values():
        seen = []
        monkeypatch.setattr(
            command.load(), "run", lambda o, seen=seen: seen.append(o) or 0
        )
        assert koki2(f"{command.name} {command.example}").code == 0
        assert seen


def test_every_command_has_a_module():
    for command in COMMANDS.values():
        assert importlib.util.find_spec(command.load().__name__)


def test_the_version(koki2):
    assert koki2("--version").out == "koki2 0.1.0\n"
