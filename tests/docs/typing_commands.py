"""Types the commands of pages: in a shell, here, or as far as the flags only.

A capital word that stands for something (RUN, WORLD) is what `STANDS_FOR` says, unless
the page says otherwise.
"""

import contextlib
import io
import os
import pathlib
import re
import shlex
import subprocess
import sys
from typing import NamedTuple

import golden
from page_commands import Command, read, replaced

from koki2.cli import main

ROOT = pathlib.Path(__file__).parents[2]
PAGES = {
    str(path.relative_to(ROOT)): read(path.read_text(encoding="utf-8"))
    for path in [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "runs/README.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
        ROOT / "tests" / "docs" / "runbook.md",
    ]
}
"""All pages, by their place in the repository."""
NEWEST = "NEWEST"
STANDS_FOR = {
    "RUN": NEWEST,
    "RUN...": NEWEST,
    "WORLD": "chemotaxis-l0.2-seed",
    "LEVEL": "chemotaxis-l0.1",
    "FILE.py:NAME": "docs/add_your_own/my_world.py:line",
    "P": "greedy",
    "COMMAND": "evo-l0",
}
"""NEWEST is the run that was begun last."""
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_RECIPE = r"^{}:.*\n((?:\t.*\n)+)"


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def typed(command: Command, folder: pathlib.Path) -> str:
    """A command with all its capital words replaced."""
    text = replaced(command.typed, STANDS_FOR)
    return replaced(text, {NEWEST: str(newest(folder))}) if NEWEST in text else text


def newest(folder: pathlib.Path) -> pathlib.Path:
    """The run that was begun last in a folder, seen from there."""
    begun = list((folder / "runs").glob("*/manifest.json"))
    found = max(begun, key=lambda path: path.stat().st_mtime_ns, default=None)
    return (
        pathlib.Path("runs/none") if found is None else found.parent.relative_to(folder)
    )


def in_shell(command: Command, folder: pathlib.Path) -> Ran:
    """Runs a command as a shell does; `make evolve` is what the Makefile says of it."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PYTHON": sys.executable,
        "COLUMNS": "80",  # tables of the usual width
    }
    functions = (
        'koki2() { "$PYTHON" -m koki2 "$@"; }\n'
        'python() { "$PYTHON" "$@"; }\n'
        'make() { [ "$*" = evolve ] || return 9\n' + recipe("evolve") + "}\n"
    )
    script = ["bash", "-euo", "pipefail", "-c", functions + typed(command, folder)]
    done = subprocess.run(
        script, cwd=folder, env=environment, capture_output=True, text=True
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def here(command: Command, folder: pathlib.Path) -> Ran:
    """Runs a command of koki2, or a block of Python, in this process and folder."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        if command.language == "python":
            exec(compile(command.text, "page", "exec"), {"__name__": "page"})
            code = 0
        else:
            code = main(words(typed(command, folder)))
    return Ran(code, out.getvalue(), err.getvalue())


def words(text: str) -> list[str]:
    """The words behind `koki2`, without a comment or what follows the command.

    Example:
      >>> words("koki2 runs --json > runs.json  # all of them")
      ['runs', '--json']
    """
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found = list(lexer)[1:]
    ends = [at for at, word in enumerate(found) if set(word) <= set("|&;<>()")]
    return found[: ends[0]] if ends else found


def recipe(target: str) -> str:
    """What `make TARGET` runs, with the programs of this environment."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (lines,) = re.findall(_RECIPE.format(target), makefile, re.MULTILINE)
    code = lines.replace("\t", "").removeprefix("@").replace("$$", "$")
    return code.replace(".venv/bin/", "")


def digits_count() -> bool:
    """Whether digits must be those of a page: golden environment, default flags."""
    return golden.path().exists() and not os.environ.get("XLA_FLAGS")


def complaint(command: Command, ran: Ran, exact: bool) -> str | None:
    """What is wrong with how a command ended and with what it printed; None is nothing.

    Args:
      command: with what the page says that it prints.
      ran: how it ended.
      exact: compare digits; else a number is like any other.

    Example:
      >>> from page_commands import Check
      >>> shown = Command(3, "koki2 x", Check(), block="a 1\\n...\\n", prints=("2.5",))
      >>> print(complaint(shown, Ran(0, "a  1\\nb 2.5\\n", ""), exact=True))
      None
      >>> complaint(shown, Ran(0, "a 1\\nb 2.4\\n", ""), exact=True)
      'line 3: koki2 x must print 2.5, printed:\\na 1\\nb 2.4\\n'
      >>> print(complaint(shown, Ran(0, "a 7\\nb 2.4\\n", ""), exact=False))
      None
    """
    where = f"line {command.line}: {command.text.strip()}"
    if ran.code != 0:
        return f"{where} ended with {ran.code}:\n{(ran.out + ran.err)[-3000:]}"
    printed = _tidy(ran.out, exact)
    for text in command.prints:
        if _tidy(text, exact) not in printed:
            return f"{where} must print {text}, printed:\n{ran.out[-3000:]}"
    if command.block is not None:
        lines = _tidy(command.block, exact).splitlines()
        parts = ["(?:.*\n)*" if x == "..." else re.escape(x) + "\n" for x in lines]
        if not re.fullmatch("".join(parts), printed + "\n"):
            return f"{where} must print:\n{command.block}printed:\n{ran.out[-3000:]}"
    return None


def _tidy(text: str, exact: bool) -> str:
    """Lines without surplus spaces, and without digits where they do not count."""
    text = text if exact else _NUMBER.sub("#", text)
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
