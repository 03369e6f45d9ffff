"""The commands that a page shows, and how each of them is checked.

A page says it itself. Every command in a block of the language sh, or in a column
"command" of a table, is run by `make test-slow`: in the order of the page, in one new
folder, as typed. A comment that no reader sees says what is otherwise:

    <!-- check: quick -->                        by `make test` too, for it costs little
    <!-- check: skip, it needs a GPU -->         it is not run, and why
    <!-- check: slow, RUN=runs/first 3000=20 --> run with other words than those shown

It stands before a block, a table or a paragraph, or within a row of a table, which it
is then about. A block in the language python is run where such a comment says so.

What a command prints is compared: the block without a language right behind its block
("..." is any lines), `TEXT` in "`COMMAND` prints `TEXT`", and `prints=TEXT,TEXT` in a
comment before a block, where each TEXT must also stand on the page. Numbers count digit
by digit in a golden environment (tests/golden); elsewhere any number will do.

A block that begins with the comment "# NAME.toml" is that file, for later commands.
All other commands, in prose, must be understood by the command line.
"""

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import NamedTuple

PROGRAMS = frozenset({"bash", "git", "koki2", "make", "pip", "python", "sh", "uv"})
LANES = ("quick", "slow", "skip")
SHELLS = frozenset({"bash", "console", "shell", "zsh"})  # a page calls all of them sh

_CHECK = re.compile(r"<!-- check: (\w+)(?:,\s+(.*?))?\s*-->")
_ALMOST = re.compile(r"<!--\s*check\b.*?-->")
_FENCE = re.compile(r"^\s*```(\w*)")
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_PRINTS = re.compile(r"\s+prints((?:(?:,|\s+and)?\s+`[^`]+`)+)")
_CELLS = re.compile(r"(?<!\\)\|")
_FILE = re.compile(r"# ([\w-]+\.(?:toml|json))\n")


class Check(NamedTuple):
    """What a comment says about the commands that it stands before."""

    lane: str = "slow"
    """quick, slow or skip; form for commands in prose."""
    reason: str = ""
    """Why a command is skipped."""
    words: Mapping[str, str] = {}
    """Words of the page, and those that are run in their place."""
    prints: tuple[str, ...] = ()
    """What the last command must print."""


class Command(NamedTuple):
    """A command as a page shows it."""

    line: int
    text: str
    check: Check
    language: str = "sh"
    """Or python."""
    block: str | None = None
    """All that it prints; "..." is any lines."""
    prints: tuple[str, ...] = ()
    """What else must be in what it prints."""

    @property
    def typed(self) -> str:
        """The command as it is run."""
        return replaced(self.text, self.check.words)


class File(NamedTuple):
    """A file that a page shows, for the commands behind it."""

    name: str
    text: str


class Page(NamedTuple):
    """A page, in its order, and what keeps it from being checked."""

    steps: list[Command | File]
    problems: list[str]

    @property
    def commands(self) -> list[Command]:
        """All of them."""
        return [step for step in self.steps if isinstance(step, Command)]


class _Part(NamedTuple):
    kind: str  # check, fence, table, prose
    line: int
    text: str
    language: str = ""


def read(text: str) -> Page:
    """Reads a page.

    Example:
      >>> page = read("<!-- check: skip, it is slow -->\\n```sh\\nkoki2 evo\\n```\\n")
      >>> page.commands[0].text, page.commands[0].check.reason
      ('koki2 evo', 'it is slow')
    """
    page = Page([], [])
    visible = _ALMOST.sub("", text)
    check: Check | None = None
    may_print = False  # the part before was a block of commands
    for part in _parts(text):
        if part.kind == "check":
            if check is not None:
                page.problems.append(f"{part.line}: the check before is of nothing")
            check = _read_check(part.text, part.line, page)
            continue
        before = len(page.steps)
        if part.kind == "fence" and not part.language and may_print:
            page.steps[-1] = page.steps[-1]._replace(block=part.text)
        else:
            _READERS[part.kind](part, check, page)
        new = [at for at in range(before, len(page.steps)) if _is_run(page.steps[at])]
        if check is not None and not new:
            page.problems.append(f"{part.line}: the check before is of nothing")
        elif check is not None and check.prints:
            last = page.steps[new[-1]]
            page.steps[new[-1]] = last._replace(prints=check.prints)
            for each in check.prints:
                if each not in visible:
                    page.problems.append(f"{part.line}: {each} is not on the page")
        may_print = part.kind == "fence" and bool(new)
        check = None
    for command in page.commands:
        if command.check.lane == "quick" and command.language == "sh":
            if set("|&;<>") & set(command.text) or not command.text.startswith(
                "koki2 "
            ):
                page.problems.append(f"{command.line}: quick is for koki2 alone")
    return page


def replaced(text: str, words: Mapping[str, str]) -> str:
    """Puts words in the place of others, whole words only.

    Example:
      >>> replaced("koki2 plot RUN... RUN_1 RUN", {"RUN": "a", "RUN...": "a b"})
      'koki2 plot a b RUN_1 a'
    """
    if not words:
        return text
    keys = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    whole = rf"(?<![\w./-])(?:{keys})(?![\w/-]|\.[\w.])"
    return re.sub(whole, lambda match: words[match[0]], text)


def is_command(text: str) -> bool:
    """Whether a text is a command and an argument of it at least.

    Example:
      >>> is_command("koki2 plot RUN"), is_command("koki2"), is_command("koki2.plot a")
      (True, False, False)
    """
    first, _, rest = text.strip().removeprefix("$ ").partition(" ")
    return first.rpartition("/")[2] in PROGRAMS and bool(rest.strip())


def _parts(text: str) -> Iterator[_Part]:
    """Fences, tables, comments about checks, and the paragraphs between them."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        start, kind = at, _kind(lines[at])
        at += 1
        if kind == "fence":
            while at < len(lines) and not _FENCE.match(lines[at]):
                at += 1
            inside = "".join(f"{line}\n" for line in lines[start + 1 : at])
            language = _FENCE.match(lines[start])
            yield _Part(kind, start + 1, inside, language[1] if language else "")
            at += 1
        elif kind == "check":
            yield _Part(kind, start + 1, lines[start].strip())
        elif kind:
            while at < len(lines) and _kind(lines[at]) == kind:
                at += 1
            yield _Part(kind, start + 1, "\n".join(lines[start:at]))


def _kind(line: str) -> str:
    if _FENCE.match(line):
        return "fence"
    if _ALMOST.fullmatch(line.strip()):
        return "check"
    if line.startswith("|"):
        return "table"
    return "prose" if line.strip() else ""


def _read_fence(part: _Part, check: Check | None, page: Page) -> None:
    if part.language == "sh":
        for line in part.text.replace("\\\n", " ").splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                page.steps.append(Command(part.line, line.strip(), check or Check()))
    elif part.language == "python" and check is not None:
        page.steps.append(Command(part.line, part.text, check, "python"))
    elif part.language in SHELLS or (not part.language and _has_command(part.text)):
        page.problems.append(f"{part.line}: commands must be in a block of sh")
    elif found := _FILE.match(part.text):
        page.steps.append(File(found[1], part.text))


def _read_table(part: _Part, check: Check | None, page: Page) -> None:
    rows = part.text.splitlines()
    titles = [cell.strip() for cell in _CELLS.split(rows[0])]
    of_table = check or Check()
    for number, row in enumerate(rows[1:], part.line + 1):
        own = _ALMOST.search(row)
        of_row = _read_check(own[0], number, page) if own else of_table
        of_row = of_row._replace(words={**of_table.words, **of_row.words})
        for title, cell in zip(titles, _CELLS.split(row), strict=False):
            cell = cell.replace("\\|", "|")
            _read_spans(cell, number, of_row, title == "command", page)


def _read_prose(part: _Part, check: Check | None, page: Page) -> None:
    if part.text.startswith("    ") and _has_command(part.text):
        page.problems.append(f"{part.line}: commands must be in a block of sh")
        return
    _read_spans(part.text, part.line, check or Check(), False, page)


_READERS = {"fence": _read_fence, "table": _read_table, "prose": _read_prose}


def _read_spans(text: str, line: int, check: Check, is_run: bool, page: Page) -> None:
    """Commands in the middle of a text; those of which it says what they print run."""
    for span in _SPAN.finditer(text):
        command = " ".join(span[1].split())
        if not is_command(command):
            continue
        printed = _PRINTS.match(text, span.end())
        spans = _SPAN.findall(printed[1]) if printed else []
        texts = tuple(itertools.takewhile(lambda x: not is_command(x), spans))
        of_span = check if is_run or texts else check._replace(lane="form")
        number = line + text.count("\n", 0, span.start())
        page.steps.append(Command(number, command, of_span, prints=texts))


def _read_check(comment: str, line: int, page: Page) -> Check:
    """Reads a comment; what is wrong with it becomes a problem of the page."""
    found = _CHECK.fullmatch(comment)
    lane, rest = (found[1], found[2] or "") if found else ("", "")
    if lane not in LANES:
        page.problems.append(f"{line}: a check must be one of {', '.join(LANES)}")
        return Check()
    if lane == "skip":
        if len(rest.split()) < 3:
            page.problems.append(f"{line}: a skip must say why")
        return Check("skip", rest)
    words = dict(word.partition("=")[::2] for word in shlex.split(rest))
    if not all(key and value for key, value in words.items()):
        page.problems.append(f"{line}: a check takes WORD=WORD, got {rest}")
    prints = words.pop("prints", "")
    return Check(lane, "", words, tuple(prints.split(",")) if prints else ())


def _is_run(step: Command | File) -> bool:
    return isinstance(step, Command) and step.check.lane != "form"


def _has_command(text: str) -> bool:
    return any(is_command(line) for line in text.splitlines())
