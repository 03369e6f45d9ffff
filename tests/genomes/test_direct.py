"""The direct genome: which gene is which weight, there and back."""

import jax
import jax.numpy as jnp
import numpy as np

from koki2.agents import AgentConfig
from koki2.genomes import direct

GENOME = direct(AgentConfig(), observation_size=4, num_actions=5)
COUNT = jnp.arange(581, dtype=jnp.float32)  # gene i is i


def test_the_default_agent_has_581_genes_in_their_order():
    """32 * 4 + 32 * 8 + 32 * 5 + 5 + 32, each block row by row."""
    assert GENOME.size == 128 + 256 + 160 + 5 + 32 == 581
    named = GENOME.named(COUNT)
    starts = {name: block.reshape(-1)[0].item() for name, block in named.items()}
    assert starts == {"obs_w": 0, "rec_w": 128, "motor_w": 384} | {
        "motor_b": 544,
        "mod_w": 549,
    }
    assert named["obs_w"].shape == (32, 4) and named["obs_w"][1, 0] == 4
    assert named["motor_w"].shape == (32, 5) and named["motor_w"][2, 3] == 397


def test_development_copies_the_genes_whatever_the_key():
    params = [GENOME.develop(jax.random.key(seed), COUNT) for seed in (0, 1)]
    for name, block in GENOME.named(COUNT).items():
        assert np.array_equal(params[0][name], block)
        assert np.array_equal(params[1][name], block)


def test_genes_start_as_a_tenth_of_the_keys_normals(key):
    drawn = 0.1 * np.asarray(jax.random.normal(jax.random.clone(key), (581,)))
    np.testing.assert_allclose(GENOME.init(key), drawn, rtol=1e-6)
