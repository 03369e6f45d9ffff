"""How long until koki2 answers: help, and the first generation on screen.

Help is set against the import of tyro, which draws it and which no help can do without;
the first generation of an evolution against a process that starts JAX and compiles a
sum. Every sample is a process of its own, the sides in turn. Generations are measured
with nothing compiled before, and with all of it.

    python tools/bench/startup.py [--quick] [--json]
"""

import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES, QUICK_SAMPLES, COLD_SAMPLES = 9, 5, 2
HELP = {"koki2 --help": ["--help"], "koki2 qd --help": ["qd", "--help"]}
EVO = "evo-l0 --generations 1".split()
TYRO = "import tyro"
JAX = "import jax; jax.jit(lambda x: x + 1)(1.0).block_until_ready()"


def sample(words: Sequence[str], cache: str, folder: str) -> tuple[float, float]:
    """Runs Python with these words; wall and CPU seconds."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "JAX_COMPILATION_CACHE_DIR": cache,
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *words],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{words} failed:\n{done.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


def compare(
    name: str, ours: Sequence[str], theirs: str, samples: int, *, warm: bool = True
) -> harness.Row:
    """The row of our words against a line of Python."""
    sides: tuple[list[tuple[float, float]], ...] = ([], [])
    with tempfile.TemporaryDirectory() as folder:
        cache = f"{folder}/cache"
        if warm:
            for words in (["-m", "koki2", *ours], ["-c", theirs]):
                sample(words, cache, folder)
        for index in range(samples):
            here = cache if warm else f"{folder}/cache-{index}"
            sides[0].append(sample(["-m", "koki2", *ours], here, folder))
            sides[1].append(sample(["-c", theirs], here, folder))
    (wall, cpu), (their_wall, their_cpu) = (
        tuple(statistics.median(values) for values in zip(*side, strict=True))
        for side in sides
    )
    return harness.Row(
        name=name,
        ours=wall,
        theirs=their_wall,
        unit="s",
        ratio=their_wall / wall,
        extra={"cpu_ratio": their_cpu / cpu, "cpu_s": cpu, "samples": samples},
    )


def main() -> None:
    arguments = harness.begin(__doc__)
    samples = QUICK_SAMPLES if arguments.quick else SAMPLES
    rows = [compare(name, words, TYRO, samples) for name, words in HELP.items()]
    rows.append(compare("first generation, warm", EVO, JAX, QUICK_SAMPLES))
    if not arguments.quick:
        name = "first generation, cold"
        rows.append(compare(name, EVO, JAX, COLD_SAMPLES, warm=False))
    harness.show(
        "Start-up", rows, as_json=arguments.json, columns=("cpu_ratio", "samples")
    )


if __name__ == "__main__":
    main()
