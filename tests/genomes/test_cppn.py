"""The genome of rules: what it grows, and how little of it there is."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits

from koki2 import agents
from koki2.agents import AgentConfig, AGENTS, register_agent
from koki2.genomes import GenomeConfig, make, nearest_topology, wiring
from koki2.genomes.cppn import identity

CONFIG = GenomeConfig(encoding="cppn")
SMALL = AgentConfig(n_neurons=9, k_edges=3)
LEARNS = dataclasses.replace(SMALL, plast_enabled=True, rule="abcd", strain="adaptive")


UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster


@functools.cache
def grown(agent=SMALL, config=CONFIG):
    return make(config, agent, 4, 5, wiring(config, agent, 0))


@functools.cache
def compiled(agent, config):
    develop = lambda genes: grown(agent, config).develop(jax.random.key(0), genes)
    return jax.jit(develop, compiler_options=UNOPTIMISED)


def born(genes, agent=SMALL, config=CONFIG):
    return compiled(agent, config)(genes)


def test_thirty_two_neurons_and_two_hundred_and_fifty_six_take_as_many_genes():
    """The bottleneck: where a direct genome takes 581 and 4613."""
    sizes = [grown(AgentConfig(n_neurons=n)).size for n in (32, 256)]
    assert sizes == [266, 266]
    direct = [
        make(GenomeConfig(), AgentConfig(n_neurons=n), 4, 5, nearest_topology(n, 8))
        for n in (32, 256)
    ]
    assert [genome.size for genome in direct] == [581, 4613]


def test_266_genes_counted_on_paper():
    """With 8 hidden units and identities of 4; every block has a row of biases."""
    identity = (3 + 1) * 8 + (8 + 1) * 8 + (8 + 1) * 4  # x, y, depth -> z
    pair = (4 + 4 + 1 + 1) * 8  # z_i, z_j, distance
    per_pair = 4 * (8 + 1)  # connection, obs_w, rec_w, motor_w
    per_unit = 2 * (4 + 1)  # motor_b, mod_w
    assert grown().size == identity + pair + per_pair + per_unit == 266


def test_equal_places_have_equal_identities_and_others_not(key):
    genome = grown()
    rules = genome.named(genome.init(key))
    points = np.array([[0.5, 0, 0], [-0.5, 0, 0], [0.5, 0, 0]], np.float32)
    first, other, again = identity(rules, points, 2.0)
    assert_same_bits(first, again)
    assert not np.any(np.isclose(first, other))


def test_a_genome_of_zeros_grows_zeros_and_no_synapse():
    genome = grown()
    child = born(jnp.zeros(genome.size))
    assert not any(np.any(x) for x in jax.tree.leaves(child))
    assert child.mask.shape == (27,)


def test_biases_alone_grow_an_even_agent():
    """A bias b of a head with r rows grows b / sqrt(r), whatever the unit."""
    genome = grown()
    named = genome.named(jnp.zeros(genome.size))
    rules = {name: block.at[-1].set(0.0) for name, block in named.items()}
    rules["rec_w"] = rules["rec_w"].at[-1].set(0.6)  # 8 hidden and the bias: 9 rows
    rules["motor_b"] = rules["motor_b"].at[-1].set(-1.0)  # 4 of an identity: 5 rows
    rules["connection"] = rules["connection"].at[-1].set(1e-6)
    child = born(genome.flat(rules))
    np.testing.assert_allclose(child.rec_w, np.full(27, 0.6 / 3), rtol=1e-6)
    np.testing.assert_allclose(child.motor_b, np.full(5, -1 / 5**0.5), rtol=1e-6)
    assert np.array_equal(child.mask, np.ones(27))


def test_the_mask_has_a_place_for_every_candidate_whatever_the_genes(key):
    genome = grown()
    genes = jax.vmap(genome.init)(jax.random.split(key, 64))
    mask = np.stack([born(one).mask for one in genes])
    assert mask.shape == (64, 27) and set(np.unique(mask)) == {0.0, 1.0}
    share = np.mean(mask, axis=1)
    assert np.unique(share).size > 10  # genomes differ in how much they connect


def test_a_weight_rule_by_hand():
    """One hidden unit counts: h = sin(2 * distance / sqrt(10)); w = h / 3."""
    genome = grown()
    rules = dict(genome.named(jnp.zeros(genome.size)))
    rules["pair"] = rules["pair"].at[8, 0].set(1.0)  # 4 + 4 of two identities, then
    rules["rec_w"] = rules["rec_w"].at[0, 0].set(1.0)
    child = born(genome.flat(rules))
    # neuron 0 stands in a corner of 3 x 3: next to it 1 and 3, across from it 4
    assert wiring(CONFIG, SMALL, 0).target[:3].tolist() == [1, 3, 4]
    side, across = 2 / 3, 2 / 3 * 2**0.5
    expected = [np.sin(2 * far / 10**0.5) / 3 for far in (side, side, across)]
    np.testing.assert_allclose(child.rec_w[:3], expected, rtol=1e-5)


def test_every_array_of_learning_is_grown_by_its_own_axes(key):
    assert agents.parameter_axes(LEARNS, 4, 5)["abcd"] == (4, "S")
    genome = grown(LEARNS)
    assert genome.named(genome.init(jax.random.clone(key)))["abcd"].shape == (9, 4)
    child = born(genome.init(key), LEARNS)
    assert child.abcd.shape == (4, 27) and child.dale.shape == (9,)
    assert np.unique(np.asarray(child.abcd)).size > 50  # not one number for all


def test_channels_of_a_synapse_are_not_mixed_up_with_its_neighbours():
    """A bias on channel c of abcd is row c, at every synapse."""
    genome = grown(LEARNS)
    rules = dict(genome.named(jnp.zeros(genome.size)))
    rules["abcd"] = rules["abcd"].at[-1].set(3.0 * jnp.arange(4.0))
    child = born(genome.flat(rules), LEARNS)
    np.testing.assert_allclose(child.abcd, np.tile([[0], [1], [2], [3]], 27), rtol=1e-6)


def test_wiring_as_data_grows_the_same_agent(key):
    config = dataclasses.replace(CONFIG, cppn_candidates="random")
    drawn, genes = wiring(config, SMALL, 3), grown().init(key)
    assert not np.array_equal(drawn.target, wiring(CONFIG, SMALL, 3).target)

    def develop(topology):
        genome = make(config, SMALL, 4, 5, topology)
        return genome.develop(jax.random.key(0), genes)

    compiles = functools.partial(jax.jit, compiler_options=UNOPTIMISED)
    fixed = compiles(lambda: develop(drawn))()
    data = compiles(develop)(jax.tree.map(jnp.asarray, drawn))
    close = functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
    jax.tree.map(close, data, fixed)


def test_axes_that_the_rules_do_not_reach_are_named():
    register_agent("odd", agents.stay, shapes=lambda *_: {"odd": ("N", "O", "A")})
    try:
        odd = dataclasses.replace(SMALL, agent="odd")
        with pytest.raises(
            ValueError, match=r"odd must have .*, got \('N', 'O', 'A'\)"
        ):
            grown(odd)
    finally:
        AGENTS.remove("odd")
