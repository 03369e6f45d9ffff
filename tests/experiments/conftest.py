"""What tests of experiments share: an evolution that costs nothing, and its judge."""

import numpy as np
import pytest

from koki2 import evolution
from tests.cli import fake_evolution

LEFT = {"w": np.array([1.0, 2.0])}


@pytest.fixture
def fake(monkeypatch):
    """Evolution of plain numbers, and a judge whose fitness is the sum of a genome."""
    fake_evolution.install(monkeypatch.setattr)

    def judge(config):
        def genome(seed, arrays, *, eval_seed, episodes):
            value = arrays["w"].sum() + config.agent.plast_eta
            return {"fitness": np.full(episodes, value), "success": np.ones(episodes)}

        baseline = lambda policy, *, eval_seed, episodes: {
            "fitness": np.full(
                episodes, 2.0 + eval_seed % 2 + 5 * (policy == "competent")
            ),
            "success": np.zeros(episodes),
        }

        def blind(**which):
            return {"stay": baseline("stay", **which), "left": genome(0, LEFT, **which)}

        def lesioned(seed, arrays, names, **which):
            taken = {"w": arrays["w"] - 1}
            under = {name: genome(seed, taken, **which) for name in names}
            return {"intact": genome(seed, arrays, **which)} | under

        return evolution.judging.Judge(genome, baseline, (), blind, tuple, lesioned)

    judges = lambda configs: [judge(config) for config in configs]
    monkeypatch.setattr(evolution, "judge", judge, raising=False)
    monkeypatch.setattr(evolution, "judges", judges, raising=False)
