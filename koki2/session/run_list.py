"""The list of runs: what each was, when, for how long, and what came of it."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from koki2 import runlog
from koki2.runlog.errors import BrokenRunError
from koki2.session.kinds import KINDS
from koki2.session.printing import printable, say
from koki2.session.tables import text

_SHOWN = 20  # characters of the name of a world or a strategy


def run_lines(root: pathlib.Path) -> list[dict[str, Any]]:
    """The runs under a folder, in plain values, by name."""
    return [_facts(info) for info in runlog.list_runs(root)]


def print_runs(lines: Sequence[Mapping[str, Any]]) -> None:
    """Prints two lines per run: its folder, and below what it was, in columns."""
    cells = [_cells(line) for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line, row in zip(lines, cells, strict=True):
        say(printable(pathlib.Path(line["path"]).name), bold=True)
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say(f"  {'  '.join(padded).rstrip()}")
        if line["headline"]:
            values = (
                f"{n.replace('_', ' ')} {text(v)}" for n, v in line["headline"].items()
            )
            say(f"  {', '.join(values)}")
        if line["problem"] is not None:
            say(f"  {printable(line['problem'])}")


def _cells(line: Mapping[str, Any]) -> list[str]:
    started = (line["started"] or "-").replace("T", " ").removesuffix("Z")
    return [
        line["status"],
        printable(line["kind"] or "-"),
        _short(line["world"]),
        _short(line["strategy"]),
        f"seed {text(line['seed'])}",
        printable(started)[:16],
        f"{line['units']} {line['unit'] or 'row'}s",
        _duration(line["seconds"]),
    ]


def _short(name: str | None) -> str:
    shown = printable(name or "-")
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "..."


def _duration(seconds: float | None) -> str:
    """Wall time as people say it.

    Example:
      >>> _duration(75.2), _duration(4000.0), _duration(0.25)
      ('1 min 15 s', '1 h 6 min', '0.2 s')
    """
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _facts(info: runlog.RunInfo) -> dict[str, Any]:
    kind = KINDS.get(info.kind or "")
    facts: dict[str, Any] = dataclasses.asdict(info) | {"path": str(info.path)}
    facts |= {"headline": kind.headline(facts.pop("last")) if kind else {}}
    world, strategy = _names(info.path)
    return facts | {
        "unit": kind.unit if kind else None,
        "world": world,
        "strategy": strategy,
        "seconds": _seconds(info.path),
    }


def _names(run: pathlib.Path) -> tuple[str | None, str | None]:
    """The world, or text, and what searches in it, if the run's config tells them."""
    try:
        config = runlog.read_config(run)["config"]
    except (BrokenRunError, OSError, ValueError):
        return None, None
    of = lambda group, field: _text(config.get(group), field)
    world = of("env", "world") or of("data", "data")
    strategy = of("search", "strategy") or of("emitter", "emitter")
    return world, strategy or of("optimizer", "optimizer")


def _text(group: object, field: str) -> str | None:
    value = group.get(field) if isinstance(group, Mapping) else None
    return value if isinstance(value, str) else None


def _seconds(run: pathlib.Path) -> float | None:
    """Wall time of all chunks; None where timing.jsonl cannot tell."""
    try:
        rows = [row.get("seconds") for row in runlog.read_timing(run)]
    except (BrokenRunError, OSError, ValueError):
        return None
    numbers = [s for s in rows if isinstance(s, int | float) and s >= 0]
    return float(sum(numbers)) if numbers else None
