"""The direct genome: one gene per weight, in a fixed order."""

import jax
import jax.numpy as jnp
import numpy as np

from koki2.agents import SpikingConfig
from koki2.genomes import direct


def test_the_default_genome_has_581_genes():
    """32 x 4 senses + 256 synapses + 32 x 5 motors + 5 biases + 32 modulators."""
    genome = direct(SpikingConfig(), observation_size=4, num_actions=5)
    assert genome.size == 128 + 256 + 160 + 5 + 32 == 581


def test_genes_are_laid_out_block_by_block_and_row_by_row(key):
    genome = direct(SpikingConfig(n_neurons=2, k_edges=1), 3, 2)
    params = genome.develop(key, jnp.arange(16.0))
    assert params.obs_w.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert params.rec_w.tolist() == [6, 7]
    assert params.motor_w.tolist() == [[8, 9], [10, 11]]
    assert params.motor_b.tolist() == [12, 13]
    assert params.mod_w.tolist() == [14, 15]


def test_a_search_starts_from_genes_of_a_tenth():
    genome = direct(SpikingConfig(), 4, 5)
    genes = np.concatenate([genome.init(jax.random.key(s)) for s in range(16)])
    assert abs(genes.mean()) < 0.003 and abs(genes.std() - 0.1) < 0.003
