"""Mutation: each group of genes by its own size and rate, and what it costs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits

from koki2.agents import AgentConfig
from koki2.genomes import (
    catastrophic_rate,
    GenomeConfig,
    GroupMutation,
    groups,
    make,
    mutation,
    MutationConfig,
    wiring,
)

AGENT = AgentConfig(n_neurons=9, k_edges=3)
CPPN = GenomeConfig(encoding="cppn")
GENOME = make(CPPN, AGENT, 4, 5, wiring(CPPN, AGENT, 0))
STILL = GroupMutation(sigma=0.0)


def children(key, count, config, parent=None):
    parent = GENOME.init(jax.random.key(9)) if parent is None else parent
    child = mutation(config, GENOME)
    born = jax.vmap(lambda key: child(key, parent))(jax.random.split(key, count))
    return np.asarray(parent), np.asarray(born)


def test_every_gene_is_in_one_group():
    index = groups(GENOME)
    rules = ["identity", "pair", "connection", "obs_w", "rec_w", "motor_w"]
    assert list(index) == [*rules, "motor_b", "mod_w"]
    assert len(index["identity"]) == 4 * 8 + 9 * 8 + 9 * 4  # its three layers
    assert sorted(np.concatenate([*index.values()])) == list(range(GENOME.size))


@pytest.mark.parametrize("group", groups(GENOME))
def test_mutation_touches_only_the_group_that_is_named(group, key):
    config = MutationConfig(others=STILL, groups=((group, GroupMutation(sigma=1.0)),))
    parent, child = children(key, 1, config)
    assert np.flatnonzero(child[0] != parent).tolist() == groups(GENOME)[group].tolist()


def test_noise_has_the_size_that_its_group_was_given(key):
    config = MutationConfig(
        others=GroupMutation(sigma=0.5), groups=(("pair", GroupMutation(sigma=2.0)),)
    )
    parent, mutants = children(key, 400, config)
    moved, pair = mutants - parent, groups(GENOME)["pair"]
    assert np.std(moved[:, pair]) == pytest.approx(2.0, rel=0.02)
    assert np.std(np.delete(moved, pair, 1)) == pytest.approx(0.5, rel=0.02)


def test_a_group_mutates_whole_or_not_at_all_and_as_often_as_its_rate(key):
    config = MutationConfig(others=STILL, groups=(("rec_w", GroupMutation(rate=0.25)),))
    parent, mutants = children(key, 2000, config)
    hit = np.asarray((mutants != parent)[:, groups(GENOME)["rec_w"]])
    assert np.array_equal(hit.all(axis=1), hit.any(axis=1))
    assert hit.any(axis=1).mean() == pytest.approx(0.25, abs=0.03)  # 3 standard errors


@pytest.mark.parametrize("off", [GroupMutation(sigma=0.0), GroupMutation(rate=0.0)])
def test_at_a_sigma_or_rate_of_zero_a_child_is_its_parent_bit_for_bit(off, key):
    strange = jnp.zeros(GENOME.size).at[0].set(-0.0).at[1].set(jnp.nan)
    _, child = children(key, 1, MutationConfig(others=off), strange)
    assert_same_bits(child[0], strange)


def test_one_key_makes_one_child_and_jit_the_same(key):
    child = mutation(MutationConfig(others=GroupMutation(rate=0.5)), GENOME)
    parent = GENOME.init(jax.random.key(9))
    once = child(key, parent)
    assert_same_bits(once, child(jax.random.clone(key), parent))
    jitted = jax.jit(child)(jax.random.clone(key), parent)
    np.testing.assert_allclose(jitted, once, rtol=1e-6)


def test_a_group_that_is_not_there_or_there_twice_is_named():
    one = ("axon", GroupMutation())
    with pytest.raises(ValueError, match=r"groups of this genome \(identity, .* axon"):
        mutation(MutationConfig(groups=(one,)), GENOME)
    with pytest.raises(ValueError, match="each group once, got axon, axon"):
        MutationConfig(groups=(one, one))


def test_catastrophes_are_counted_from_the_floor_up():
    """10 above a floor of 100; half of it is kept at 105."""
    mutants = jnp.array([112.0, 105.0, 104.9, 90.0, -1e9])
    rate = catastrophic_rate(jnp.float32(110.0), mutants, fraction=0.5, floor=100.0)
    assert float(rate) == pytest.approx(3 / 5)


def test_a_parent_with_nothing_to_lose_has_no_rate():
    for parent in (0.0, -5.0, jnp.nan):
        assert np.isnan(catastrophic_rate(jnp.float32(parent), jnp.zeros(3)))
