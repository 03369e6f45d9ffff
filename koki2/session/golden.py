"""Golden runs: a small set that must come out here as it did when it was recorded.

    golden.make("set.toml")     runs the set, and keeps the digests of this environment
    golden.check("set.toml")    runs it again, and says whether they are the same

Bits are promised within one environment (platform, instruction set, jax and jaxlib,
kind of device, XLA flags; see docs/determinism.md). In another one the entry of the
nearest stands in, and what differs in the environment is said.
"""

import pathlib
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from koki2 import runlog
from koki2.core.configs import plain
from koki2.core.program import Program
from koki2.runlog import digests, jsontext
from koki2.runlog.types import Array
from koki2.session import driver, estimate, golden_file, kinds, startup
from koki2.session.driver import Rows
from koki2.session.golden_file import Entry, GoldenSet, RowDigests, RunDigests
from koki2.session.printing import say
from koki2.session.schema import leaves
from koki2.session.sweep_cells import Cell

Facts = dict[str, Any]
_NONE = Entry(environment={}, written=[], configs={}, runs={})


class _Result(NamedTuple):
    """What a run came to."""

    rows: dict[str, Rows]
    """By stream."""
    artifacts: dict[str, dict[str, Array]]


def make(
    path: str | pathlib.Path,
    *,
    named: Collection[str] | None = None,
    reason: str | None = None,
    force: bool = False,
) -> Facts:
    """Runs a set and records its digests for this environment.

    Args:
      path: the set file.
      named: the objects from outside koki2 that may be loaded; None: all.
      reason: why digests that are there may be replaced; it is kept beside them.
      force: run even what seems too large for this machine.

    Returns:
      What `check` would have said before, and "written", whether anything was. Digests
      that move are not replaced without a reason, and then nothing is written.

    Raises:
      InputError: the set file has mistakes, or a run cannot be built.
      BrokenRunError: the file of digests is damaged.
    """
    asked = _read(path, named, force)
    golden_file.read_entries(asked.digests)  # damaged, it is said before anything runs
    current, results = _environment(asked), _run(asked)
    entries = golden_file.read_entries(asked.digests)
    at = [n for n, e in enumerate(entries) if not golden_file.nearest([e], current)[1]]
    old = entries[at[-1]] if at else _NONE
    facts = _compare(asked, results, old, current)
    moved = [run["run"] for run in facts["runs"] if not run["identical"]]
    is_changed = not facts["identical"] or bool(facts["config"])
    facts["written"] = is_changed and (not moved or reason is not None)
    if facts["written"]:
        note = {"date": time.strftime("%Y-%m-%d", time.gmtime())}
        note |= {
            "reason": reason or ("the set changed" if at else "made"),
            "moved": moved,
        }
        cells = asked.runs.values()
        new = Entry(
            environment=current,
            written=[*old.written, note],
            configs={golden_file.config_name(c): plain(c.config) for c in cells},
            runs={n: _digests(asked.runs[n], r) for n, r in results.items()},
        )
        kept = [e for n, e in enumerate(entries) if n not in at]
        golden_file.write_entries(asked.digests, [*kept, new])
    return facts


def check(
    path: str | pathlib.Path,
    *,
    named: Collection[str] | None = None,
    force: bool = False,
) -> Facts:
    """Runs a set again and compares it with the digests of this environment.

    Args:
      path: the set file.
      named: the objects from outside koki2 that may be loaded; None: all.
      force: run even what seems too large for this machine.

    Returns:
      Plain values: "identical"; per run of "runs" whether it is, and its
      "first_difference", a unit or an artifact; runs that are "missing" in the entry or
      "left_out" of the set; whether the entry "fits" this environment, else what
      keeps it from that ("nearest"); and what changed in "config" and "environment".

    Raises:
      InputError: the set file has mistakes, a run cannot be built, or there are no
        digests yet.
      BrokenRunError: the file of digests is damaged.
    """
    asked = _read(path, named, force)
    entries = golden_file.read_entries(asked.digests)
    if not entries:
        raise runlog.InputError(
            f"there must be digests to check {asked.path} against, and {asked.digests} "
            "has none; koki2 golden make writes them."
        )
    current = _environment(asked)
    entry, apart = golden_file.nearest(entries, current)
    if apart:
        say(
            "koki2 golden: no entry is of this environment; compared with the nearest",
            error=True,
        )
    facts = _compare(asked, _run(asked), entry, current)
    return facts | {"fits": not apart, "nearest": apart}


def _read(
    path: str | pathlib.Path, named: Collection[str] | None, force: bool
) -> GoldenSet:
    asked = golden_file.read_set(pathlib.Path(path), named=named)
    estimate.check_cells(list(asked.runs.values()), force=force)
    return asked


def _environment(asked: GoldenSet) -> Facts:
    """The environment of this process, with the versions of what the runs are of."""
    configs = {golden_file.config_name(c): plain(c.config) for c in asked.runs.values()}
    facts = [startup.manifest("golden", 0, config) for config in configs.values()]
    versions = {name: v for each in facts for name, v in each["versions"].items()}
    return golden_file.environment(facts[0] | {"versions": versions})


def _run(asked: GoldenSet) -> dict[str, _Result]:
    """Runs a set in memory."""
    results: dict[str, _Result] = {}
    for names in asked.together:
        cells = [asked.runs[name] for name in names]
        kind = kinds.kind_of(cells[0].kind)
        programs = kinds.build(kind, [(cell.config, cell.seed) for cell in cells])
        for name, program in zip(names, programs, strict=True):
            results[name] = _finish(program)
            say(f"{name}: {program.total} {kind.unit}s", error=True)
    return {name: results[name] for name in asked.runs}


def _finish(program: Program) -> _Result:
    carry, rows = program.init(), {}
    for chunk, end in driver.chunks(program, carry):
        carry = end
        for stream, more in chunk.rows.items():
            rows.setdefault(stream, []).extend(more)
    return _Result(rows, program.artifacts(carry))


def _digests(cell: Cell, result: _Result, like: RunDigests | None = None) -> RunDigests:
    """The digests of a run; rows in the columns of `like`, which others may join."""
    unit, rows = kinds.kind_of(cell.kind).unit, {}
    for stream, of_stream in result.rows.items():
        columns = list(dict.fromkeys(name for row in of_stream for name in row))
        if like is not None and stream in like.rows:
            columns = list(like.rows[stream].columns)
        by_unit: dict[str, Rows] = {}
        for number, row in enumerate(of_stream):
            by_unit.setdefault(str(row.get(unit, number)), []).append(row)
        rows[stream] = RowDigests(
            columns={name: digests.of_rows(of_stream, [name]) for name in columns},
            units={n: digests.of_rows(some, columns) for n, some in by_unit.items()},
        )
    return RunDigests(
        kind=cell.kind,
        seed=cell.seed,
        config=golden_file.config_name(cell),
        objects={role: dict(facts) for role, facts in cell.objects.items()},
        rows=rows,
        artifacts={
            name: {n: digests.of_arrays([array]) for n, array in arrays.items()}
            for name, arrays in result.artifacts.items()
        },
    )


def _compare(
    asked: GoldenSet,
    results: Mapping[str, _Result],
    entry: Entry,
    current: Mapping[str, Any],
) -> Facts:
    runs, config = [], []
    for name, cell in asked.runs.items():
        if name not in entry.runs:
            continue
        then = entry.runs[name]
        now = _digests(cell, results[name], then)
        unit = kinds.kind_of(cell.kind).unit
        difference = _first_difference(then, now, unit)
        units = len(results[name].rows["metrics"])
        runs.append(
            {
                "run": name,
                f"{unit}s": units,
                "identical": difference is None,
                "first_difference": difference,
            }
        )
        config += [f"{name}: {line}" for line in _config_changes(entry, then, cell)]
    missing = [name for name in asked.runs if name not in entry.runs]
    left_out = [name for name in entry.runs if name not in asked.runs]
    return {
        "file": str(asked.path),
        "digests": str(asked.digests),
        "identical": all(run["identical"] for run in runs)
        and not missing
        and not left_out,
        "runs": runs,
        "missing": missing,
        "left_out": left_out,
        "config": config,
        "environment": runlog.differences(entry.environment, dict(current))
        if entry.environment
        else [],
    }


def _first_difference(then: RunDigests, now: RunDigests, unit: str) -> Facts | None:
    """The first unit that differs, or an artifact with the arrays that do."""
    nothing = RowDigests(columns={}, units={})
    firsts = []
    for stream, rows in then.rows.items():
        rows_now = now.rows.get(stream, nothing)
        names = list(dict.fromkeys([*rows.units, *rows_now.units]))
        differ = (n for n in names if rows.units.get(n) != rows_now.units.get(n))
        if (name := next(differ, None)) is not None:
            moved = [
                c for c, sha in rows.columns.items() if sha != rows_now.columns.get(c)
            ]
            firsts.append((names.index(name), stream, name, moved))
    if firsts:
        _, stream, name, moved = min(firsts)
        number = int(name) if name.isdecimal() else name
        difference = {"what": "row", "unit": unit, unit: number, "stream": stream}
        return difference | {"columns": moved}
    for artifact, arrays in then.artifacts.items():
        arrays_now = now.artifacts.get(artifact, {})
        names = sorted({*arrays, *arrays_now})
        differ = [name for name in names if arrays.get(name) != arrays_now.get(name)]
        if differ:
            return {"what": artifact.replace("_", " "), "arrays": differ}
    return None


def _config_changes(entry: Entry, then: RunDigests, cell: Cell) -> Iterator[str]:
    """What a run is now that it was not, in words."""
    for role in dict.fromkeys([*then.objects, *cell.objects]):
        pair = (then.objects.get(role, {}), cell.objects.get(role, {}))
        before, now = (facts.get("sha256", "none")[:12] for facts in pair)
        if before != now:
            yield f"{role}: sha256 {before} then, {now} now"
    if then.config == golden_file.config_name(cell):
        return
    text = jsontext.encode(plain(cell.config), where="a config")
    of_now = dict(leaves(jsontext.decode(text, where="a config")))
    of_then = dict(leaves(entry.configs[then.config]))
    for path in dict.fromkeys([*of_then, *of_now]):
        before, now = (values.get(path, "missing") for values in (of_then, of_now))
        if before != now:
            yield f"{'.'.join(path)}: {before} then, {now} now"
