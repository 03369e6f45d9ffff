"""What each idea of lanes brings: from plain `vmap` to the whole, one idea a row.

The work is A of rollout.py, and without --quick B too: 128 genomes in 8 episodes of 128
steps. In each row `ours` has one idea more than the row above, which is `theirs`: the
ratio is the factor of that idea, and of plain and of plain cpu are the factors of all
ideas up to it, by wall time and by CPU seconds. Flags belong to a process, so there is
one per setting; they sample in turn, so that whatever else the machine does falls on
all. What is counted in integers must be the same in all rows. What the rows mean is
explained in docs/lanes.md.

    python tools/bench/lanes_ablation.py [--quick] [--json]
"""

import concurrent.futures
import json
import os
import statistics
import subprocess
import sys
import zlib
from typing import Any

import harness
import jax
import lanes_variants
import numpy as np
import rollout as whole_episodes
from lanes_variants import Flags, Variant, VARIANTS

from koki2.session import startup, xla_flags

SAMPLES = 5
COLUMNS = ("cpu_ratio", "of_plain", "of_plain_cpu", "samples")


def flags(setting: Flags) -> str:
    """XLA_FLAGS of a setting."""
    if setting == "default":
        return ""
    if setting == "small loops":
        return xla_flags.with_fast("--xla_force_host_platform_device_count=1", 1)
    return xla_flags.with_fast("", startup.cores())


# --- a process per setting of the flags -----------------------------------------------


def serve(setting: Flags, kinds: str) -> None:
    """Compiles the variants of a setting, then takes a sample of each one asked for.

    Says what was counted, as one line of JSON; then reads names, line by line, and
    answers with seconds per call, by wall and CPU.
    """
    lowered = {}
    for kind in kinds:
        work = whole_episodes.config(kind)
        parts, _, arguments = whole_episodes.population(work)
        for variant in VARIANTS:
            if variant.flags == setting:
                program = lanes_variants.lowered(variant, parts.episode, arguments)
                lowered[f"{kind}: {variant.name}"] = program, arguments
    with concurrent.futures.ThreadPoolExecutor(startup.cores()) as pool:
        programs = [program for program, _ in lowered.values()]
        compiled = list(pool.map(lambda program: program.compile(), programs))
    sides, counted = {}, {}
    for (name, (_, arguments)), run in zip(lowered.items(), compiled, strict=True):
        call = lambda run=run, arguments=arguments: run(*arguments)
        counted[name] = _checksum(lanes_variants.counts(call()))
        sides[name] = harness.Side(call)
    _say(counted)
    for line in sys.stdin:
        side = sides[line.strip()]
        side.sample()
        _say({"wall": side.walls[-1], "cpu": side.cpus[-1]})


def _checksum(arrays: list[jax.Array]) -> int:
    total = 0
    for array in arrays:
        total = zlib.crc32(np.ascontiguousarray(array), total)
    return total


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


class Worker:
    """The process of one setting, as its parent sees it."""

    def __init__(self, setting: Flags, kinds: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve", setting, kinds],
            env=os.environ | {"XLA_FLAGS": flags(setting)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self) -> dict[str, Any]:
        """Waits for the process' next line."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a process ended with {self.process.wait()}")
        return json.loads(line)

    def sample(self, name: str) -> dict[str, float]:
        """Asks for a sample of one variant."""
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        return self.read()

    def close(self) -> None:
        """Lets the process end."""
        self.process.stdin.close()
        self.process.wait()


# --- the table ------------------------------------------------------------------------


def measure(kinds: str) -> list[harness.Row]:
    """All rows of these kinds of work."""
    settings = dict.fromkeys(variant.flags for variant in VARIANTS)
    workers = {setting: Worker(setting, kinds) for setting in settings}
    try:
        harness.note("compiling")
        counted: dict[str, int] = {}
        for worker in workers.values():
            counted |= worker.read()
        rows = []
        for kind in kinds:
            _require_agreement(kind, counted)
            harness.note(f"{kind}: {SAMPLES} samples of {len(VARIANTS)} variants")
            rows += table(kind, race(kind, workers))
        return rows
    finally:
        for worker in workers.values():
            worker.close()


def race(kind: str, workers: dict[Flags, Worker]) -> list[harness.Timing]:
    """Samples all variants in turn; the timing of each."""
    walls: dict[Variant, list[float]] = {variant: [] for variant in VARIANTS}
    cpus: dict[Variant, list[float]] = {variant: [] for variant in VARIANTS}
    for _ in range(SAMPLES):
        for variant in VARIANTS:
            sample = workers[variant.flags].sample(f"{kind}: {variant.name}")
            walls[variant].append(sample["wall"])
            cpus[variant].append(sample["cpu"])
    median = statistics.median
    return [
        harness.Timing(median(walls[variant]), median(cpus[variant]), SAMPLES)
        for variant in VARIANTS
    ]


def table(kind: str, timings: list[harness.Timing]) -> list[harness.Row]:
    """A row per variant, each against the one above it; the first against itself."""
    work = whole_episodes.config(kind)
    steps = work.search.pop_size * work.loop.episodes * work.env.steps
    plain, above = timings[0], [timings[0], *timings]
    return [
        harness.versus(
            f"{kind}: {variant.name}",
            steps / 1e6,
            "M steps/s",
            now,
            before,
            of_plain=plain.wall / now.wall,
            of_plain_cpu=plain.cpu / now.cpu,
        )
        for variant, now, before in zip(VARIANTS, timings, above, strict=False)
    ]


def _require_agreement(kind: str, counted: dict[str, int]) -> None:
    sums = {name: sum_ for name, sum_ in counted.items() if name.startswith(kind)}
    if len(set(sums.values())) != 1:
        lines = "\n".join(f"  {name}: {sum_:08x}" for name, sum_ in sums.items())
        raise SystemExit(f"The variants did not count the same:\n{lines}")


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
        return
    arguments = harness.begin(__doc__)
    rows = measure("A" if arguments.quick else "AB")
    harness.show("What each idea brings", rows, as_json=arguments.json, columns=COLUMNS)


if __name__ == "__main__":
    main()
