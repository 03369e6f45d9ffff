"""Does a GPU come to what the CPU comes to? To the bit, or how far off?

The same small searches run on both, each in a process of its own. Of every column of
their rows, and of what they end with, it says in how many numbers they differ and by
how much at most. Different numbers are no fault: XLA fuses and adds up in other orders
on a GPU, and one bit in one life is another evolution soon. The first generation is the
one to look at. Exits 1 if that is off by more than `TOLERANCE`, relative.

    python tools/gpu_agrees.py [--json] [--on cuda]
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
TOLERANCE = 1e-3  # of the first generation, relative to the largest number of a column


def searches() -> Mapping[str, Any]:
    """Small searches, by name."""
    from koki2.agents import AgentConfig
    from koki2.evolution.configs import EvolutionConfig, LoopConfig, QDConfig
    from koki2.search.configs import EmitterConfig, SearchConfig

    loop = LoopConfig(generations=8, checkpoint_every=8, episodes=4)
    agent = AgentConfig(n_neurons=16, k_edges=4)
    learns = AgentConfig(n_neurons=16, k_edges=4, plast_enabled=True, plast_eta=0.05)
    search = SearchConfig(pop_size=64)
    return {
        "evo": EvolutionConfig(loop=loop, agent=agent, search=search),
        "evo, plastic": EvolutionConfig(loop=loop, agent=learns, search=search),
        "qd": QDConfig(loop=loop, agent=agent, emitter=EmitterConfig(batch_size=64)),
    }


def work(file: str) -> None:
    """Runs the searches on this process's devices, and keeps rows and states."""
    import jax

    from koki2.evolution import build

    found = {}
    for name, config in searches().items():
        program = build(config, 0)
        carry, columns = program.chunk(program.init(), program.total)
        rows = jax.device_get(columns["metrics"])
        leaves, _ = jax.tree_util.tree_flatten_with_path(rows)
        for path, leaf in leaves:
            found[f"{name}|rows{jax.tree_util.keystr(path)}"] = np.asarray(leaf)
        for part, array in program.pack(carry).items():
            found[f"{name}|end {part}"] = array
    np.savez(file, **found)


def run(platform: str, file: pathlib.Path) -> dict[str, np.ndarray]:
    """Runs the searches in a process on a platform.

    Raises:
      RuntimeError: it failed.
    """
    environment = os.environ | {"JAX_PLATFORMS": platform}
    words = [sys.executable, __file__, "--work", str(file)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"on {platform} it failed:\n{done.stderr[-2000:]}")
    with np.load(file) as arrays:
        return {name: arrays[name] for name in arrays.files}


def compare(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each array: how many numbers differ, and how far off they are."""
    rows = []
    for name, a in ours.items():
        b = theirs[name]
        as_float = lambda x: np.nan_to_num(x.astype(np.float64), posinf=0, neginf=0)
        differ = int(np.sum(~((a == b) | ((a != a) & (b != b)))))  # NaN is like NaN
        gap = np.abs(as_float(a) - as_float(b))
        size = max(float(np.abs(as_float(b)).max(initial=0)), 1e-30)
        first = gap[:1] if "|rows" in name else np.zeros(1)
        rows.append(
            {
                "name": name,
                "numbers": int(a.size),
                "differ": differ,
                "first_generation": float(first.max(initial=0)) / size,
                "at_most": float(gap.max(initial=0)) / size,
            }
        )
    return rows


def main() -> int:
    """Compares, and prints what differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument(
        "--on", default="cuda", help="the platform to compare the CPU to"
    )
    parser.add_argument("--work", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        here = pathlib.Path(folder)
        rows = compare(
            run(arguments.on, here / "other.npz"), run("cpu", here / "cpu.npz")
        )
    off = [row for row in rows if row["first_generation"] > TOLERANCE]
    if arguments.json:
        print(json.dumps(rows, indent=1))
    else:
        same = sum(not row["differ"] for row in rows)
        print(f"{same} of {len(rows)} arrays are equal to the bit")
        for row in rows:
            if row["differ"]:
                print(
                    f"{row['name']}: {row['differ']} of {row['numbers']} differ, by "
                    f"{row['at_most']:.1e} at most, {row['first_generation']:.1e} in "
                    "the first generation"
                )
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
