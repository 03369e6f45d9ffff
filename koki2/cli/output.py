"""What goes to stdout: one JSON object, or text and tables for people."""

import dataclasses
import os
import pathlib
import shlex
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from koki2 import runlog
from koki2.runlog import jsontext
from koki2.session.kinds import Kind
from koki2.session.objects import role_of, ROLES
from koki2.session.settings import Settings


def print_json(value: Mapping[str, Any]) -> None:
    """Prints one JSON object on one line, in the dialect of the run's files."""
    print(jsontext.encode(dict(value), where="the output").decode())


def show(
    facts: Mapping[str, Any], as_json: bool, text: str | Callable[[], object]
) -> None:
    """Prints facts as JSON, or else for people.

    Args:
      facts: plain values.
      as_json: which of the two.
      text: what people read, or prints it.
    """
    if as_json:
        print_json(facts)
    elif isinstance(text, str):
        print(text)
    else:
        text()


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = ""
) -> None:
    """Prints a table: the first column to the left, numbers to the right."""
    cells = [[text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
        for row in (columns, *cells)
    ]
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        lines[0] = f"\x1b[1m{lines[0]}\x1b[0m"  # bold
    for line in [title, *lines] if title else lines:
        print(line.rstrip())


def text(value: Any) -> str:
    """A value in a table: four decimals, a dash for nothing and for NaN.

    Example:
      >>> text(154.90921), text(float("nan")), text(7)
      ('154.9092', '-', '7')
    """
    if value is None or value != value:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def print_settings(settings: Settings, as_json: bool) -> None:
    """Prints resolved settings: JSON as in config.json, or TOML with their origin."""
    values = dataclasses.asdict(settings.config)
    if as_json:
        print_json({"config": values, "provenance": dict(settings.provenance)})
        return
    for group, table in values.items():
        print(f"[{group}]")
        for name, value in table.items():
            line = f"{name} = {_toml(value)}"
            line = f"# {name} is not set" if value is None else line
            print(f"{line:<40}  # {settings.provenance[f'{group}.{name}']}")
        print()


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def run_facts(run: runlog.Run) -> dict[str, Any]:
    """A run in plain values, for `--json`."""
    return {
        "run": str(run.path),
        "seed": run.manifest["seed"],
        "status": "interrupted" if run.summary is None else "complete",
        "summary": run.summary,
    }


def print_end(run: runlog.Run, kind: Kind, config: Any, *, as_json: bool) -> None:
    """Says how a run ended, and what to do next."""
    if as_json:
        print_json(run_facts(run))
        return
    path = " ".join([shlex.quote(str(run.path)), *_named_again(run)])
    if run.summary is None:
        print(f"stopped: {run.path} has all it needs to go on")
        print(f"next: koki2 resume {path}")
        return
    words = [f"complete: {run.summary[f'{kind.unit}s']} {kind.unit}s"]
    headline = kind.headline(run.summary)
    words += [f"{name} {text(value)}" for name, value in headline.items()]
    print(", ".join(words))
    print(f"run: {run.path}")
    remark = kind.remark(config, run.summary) if kind.remark else None
    if remark is not None:
        print(f"koki2: {remark}", file=sys.stderr)
    elif kind.advice is not None:
        print(f"next: {kind.advice(config, path)}")


def _named_again(run: runlog.Run) -> list[str]:
    """The flags that name the objects of a run that are from outside koki2."""
    names: dict[str, list[str]] = {}
    for key, facts in runlog.read_objects(run.path).items():
        flag = ROLES[role_of(key)].flag
        names.setdefault(flag, []).append(shlex.quote(facts["name"]))
    return [f"--{flag} {' '.join(of_flag)}" for flag, of_flag in names.items()]


def checked_out(
    out: pathlib.Path | None, default: pathlib.Path, endings: Collection[str]
) -> pathlib.Path:
    """Where a picture goes, once it is sure that it can.

    Raises:
      InputError: another ending, or no folder there.
    """
    path = default if out is None else out
    if path.suffix.lower() not in endings:
        raise runlog.InputError(
            f"--out must be a name in {', '.join(endings)}, got {path}."
        )
    if path.is_dir() or not path.parent.is_dir():
        raise runlog.InputError(
            f"--out must be a file in a folder that is there, got {path}."
        )
    return path
