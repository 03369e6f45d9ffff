"""The text of a command's help: example in front, ranges in it, long groups folded."""

import re
import shutil
import textwrap
import types
import typing
from collections.abc import Iterator, Sequence
from typing import Any

from koki2.session import schema

_FEW = 6  # flags: a longer group is folded,
_OPEN = ("options", "env options")  # but for the command's own, and the world's
_GROUP = re.compile(r"^ (?P<title>\S.*)\n -+\n", re.MULTILINE)
_RULE = re.compile(r"^ *-+\n", re.MULTILINE)
_FLAG = re.compile(r"^  (--[\w-]+)", re.MULTILINE)
_TYPES = {int: "INT", float: "FLOAT", str: "STR", type(None): "none"}


def help_text(written: str, usage: str, example: str, *, is_folded: bool) -> str:
    """Puts the help of a command in order.

    Args:
      written: what tyro writes of it.
      usage: the command and the words that stand alone behind it.
      example: a call of it.
      is_folded: whether groups of many flags are folded into their names.
    """
    first, *_ = _GROUP.split(written, maxsplit=1)
    _, _, about = first.partition("\n\n")  # behind tyro's own usage
    groups = list(_groups(written))
    lines = [
        f"usage: {usage} [FLAGS]",
        f"example: {example}".rstrip(),
        "",
        about.strip(),
        *(_group(title, body, is_folded) for title, body in groups),
    ]
    if is_folded and any(_is_long(title, body) for title, body in groups):
        lines += ["", f"{usage} --help-all explains every flag."]
    return "\n".join(lines)


def _groups(text: str) -> Iterator[tuple[str, str]]:
    """The title and the text of every group of flags."""
    starts = list(_GROUP.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    for match, end in zip(starts, ends, strict=True):
        yield match["title"], _RULE.sub("", text[match.end() : end]).rstrip()


def _group(title: str, body: str, is_folded: bool) -> str:
    if not (is_folded and _is_long(title, body)):
        return f"\n{title}\n{body}"
    names = " ".join(_FLAG.findall(body))
    width = min(shutil.get_terminal_size().columns, 100) - 2
    about, _, _ = _FLAG.split(body, maxsplit=1)[0].partition("\n\n")
    folded = textwrap.fill(
        names,
        width,
        initial_indent="  ",
        subsequent_indent="  ",
        break_on_hyphens=False,
    )
    return "\n".join(
        ["", f"{title}, folded", *([about.rstrip()] if about else []), folded]
    )


def _is_long(title: str, body: str) -> bool:
    return title not in _OPEN and len(_FLAG.findall(body)) > _FEW


def metavar(hint: Any) -> str | None:
    """How help shows a type that has a range; None where it has none."""
    return _shown(hint) if _has_range(hint) else None


def _has_range(hint: Any) -> bool:
    marks = getattr(hint, "__metadata__", ())
    return any(hasattr(m, sign) for m in marks for sign in schema.SIGNS) or any(
        _has_range(part) for part in typing.get_args(hint) if part is not Ellipsis
    )


def _shown(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _shown(inner[0]) + _range(hint.__metadata__)
    if origin in (typing.Union, types.UnionType):
        return "|".join(sorted(map(_shown, inner), key="none".__ne__))
    if origin is typing.Literal:
        return f"{{{','.join(map(str, inner))}}}"
    if origin is tuple:
        return f"{_shown(inner[0])} [...]"
    return _TYPES.get(hint, getattr(hint, "__name__", str(hint)).upper())


def _range(marks: Sequence[Any]) -> str:
    ends = {s: getattr(m, s) for m in marks for s in schema.SIGNS if hasattr(m, s)}
    if ends.keys() == {"ge", "le"}:
        return f":{ends['ge']}..{ends['le']}"
    found = ",".join(f"{schema.SIGNS[sign]}{end}" for sign, end in ends.items())
    return f":{found}" if found else ""
