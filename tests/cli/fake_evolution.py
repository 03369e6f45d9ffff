"""A program of plain numbers, quick and exact, in the place of evolution's.

What a generation says depends on config, seed and the generation before alone.
`FAKE_PAUSE`, in seconds, makes each call of a chunk last, and `FAKE_UNIT` each of its
generations, for tests that interrupt them.
"""

import os
import time
from typing import NamedTuple

import numpy as np

from koki2.core.program import About, Program

PAUSE = float(os.environ.get("FAKE_PAUSE", "0"))
UNIT = float(os.environ.get("FAKE_UNIT", "0"))


class State(NamedTuple):
    generation: int
    mean: np.ndarray
    best: float


def fake(config, seed):
    """The program of a config and a seed."""
    if config.search.strategy == "guided_es":  # stands for what only building knows
        raise ValueError("guided_es has nothing to be guided by here.")
    return Program(
        init=lambda: State(0, np.full(3, float(seed)), -np.inf),
        chunk=lambda state, left: _chunk(config, seed, state, left),
        done=lambda state: state.generation,
        total=config.loop.generations,
        pack=lambda state: {n: np.asarray(v) for n, v in state._asdict().items()},
        unpack=_unpack,
        artifacts=lambda state: {
            "best_genome": {"w": np.full(2, state.best)},
            "mean_genome": {"w": state.mean},
        },
        about=About("evo", seed, {}),
        length=config.loop.chunk_length,
    )


def _chunk(config, seed, state, left):
    from koki2.core.columns import Row, WideCount  # JAX: not before it runs

    length = config.loop.chunk_length
    time.sleep(PAUSE + UNIT * min(length, left))
    rows = []
    for i in range(length):
        row, after = _generation(seed, state)
        rows.append({"valid": i < left, **row})
        state = after if i < left else state
    column = lambda name: np.array([row[name] for row in rows])
    plain = {name: column(name) for name in rows[0] if name != "env_steps"}
    steps = np.stack([np.zeros(len(rows)), column("env_steps")], 1).astype(np.uint32)
    metrics = Row(**plain, mvt_pass_rate=None, env_steps=WideCount(steps))
    return state, {"metrics": metrics}


def _generation(seed, state):
    draw = np.random.default_rng([seed, state.generation]).normal(size=3)
    mean = np.float64(0.9) * state.mean + draw
    fitness = np.float32(mean.sum())
    best = max(state.best, float(fitness))
    row = {
        "generation": np.int32(state.generation),
        "best_fitness": np.float32(best),
        "mean_fitness": fitness,
        "env_steps": 100 * (state.generation + 1),
    }
    return row, State(state.generation + 1, mean, best)


def _unpack(arrays):
    if set(arrays) != set(State._fields):
        raise ValueError(f"this checkpoint holds {sorted(arrays)}.")
    return State(int(arrays["generation"]), arrays["mean"], float(arrays["best"]))


def install(setattr_):
    """Puts the fake in the place of the real one, by a `setattr` of the caller's."""
    from koki2 import evolution

    setattr_(
        evolution,
        "build_many",
        lambda runs: [fake(config, seed) for config, seed in runs],
    )
