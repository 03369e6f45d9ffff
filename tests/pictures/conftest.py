"""Runs and lives, made up, small, and always the same."""

import numpy as np
import pytest

MOVES = np.array([(0, 0), (0, -1), (0, 1), (-1, 0), (1, 0)])


@pytest.fixture
def columns():
    """Makes the columns of a run: the best climbs by one, the median lies ten below."""

    def make(generations=4, start=100.0, steps=1000, **more):
        best = [start + g for g in range(generations)]
        return {
            "generation": list(range(generations)),
            "env_steps": [steps * (g + 1) for g in range(generations)],
            "best_fitness": best,
            "generation_best": [b - 1 for b in best],
            "median_fitness": [b - 10 for b in best],
            "fitness_q25": [b - 12 for b in best],
            "fitness_q75": [b - 8 for b in best],
            "mvt_pass_rate": [None] * generations,
        } | more

    return make


@pytest.fixture
def life():
    """Makes a life: east along the middle row, food at x + 2, harm at x + 4."""

    def make(steps=6, width=16, height=1, neurons=3, dies_at=None):
        start = np.array([width // 2, height // 2])
        walk = np.minimum(np.arange(steps + 1), width - 1 - start[0])
        position = np.stack([start[0] + walk, np.full(steps + 1, start[1])], axis=1)
        source = start + np.array([[2, 0], [4, 0]])
        lived = np.arange(steps + 1) < (steps if dies_at is None else dies_at)
        integrity = np.where(np.arange(steps + 1) >= 4, 0.75, 1.0)
        if dies_at is not None:
            integrity[dies_at:] = 0.0
        return {
            "position": position,
            "source": np.broadcast_to(source, (steps + 1, 2, 2)),
            "worth": np.tile([0.05, -0.25], (steps + 1, 1)),
            "active": np.ones((steps + 1, 2), bool),
            "needs": np.stack([np.linspace(1, 0.25, steps + 1), integrity], axis=1),
            "need_names": np.array(["energy", "integrity"]),
            "observation": np.tile([0.125, 0.0, 1.0, 1.0], (steps + 1, 1)),
            "action": np.full(steps, 4),
            "alive": lived,
            "spike": np.eye(neurons)[np.arange(steps) % neurons],
            "modulator": np.zeros(steps),
            "width": np.array(width),
            "height": np.array(height),
        }

    return make
