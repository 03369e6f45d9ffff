"""Replaying: a run again, in memory, and where it first departs from its folder."""

import itertools
from typing import Any

from koki2 import runlog
from koki2.core.program import Program
from koki2.runlog import digests, jsontext
from koki2.session import driver
from koki2.session.folders import RunFolder

Difference = dict[str, Any]


def first_difference(run: RunFolder, program: Program) -> Difference | None:
    """Runs a program again and compares it with what its run left.

    Args:
      run: the folder; of a run that is not complete, the rows so far are compared.
      program: that of its config and seed.

    Returns:
      None if nothing differs. Else what differs first: a row, with the fields then and
      now; or an artifact, with the arrays that differ.

    Raises:
      BrokenRunError: the folder has another number of rows than its config says.
    """
    rows = {
        stream: list(runlog.read_rows(run.path, stream)) for stream in run.kind.streams
    }
    count = len(rows["metrics"])
    is_short = run.is_complete and count < program.total and program.is_over is None
    if count > program.total or is_short:
        raise runlog.BrokenRunError(
            f"{run.path} should have {program.total} rows, as its config says, has "
            f"{count}."
        )
    program = program._replace(total=count)
    told = {stream: iter(then) for stream, then in rows.items()}
    carry = program.init()
    for chunk, end in driver.chunks(program, carry):
        carry = end
        for stream, now in chunk.rows.items():
            difference = _rows_differ(run, stream, told[stream], now)
            if difference is not None:
                return difference
    for stream, rest in told.items():
        if more := next(rest, None):
            found = {"what": "row", "unit": run.kind.unit, "stream": stream}
            fields = {name: [value, "missing"] for name, value in more.items()}
            return found | {run.kind.unit: more.get(run.kind.unit), "fields": fields}
    return _artifacts_differ(run, program.artifacts(carry)) if run.is_complete else None


def _rows_differ(
    run: RunFolder, stream: str, told: Any, now: list[dict[str, Any]]
) -> Difference | None:
    unit = run.kind.unit
    for ours, theirs in itertools.zip_longest(now, itertools.islice(told, len(now))):
        fields = _fields(theirs or {}, ours, missing=theirs is None)
        if fields:
            found = {"what": "row", "unit": unit, unit: ours.get(unit)}
            return found | {"stream": stream, "fields": fields}
    return None


def _artifacts_differ(
    run: RunFolder, artifacts: dict[str, dict[str, Any]]
) -> Difference | None:
    for name, arrays in artifacts.items():
        then = runlog.read_artifact(run.path, name)
        before, now = _bits(then), _bits(arrays)
        names = sorted({*before, *now})
        differ = [array for array in names if before.get(array) != now.get(array)]
        if differ:
            return {"what": name.replace("_", " "), "arrays": differ}
    return None


def _bits(arrays: dict[str, Any]) -> dict[str, Any]:
    return {name: (a.dtype, a.shape, a.tobytes()) for name, a in arrays.items()}


def _fields(
    then: dict[str, Any], now: dict[str, Any], missing: bool
) -> dict[str, list[Any]]:
    """Fields that are not the same to the last bit: then and now.

    A field that the run's koki2 did not write yet is no difference, nor is null where
    it wrote "NaN" for what is not known; a row that is missing is one in every field.
    """
    if missing:
        return {name: ["missing", value] for name, value in now.items()}
    return {
        name: [value, now.get(name, "missing")]
        for name, value in then.items()
        if _spelt(then, name) != _spelt(now, name)
    }


def _spelt(row: dict[str, Any], name: str) -> bytes | None:
    if name not in row:
        return None
    return jsontext.encode(digests.as_compared(row[name]), where=name)
