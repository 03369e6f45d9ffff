"""Agents and encodings of others: registered, they work wherever ours do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2 import agents, envs, genomes
from koki2.agents import Agent, AgentConfig, AGENTS, register_agent, Topology
from koki2.evolution.episode import episode
from koki2.genomes import direct, GenomeConfig, GENOMES, register_genome

WORLD = envs.chemotaxis(envs.ChemotaxisConfig(steps=4))
SIZES = WORLD.observation_size, WORLD.num_actions


def reflex(config, topology, steps):
    """Acts on a linear readout of what it observes; keeps no state."""

    def act(key, params, state, observation):
        scores = observation @ params["w"] + params["b"]
        return state, jnp.argmax(scores).astype(jnp.int32)

    return Agent(init=lambda params: (), act=act, learn=None)


def doubled(config, agent, observation_size, num_actions, topology):
    """The direct encoding, with every number of a newborn twice its gene."""
    inner = direct(agent, observation_size, num_actions)
    return inner._replace(develop=lambda key, genes: inner.develop(key, 2.0 * genes))


def ring(config, agent, seed):
    neurons = np.arange(agent.n_neurons, dtype=np.int32)
    return Topology(source=neurons, target=np.roll(neurons, 1))


@pytest.fixture(autouse=True)
def registered():
    register_agent("reflex", reflex, shapes=lambda *_: {"w": ("O", "A"), "b": ("A",)})
    register_genome("doubled", doubled, wiring=ring)
    yield
    AGENTS.remove("reflex")
    GENOMES.remove("doubled")


@pytest.mark.parametrize("encoding", ["direct", "cppn", "doubled"])
def test_a_registered_agent_is_born_of_every_genome_and_lives(encoding, key):
    config, agent_config = GenomeConfig(encoding=encoding), AgentConfig(agent="reflex")
    wiring = genomes.wiring(config, agent_config, seed=0)
    genome = genomes.make(config, agent_config, *SIZES, wiring)
    life = episode(WORLD, agents.make(agent_config, wiring, WORLD.steps))

    @jax.jit
    def first_step(key):
        params = genome.develop(jax.random.key(0), genome.init(jax.random.key(1)))
        world, observation, key_life = life.reset(key)
        now = life.start(world, observation, params)
        return params, life.step(key_life, jnp.int32(0), params, now)

    params, now = first_step(key)
    assert params["w"].shape == SIZES and params["b"].shape == SIZES[1:]
    assert int(now.stats.actions.sum()) == 1


def test_a_direct_genome_has_a_gene_for_every_number_that_is_declared():
    genome = direct(AgentConfig(agent="reflex"), 4, 5)
    assert genome.size == 4 * 5 + 5


def test_a_registered_encoding_chooses_its_wiring():
    config = GenomeConfig(encoding="doubled")
    wiring = genomes.wiring(config, AgentConfig(n_neurons=3, k_edges=1), seed=0)
    assert wiring.target.tolist() == [2, 0, 1]


def test_flat_and_named_need_nothing_but_the_genome():
    genome = direct(AgentConfig(agent="reflex"), 4, 5)
    named = genome.named(jnp.arange(25.0))
    assert np.array_equal(genome.flat(named), np.arange(25.0))


@pytest.mark.parametrize("axes", [("N", "Z"), (0,), (2.0,)])
def test_axes_that_mean_nothing_are_named(axes):
    register_agent("odd", reflex, shapes=lambda *_: {"w": axes})
    try:
        with pytest.raises(ValueError, match="axes of w must each be one of N, S, O"):
            agents.parameter_shapes(AgentConfig(agent="odd"), 4, 5)
    finally:
        AGENTS.remove("odd")


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(ValueError, match="no agent 'reflux'; did you mean reflex"):
        AgentConfig(agent="reflux")
    with pytest.raises(ValueError, match="no encoding 'cpn'; did you mean cppn"):
        GenomeConfig(encoding="cpn")
