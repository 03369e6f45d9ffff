"""The words of a command line, before tyro reads them: flags, their values, the rest.

Which words stand alone hangs on how many each flag takes, and which flags there are on
the world, which is one of these words. So flags are looked up among those of all
worlds, and the words that stand alone go in front, where tyro finds them.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import tyro

from koki2 import runlog
from koki2.session import schema

_NUMBER = re.compile(r"-(\.?\d|inf|nan)", re.IGNORECASE)
_SWITCH, _ONE, _MANY = 0, 1, 2  # how many words a flag takes
_LONG_HELP = ("help_all", "help_verbose", "_H")
_HELP = ("help", "_h", *_LONG_HELP)


class Words(NamedTuple):
    """A command line, sorted."""

    alone: list[str]
    """The words that are neither flags nor values of flags."""
    flags: list[str]
    """All others, in their order."""

    @property
    def in_order(self) -> list[str]:
        """All words, those that stand alone in front."""
        return [*self.alone, *self.flags]


def name_of(word: str) -> str:
    """The name of a flag as a field has it.

    Example:
      >>> name_of("--num-sources=3")
      'num_sources'
    """
    return word.removeprefix("--").partition("=")[0].replace("-", "_")


def is_flag(word: str) -> bool:
    """Whether a word is a flag, and no negative number."""
    return word.startswith("-") and word != "-" and not _NUMBER.match(word)


def sort(argv: Sequence[str], takes: Mapping[str, int]) -> Words:
    """Parts the words that stand alone from flags and their values.

    Args:
      argv: the words behind a command.
      takes: how many words each flag takes; one that is not there takes one.

    Raises:
      InputError: a flag that stands twice.

    Example:
      >>> takes = {"seed": 1, "mvt": 0, "low": 2}
      >>> sort("--seed 3 a --mvt b --low 1 2".split(), takes).alone
      ['a', 'b']
    """
    alone: list[str] = []
    flags: list[str] = []
    seen: dict[str, str] = {}
    left = _SWITCH
    for word in argv:
        if is_flag(word):
            name = name_of(word)
            kept = name if name in takes else name.removeprefix("no_")
            if kept in seen and kept not in _HELP:
                raise runlog.InputError(
                    f"--{kept.replace('_', '-')} must stand once, got {seen[kept]} and "
                    f"{word}."
                )
            seen[kept] = word
            has_value = "=" not in word and kept == name and kept not in _HELP
            left = takes.get(kept, _ONE) if has_value else _SWITCH
            flags.append(word)
        elif left == _SWITCH:
            alone.append(word)
        else:
            left = _SWITCH if left == _ONE else left
            flags.append(word)
    return Words(alone, flags)


@dataclasses.dataclass(frozen=True)
class BehindDashes:
    """Marks the field of a command that takes the words behind a bare `--`."""


def behind_dashes(kind: type) -> str | None:
    """The field of a dataclass that takes the words behind `--`; None if none does."""
    for name, hint in schema.hints(kind).items():
        if BehindDashes() in getattr(hint, "__metadata__", ()):
            return name
    return None


def cut(argv: Sequence[str]) -> tuple[Sequence[str], tuple[str, ...]]:
    """The words before the first bare `--`, and those behind it.

    Example:
      >>> cut(["run", "--", "ls", "--", "-l"])
      (['run'], ('ls', '--', '-l'))
    """
    if "--" not in argv:
        return argv, ()
    at = list(argv).index("--")
    return argv[:at], tuple(argv[at + 1 :])


def flags_of(kinds: Iterable[type]) -> dict[str, int]:
    """How many words the flags of some dataclasses take, by name: none, one or many."""
    return {
        name: _count(hint)
        for kind in kinds
        for name, hint in schema.hints(kind).items()
        if not _is_positional(hint)
    }


def positionals(kind: type) -> dict[str, str]:
    """The fields of a dataclass that stand alone, and what help calls each.

    Example:
      >>> from koki2.cli.plot import Options
      >>> positionals(Options)
      {'runs': 'RUN [RUN ...]'}
    """
    found = {}
    for name, hint in schema.hints(kind).items():
        if _is_positional(hint):
            marks = getattr(hint, "__metadata__", ())
            given = [m.metavar for m in marks if getattr(m, "metavar", None)]
            found[name] = given[0] if given else name.upper()
    return found


def _is_positional(hint: Any) -> bool:
    return tyro.conf.Positional in getattr(hint, "__metadata__", ())


def _count(hint: Any) -> int:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _count(inner[0])
    if hint is bool:
        return _SWITCH
    if origin is tuple or dataclasses.is_dataclass(hint):
        return _MANY
    return max(map(_count, inner), default=_ONE) if _is_union(hint) else _ONE


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def asks_help(argv: Sequence[str]) -> str | None:
    """Which help a command line asks for: "short", "all" or none.

    Example:
      >>> asks_help(["sparse", "--help"]), asks_help(["--help-all"]), asks_help([])
      ('short', 'all', None)
    """
    names = {name_of(word) for word in argv if is_flag(word)}
    return "all" if names & {*_LONG_HELP} else "short" if names & {*_HELP} else None
