"""What every benchmark shares: flags, warm-up, two sides interleaved, rows.

Both sides run in one process, in turn, so that whatever else the machine does falls on
both. Wall and CPU seconds are medians; every result is read, and must come out the
same each time. Import this before anything starts JAX, and call `begin` first.
"""

import argparse
import concurrent.futures
import dataclasses
import functools
import json
import os
import statistics
import sys
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
import rich.box
import rich.console
import rich.table

from koki2.session import startup, xla_flags

SAMPLE = 0.05  # seconds a sample takes at least: quick calls are repeated within it


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table: how fast ours is, and how fast theirs."""

    name: str
    ours: float
    theirs: float | None = None
    unit: str
    ratio: float | None = None
    """How many times as fast ours is, by wall time."""
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Whatever else is known, by column."""


class Timing(NamedTuple):
    """Medians over the samples of one side, per call."""

    wall: float  # seconds
    cpu: float  # seconds, of all threads
    samples: int


def begin(description: str, argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Reads `--quick`, `--json` and `--default-flags`, and chooses the XLA flags.

    They are those of the koki2 command, unless default flags are asked for.

    Raises:
      RuntimeError: JAX was running already, so that the flags came too late.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a few rows, under 45 s")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument(
        "--default-flags", action="store_true", help="leave XLA's flags as they are"
    )
    arguments = parser.parse_args(argv)
    cores = startup.cores()
    if not arguments.default_flags:
        flags = xla_flags.with_fast(os.environ.get("XLA_FLAGS", ""), cores)
        os.environ["XLA_FLAGS"] = flags
        wanted = f"device_count={jax.device_count()}"
        if jax.default_backend() == "cpu" and wanted not in flags:
            raise RuntimeError(f"JAX started before its flags were set: {flags}")
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    note(f"{cores} cores, load {load}; jax {jax.__version__}, {jax.devices()}")
    return arguments


def note(text: str) -> None:
    """Says something beside the results."""
    print(text, file=sys.stderr, flush=True)


def compiled(programs: Mapping[str, tuple[Callable, Sequence[Any]]]):
    """Compiles functions for their arguments, as many at a time as there are cores.

    Args:
      programs: of each, by name, the function and its arguments.

    Returns:
      Functions of no arguments, by name. None has run yet.
    """
    build = lambda program: jax.jit(program[0]).lower(*program[1]).compile()
    with concurrent.futures.ThreadPoolExecutor(startup.cores()) as pool:
        built = list(pool.map(build, programs.values()))
    return {
        name: functools.partial(run, *arguments)
        for (name, (_, arguments)), run in zip(programs.items(), built, strict=True)
    }


def race(
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    *,
    samples: int = 5,
    patience: float = 20.0,
) -> tuple[Timing, Timing]:
    """Times two sides in turn.

    Args:
      ours: computes and returns arrays, and has run before. Called at least once per
        sample, and as often as fits into a twentieth of a second.
      theirs: the other side, likewise.
      samples: of each side.
      patience: seconds for each side, after which it is timed no more, though it has
        two samples at least.

    Raises:
      RuntimeError: a side gave other numbers the second time.
    """
    sides = [Side(ours), Side(theirs)]
    for index in range(samples):
        for side in sides:
            if index < 2 or side.spent < patience:
                side.sample()
    return sides[0].timing(), sides[1].timing()


class Relay(NamedTuple):
    """A side whose every call uses up what the call before it gave."""

    start: Callable[[], Any]
    """() -> what the first call is given. Not timed."""
    step: Callable[[Any, int], Any]
    """(what came of the last call, how many there were) -> what comes of this one."""
    read: Callable[[Any], Any]
    """What came of a call -> arrays to be looked at. Not timed."""


def relay(
    sides: Mapping[str, Relay],
    links: int,
    *,
    samples: int = 5,
    patience: float = 20.0,
) -> dict[str, Timing]:
    """Times sides in turn whose calls form chains: call by call, medians over all.

    Args:
      sides: by name. Whatever they compile, they have compiled.
      links: calls in a chain.
      samples: chains of each side.
      patience: seconds for each side, after which it is timed no more, though it has
        two chains at least.

    Returns:
      Of each side, per call; `samples` counts chains.

    Raises:
      RuntimeError: a side came to other numbers the second time.
    """
    walls = {name: [] for name in sides}
    cpus = {name: [] for name in sides}
    sums = {name: set() for name in sides}
    for index in range(samples):
        for name, side in sides.items():
            if index >= 2 and sum(walls[name]) > patience:
                continue
            state = jax.block_until_ready(side.start())
            for link in range(links):
                wall, cpu = time.perf_counter(), time.process_time()
                state = jax.block_until_ready(side.step(state, link))
                walls[name].append(time.perf_counter() - wall)
                cpus[name].append(time.process_time() - cpu)
            sums[name].add(_checksum(side.read(state)))
            del state
            if len(sums[name]) > 1:
                raise RuntimeError(f"{name}: the same chain came to other numbers")
    median = statistics.median
    return {
        name: Timing(median(walls[name]), median(cpus[name]), len(walls[name]) // links)
        for name in sides
    }


class Side:
    """One side of a race: calls it, times it, and checks that it repeats itself."""

    def __init__(self, call: Callable[[], Any]):
        self.call, self.spent, self.walls, self.cpus = call, 0.0, [], []
        start = time.perf_counter()
        result = jax.block_until_ready(call())
        self.calls = max(1, round(SAMPLE / (time.perf_counter() - start)))
        self.checksum = _checksum(result)

    def sample(self) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(self.calls):
            result = jax.block_until_ready(self.call())
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        self.walls.append(wall / self.calls)
        self.cpus.append(cpu / self.calls)
        self.spent += wall
        if _checksum(result) != self.checksum:
            raise RuntimeError("the same call gave other numbers than before")

    def timing(self) -> Timing:
        median = statistics.median
        return Timing(median(self.walls), median(self.cpus), len(self.walls))


def _checksum(result: Any) -> int:
    total = 0
    for leaf in jax.tree.leaves(result):
        total = zlib.crc32(np.ascontiguousarray(leaf), total)
    return total


def versus(
    name: str, work: float, unit: str, ours: Timing, theirs: Timing, **extra: Any
) -> Row:
    """The row of a race over `work` units."""
    return Row(
        name=name,
        ours=work / ours.wall,
        theirs=work / theirs.wall,
        unit=unit,
        ratio=theirs.wall / ours.wall,
        extra={
            "cpu_ratio": theirs.cpu / ours.cpu,
            "ours_s": ours.wall,
            "theirs_s": theirs.wall,
            "ours_cpu_s": ours.cpu,
            "theirs_cpu_s": theirs.cpu,
            "samples": f"{ours.samples}/{theirs.samples}",
            **extra,
        },
    )


def show(title: str, rows: Sequence[Row], *, as_json: bool, columns: Sequence[str]):
    """Prints the rows: for machines all there is, for people these extra columns."""
    if as_json:
        plain = [dataclasses.asdict(row) for row in rows]
        print(json.dumps([row | row.pop("extra") for row in plain], indent=1))
        return
    table = rich.table.Table(
        title=title, box=rich.box.SIMPLE_HEAD, title_justify="left"
    )
    table.add_column("")
    for head in ("ours", "theirs", "unit", "ratio", *columns):
        justify = "left" if head == "unit" else "right"
        table.add_column(head.replace("_", " "), justify=justify)
    for row in rows:
        ratio = "" if row.ratio is None else f"{_short(row.ratio)}x"
        more = [_short(row.extra.get(column)) for column in columns]
        cells = [row.name, _short(row.ours), _short(row.theirs), row.unit, ratio, *more]
        table.add_row(*cells)
    width = None if sys.stdout.isatty() else 120
    rich.console.Console(width=width).print(table)


def _short(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
