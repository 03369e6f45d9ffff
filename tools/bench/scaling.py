"""How time and memory of an evolution grow, with all that can be made more of.

Every point is a process of its own, or several, for XLA fixes its devices when it
starts; all points are run in turn, and again, so that whatever else the machine does
falls on all of them. Chunks are timed once they are compiled.

Strong scaling: the same generation on more devices or processes. Weak scaling: as much
more of it as there are devices. Exponents: how the CPU seconds of a generation grow
with its population, neurons, episodes and length, as the slope of a line through the
logarithms; 1 is in proportion. Then what compiling takes with nothing in the cache and
with all of it, and the bytes that a further genome costs at the peak.

    python tools/bench/scaling.py [--quick] [--json]
"""

import dataclasses
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

import harness
import numpy as np

from koki2.session import processes, startup, xla_flags

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES, QUICK_SAMPLES = 5, 1
CHUNKS = 5  # timed of every process, after the first
LIMIT = 1.05  # of an exponent
GROWTH = {
    "pop_size": (128, 256, 512, 1024),
    "n_neurons": (16, 32, 64, 128),
    "episodes": (4, 8, 16, 32),
    "steps": (64, 128, 256, 512),
}
LARGE = (8192, 16384, 32768)  # populations whose memory shows beside the compiler's
COLUMNS = ("cpu_ratio", "samples", "points")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Point:
    """One size of an evolution, and on what it runs."""

    pop_size: int = 256
    n_neurons: int = 32
    episodes: int = 8
    steps: int = 128
    devices: int = 1
    processes: int = 1

    @property
    def agent_steps(self) -> int:
        """Steps of agents in a generation, at most."""
        return self.pop_size * self.episodes * self.steps


@dataclasses.dataclass(frozen=True)
class Found:
    """What a process found of a point."""

    wall: float  # seconds of a generation
    cpu: float  # CPU seconds of a generation, of this process
    cold: float  # seconds to the end of the first chunk, with an empty cache
    peak: float  # bytes at the peak


def work(point: Point) -> Found:
    """Runs a point in this process, and times it."""
    import jax

    from koki2.agents import AgentConfig
    from koki2.envs import ChemotaxisConfig
    from koki2.evolution import build
    from koki2.evolution.configs import EvolutionConfig, LoopConfig
    from koki2.search.configs import SearchConfig

    processes.join()
    generations = max(1, round(4e6 / point.agent_steps))
    loop = LoopConfig(
        generations=10**6, checkpoint_every=generations, episodes=point.episodes
    )
    config = EvolutionConfig(
        env=ChemotaxisConfig(steps=point.steps),
        agent=AgentConfig(n_neurons=point.n_neurons),
        search=SearchConfig(pop_size=point.pop_size),
        loop=loop,
    )
    began = time.perf_counter()
    program = build(config, 0)
    carry, rows = program.chunk(program.init(), loop.generations)
    jax.block_until_ready(rows)
    cold = time.perf_counter() - began
    walls, cpus = [], []
    for _ in range(CHUNKS):
        wall, cpu = time.perf_counter(), time.process_time()
        carry, rows = program.chunk(carry, loop.generations)
        jax.block_until_ready((carry, rows))
        walls.append((time.perf_counter() - wall) / generations)
        cpus.append((time.process_time() - cpu) / generations)
    return Found(statistics.median(walls), statistics.median(cpus), cold, _peak())


def _peak() -> float:
    """Bytes at the peak of this process; `ru_maxrss` would count its parent's, too."""
    status = pathlib.Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found, "no VmHWM"
    return float(found[1]) * 1024


def run(point: Point, cache: str) -> Found:
    """Runs a point in processes of its own; CPU seconds are those of all of them."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        coordinator = f"127.0.0.1:{free.getsockname()[1]}"
    flags = xla_flags.with_fast("", 1)
    environment = os.environ | {
        "XLA_FLAGS": xla_flags.with_devices(flags, point.devices),
        "JAX_COMPILATION_CACHE_DIR": cache,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "PYTHONPATH": str(ROOT),
    }
    facts = json.dumps(dataclasses.asdict(point))
    started = [
        subprocess.Popen(
            [sys.executable, __file__, "--work", facts, coordinator, str(index)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(point.processes)
    ]
    said = [process.communicate() for process in started]
    for process, (_, err) in zip(started, said, strict=True):
        if process.returncode:
            raise RuntimeError(f"{point} failed:\n{err[-2000:]}")
    found = [Found(**json.loads(out.splitlines()[-1])) for out, _ in said]
    return dataclasses.replace(
        found[0], cpu=sum(f.cpu for f in found), peak=sum(f.peak for f in found)
    )


class Points:
    """Points, each run `samples` times, in turn."""

    def __init__(self, points: Sequence[Point], samples: int):
        self.samples, self._found = samples, {point: [] for point in points}
        with tempfile.TemporaryDirectory() as warm:
            for index in range(samples):
                for point in self._found:
                    harness.note(f"{index + 1} of {samples}: {point}")
                    self._found[point].append(run(point, warm))

    def median(self, point: Point, name: str) -> float:
        """The median of what was found of a point."""
        return statistics.median(getattr(f, name) for f in self._found[point])

    def first(self, point: Point, name: str) -> float:
        """What the first process found, which nothing had compiled before."""
        return getattr(self._found[point][0], name)


def scaling(points: Points, kind: str, more: str, one: Point, many: Point):
    """The row of more devices or processes: agent-steps per second."""
    rate = lambda p: p.agent_steps / points.median(p, "wall") / 1e6
    cpu = lambda p: points.median(p, "cpu") / p.agent_steps
    return harness.Row(
        name=f"{kind}: {more}",
        ours=rate(many),
        theirs=rate(one),
        unit="M steps/s",
        ratio=rate(many) / rate(one),
        extra={"cpu_ratio": cpu(one) / cpu(many), "samples": points.samples},
    )


def exponent(points: Points, name: str, sizes: Sequence[int]) -> harness.Row:
    """The row of how CPU seconds grow with one size."""
    seconds = [points.median(Point(**{name: size}), "cpu") for size in sizes]
    slope = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    return harness.Row(
        name=f"growth with {name.replace('_', ' ')}",
        ours=slope,
        theirs=LIMIT,
        unit="exponent",
        ratio=slope / LIMIT,
        extra={"points": " ".join(map(str, sizes)), "samples": points.samples},
    )


def large(size: int) -> Point:
    """A large population that lives shortly."""
    return Point(pop_size=size, episodes=1, steps=8)


def memory(points: Points, sizes: Sequence[int]) -> harness.Row:
    """The row of what a further genome costs at the peak."""
    peaks = [points.median(large(size), "peak") for size in sizes]
    slope = float(np.polyfit(sizes, peaks, 1)[0])
    shown = {"points": " ".join(map(str, sizes)), "samples": points.samples}
    return harness.Row(
        name="memory of a genome", ours=slope / 1024, unit="KiB", extra=shown
    )


def compiling(points: Points, point: Point) -> harness.Row:
    """The row of what the first chunk takes with nothing compiled, and with all."""
    cold, warm = points.first(point, "cold"), points.median(point, "cold")
    return harness.Row(
        name="first chunk, warm against cold",
        ours=warm,
        theirs=cold,
        unit="s",
        ratio=cold / warm,
    )


def main() -> None:
    arguments = harness.begin(__doc__)
    base, growth, sizes = Point(), dict(GROWTH), LARGE
    pairs = [
        ("strong", "2 devices", base, dataclasses.replace(base, devices=2)),
        ("strong", "2 processes", base, dataclasses.replace(base, processes=2)),
    ]
    if arguments.quick:
        growth, sizes = {"pop_size": (128, 256)}, LARGE[:2]
    else:
        twice = dataclasses.replace(base, pop_size=2 * base.pop_size)
        pairs += [
            ("weak", "2 devices", base, dataclasses.replace(twice, devices=2)),
            ("weak", "2 processes", base, dataclasses.replace(twice, processes=2)),
        ]
    needed = [point for *_, one, many in pairs for point in (one, many)]
    needed += [Point(**{name: n}) for name, of in growth.items() for n in of]
    needed += map(large, sizes)
    samples = QUICK_SAMPLES if arguments.quick else SAMPLES
    points = Points(list(dict.fromkeys(needed)), samples)
    rows = [scaling(points, *pair) for pair in pairs]
    rows += [exponent(points, name, of) for name, of in growth.items()]
    rows.append(memory(points, sizes))
    if not arguments.quick:
        rows.append(compiling(points, base))
    harness.show("Scaling", rows, as_json=arguments.json, columns=COLUMNS)


def answer(facts: str, coordinator: str, index: str) -> None:
    """Runs a point for the process that asked for it."""
    point = Point(**json.loads(facts))
    together: Mapping[str, object] = {}
    if point.processes > 1:
        together = {
            "distributed": True,
            "coordinator": coordinator,
            "process_count": point.processes,
            "process_id": int(index),
        }
    startup.begin(None)
    processes.asked.set(processes.ProcessOptions(**together))
    print(json.dumps(dataclasses.asdict(work(point))), flush=True)
    processes.leave(0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        answer(*sys.argv[2:])
    else:
        main()
