"""Every command that a page shows is run, or says why not; see page_commands."""

import pytest
from page_commands import Command, File, read
from typing_commands import (
    complaint,
    digits_count,
    here,
    in_shell,
    PAGES,
    Ran,
    ROOT,
    typed,
    words,
)

from koki2.cli import main
from koki2.cli.commands import COMMANDS
from koki2.cli.words import cut
from koki2.session import startup

OF_THE_PROCESS = {"preset", "config", "strict_bits", "devices", "distributed"}
OF_THE_PROCESS |= {"coordinator", "process_count", "process_id"}
"""Flags that no `Options` keeps."""
EVERY = [command for page in PAGES.values() for command in page.commands]


def with_lane(*lanes: str) -> list[str]:
    """The pages that have a command in one of the lanes."""
    return [
        name
        for name, page in PAGES.items()
        if any(command.check.lane in lanes for command in page.commands)
    ]


def test_every_command_is_run_or_says_why_not():
    problems = [f"{name}:{p}" for name, page in PAGES.items() for p in page.problems]
    assert not problems, "\n".join(problems)
    lanes = [command.check.lane for command in EVERY]
    assert lanes.count("slow") > 70 and lanes.count("skip") < 40  # it has looked


def test_the_programs_and_files_that_commands_name_are_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in EVERY:
        if command.language == "python" or command.text.startswith("koki2 "):
            continue
        program, argument = command.text.split()[:2]
        if program == "make" and argument != "#":
            assert f"\n{argument}:" in makefile, command
        elif argument.endswith((".py", ".sh")):
            assert (ROOT / argument).is_file(), command


def test_the_command_line_understands_every_command(checkout, monkeypatch, capsys):
    monkeypatch.setattr(startup, "prepare", lambda xla, jax: None)
    seen: list[object] = []
    for command in COMMANDS.values():
        monkeypatch.setattr(command.load(), "run", lambda o: seen.append(o) or 0)
    asked = {typed(c, checkout): c for c in EVERY if c.text.startswith("koki2 ")}
    for text, command in asked.items():
        name, *arguments = words(text)
        if not arguments and command.check.lane == "form":
            assert name in COMMANDS, command
            continue
        capsys.readouterr()
        assert main([name, *arguments]) == 0, (command, capsys.readouterr().err)
        _, sign, file = text.partition(" > ")
        if sign:  # a later command reads it
            (checkout / file).write_text(capsys.readouterr().out, encoding="utf-8")
        elif seen:
            options = seen.pop()
            settings = getattr(options, "settings", None)
            origin = getattr(settings, "provenance", {})
            flags = {p.partition(".")[2] for p, o in origin.items() if o == "flag"}
            flags_of, _ = cut(arguments)  # what is behind -- is another command's
            given = {w[2:].replace("-", "_") for w in flags_of if w[:2] == "--"}
            given = {flag.removeprefix("no_").partition("=")[0] for flag in given}
            unknown = {name for name in given if not hasattr(options, name)}
            assert unknown - flags <= OF_THE_PROCESS, command


@pytest.mark.parametrize("name", with_lane("quick"))
def test_the_quick_commands_of_a_page_work(name, checkout):
    for command in PAGES[name].commands:
        if command.check.lane == "quick" and not command.prints:
            wrong = complaint(command, here(command, checkout), digits_count())
            assert wrong is None, wrong


@pytest.mark.slow
@pytest.mark.parametrize("name", with_lane("quick", "slow"))
def test_the_commands_of_a_page_work(name, checkout):
    for step in PAGES[name].steps:
        if isinstance(step, File):
            (checkout / step.name).write_text(step.text, encoding="utf-8")
        elif step.check.lane in ("quick", "slow"):
            run = here if step.language == "python" else in_shell
            wrong = complaint(step, run(step, checkout), digits_count())
            assert wrong is None, wrong


PAGE = """
# A page

<!-- check: slow, 3000=20 RUN=runs/a prints=96% -->

```sh
koki2 qd detour-l1.3 \\
  --generations 3000   # minutes
# not a command
koki2 plot RUN
```

Of it, 96% is `koki2 plot`, and `koki2 evo LEVEL
--seed 1`; but `koki2 worlds --json` prints `a`, `b` and `c`,
`koki2 runs --json` prints `d`, `koki2 runs --help` nothing.

```sh
koki2 runs
```

```
no runs under runs
```

| how to | command |
|---|---|
| `koki2 lineage A` | `koki2 lineage B \\| wc`, `make` |
| wait | `make test` <!-- check: skip, it is this very test --> |

```toml
# a.toml
seed = 1
```
"""


def test_a_page_is_read_in_its_order():
    page = read(PAGE)
    assert page.problems == []
    *commands, file = page.steps
    assert file == File("a.toml", "# a.toml\nseed = 1\n")
    assert [(c.line, c.check.lane, c.typed) for c in commands] == [
        (6, "slow", "koki2 qd detour-l1.3    --generations 20   # minutes"),
        (6, "slow", "koki2 plot runs/a"),
        (13, "form", "koki2 plot"),
        (13, "form", "koki2 evo LEVEL --seed 1"),
        (14, "slow", "koki2 worlds --json"),
        (15, "slow", "koki2 runs --json"),
        (15, "form", "koki2 runs --help"),
        (17, "slow", "koki2 runs"),
        (27, "form", "koki2 lineage A"),
        (27, "slow", "koki2 lineage B | wc"),
        (28, "skip", "make test"),
    ]
    printed = [c.prints for c in commands if c.prints]
    assert printed == [("96%",), ("a", "b", "c"), ("d",)]
    assert [c.block for c in commands if c.block] == ["no runs under runs\n"]


@pytest.mark.parametrize(
    "text, problem",
    [
        ("text\n\n    koki2 runs --json\n", "commands must be in a block of sh"),
        ("```bash\nkoki2 runs\n```\n", "commands must be in a block of sh"),
        ("```\n$ koki2 runs\n```\n", "commands must be in a block of sh"),
        ("<!-- check: skip -->\n```sh\nmake test\n```\n", "a skip must say why"),
        ("<!-- check: later -->\n```sh\nmake test\n```\n", "a check must be one of"),
        ("<!-- check: slow, RUN -->\n```sh\nmake x\n```\n", "takes WORD=WORD"),
        ("<!-- check: quick -->\n```sh\nmake test\n```\n", "quick is for koki2"),
        ("<!-- check: slow -->\nNothing to run.\n", "the check before is of nothing"),
        ("<!-- check: slow, prints=9 -->\n```sh\nmake x\n```\n", "9 is not on the"),
    ],
)
def test_a_command_that_would_escape_is_a_problem(text, problem):
    (found,) = read(text).problems
    assert problem in found


def test_a_wrong_digit_is_told_where_digits_count():
    (baseline,) = read("`koki2 baseline W` prints `153.7236`.").commands
    ran = Ran(0, "mean_fitness  178.4922\n", "")
    wrong = complaint(baseline, ran, exact=True)
    assert wrong is not None and "must print 153.7236" in wrong
    assert complaint(baseline, ran, exact=False) is None
    assert complaint(baseline, Ran(0, "mean_fitness  -\n", ""), exact=False)
    assert complaint(baseline, Ran(2, "153.7236", ""), exact=True)


def test_a_block_is_all_that_is_printed():
    text = "```sh\nkoki2 runs\n```\n\n```\n...\na  1\nb 2\n...\n```\n"
    (command,) = read(text).commands
    assert isinstance(command, Command)
    says = lambda out, exact=True: complaint(command, Ran(0, out, ""), exact)
    assert says("x\na 1\nb   2\ny\n") is None
    assert says("a 1\nb 2\n") is None
    assert says("a 1\nx\nb 2\n")
    assert says("a 1\nb 3\n") and says("a 1\nb 3\n", exact=False) is None
