"""A search of plain numbers, quick and exact, in the shape of `koki2.evolution`'s.

What a generation says depends on config, seed and the generation before alone.
`PAUSE`, in seconds, makes its chunks last, for tests that interrupt them.
"""

import os
import time
from typing import NamedTuple

import numpy as np

PAUSE = float(os.environ.get("FAKE_PAUSE", "0"))


class State(NamedTuple):
    generation: int
    mean: np.ndarray
    best: float


class FakeEvolution:
    def __init__(self, config, seed):
        if config.search.strategy == "guided_es":  # stands for what only evolve knows
            raise ValueError("guided_es has nothing to be guided by here.")
        self.config, self.seed = config, seed

    def init(self):
        return State(0, np.full(3, float(self.seed)), -np.inf)

    def chunk(self, state):
        time.sleep(PAUSE)
        size, rows = self.config.loop.checkpoint_every, []
        for _ in range(size):
            valid = state.generation < self.config.loop.generations
            row, after = self._generation(state)
            rows.append({"valid": valid, **row})
            state = after if valid else state
        return state, {name: np.array([r[name] for r in rows]) for name in rows[0]}

    def _generation(self, state):
        draw = np.random.default_rng([self.seed, state.generation]).normal(size=3)
        mean = np.float64(0.9) * state.mean + draw
        fitness = np.float32(mean.sum())
        best = max(state.best, float(fitness))
        row = {
            "generation": np.int32(state.generation),
            "best_fitness": np.float32(best),
            "mean_fitness": fitness,
            "mvt_pass_rate": np.float32(np.nan),
            "env_steps": np.int64(100 * (state.generation + 1)),
        }
        return row, State(state.generation + 1, mean, best)

    def generation(self, state):
        return state.generation

    def pack(self, state):
        return {name: np.asarray(value) for name, value in state._asdict().items()}

    def unpack(self, arrays):
        if set(arrays) != set(State._fields):
            raise ValueError(f"this checkpoint holds {sorted(arrays)}.")
        return State(int(arrays["generation"]), arrays["mean"], float(arrays["best"]))

    def products(self, state):
        return {
            "best_genome": {"w": np.full(2, state.best)},
            "mean_genome": {"w": state.mean},
        }


def install(setattr_):
    """Puts the fake in the place of the real one, by a `setattr` of the caller's."""
    from koki2 import evolution

    setattr_(evolution, "evolve", FakeEvolution)
    setattr_(
        evolution, "evolve_many", lambda c, seeds: [FakeEvolution(c, s) for s in seeds]
    )
