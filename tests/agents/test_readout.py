"""From activity to action: sums over ticks, ties, and odds that a reader can check."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits

from koki2 import agents
from koki2.agents import AgentConfig
from koki2.agents.readout import chooser

KEYS = jax.random.split(jax.random.key(3), 4000)
SMALL = AgentConfig(n_neurons=6, k_edges=2)
WIRING = agents.random_topology(0, SMALL.n_neurons, SMALL.k_edges)


def shares(readout, **how):
    """How often each action is chosen."""
    choose = chooser(AgentConfig(**how))
    actions = jax.jit(jax.vmap(lambda key: choose(key, jnp.array(readout))))(KEYS)
    return np.bincount(actions, minlength=len(readout)) / len(KEYS)


@pytest.mark.parametrize(
    "readout, how, expected",
    [
        ([1.0, 3.0, 3.0], {}, [0, 1, 0]),
        ([1.0, 3.0, 3.0], dict(choice="random"), [0, 0.5, 0.5]),
        ([2.0, 2.0, 2.0, 2.0], dict(choice="random"), [0.25] * 4),
        ([1.0, 3.0, 2.0], dict(choice="random"), [0, 1, 0]),
        ([0.0, np.log(3.0)], dict(choice="softmax"), [0.25, 0.75]),
        (
            [0.0, np.log(3.0)],
            dict(choice="softmax", temperature=0.5),
            [0.1, 0.9],  # 1 to 3 squared
        ),
        ([0.0, 1.0], dict(choice="softmax", temperature=1e-3), [0, 1]),
    ],
)
def test_each_action_is_chosen_as_often_as_it_must(readout, how, expected):
    np.testing.assert_allclose(shares(readout, **how), expected, atol=0.025)


@functools.cache
def born(**knobs):
    config = dataclasses.replace(SMALL, **knobs)
    agent = agents.make(config, WIRING, 8)
    draw = np.random.default_rng(5).standard_normal
    shapes = agents.parameter_shapes(config, 3, 5)
    arrays = {name: jnp.asarray(draw(s), jnp.float32) for name, s in shapes.items()}
    return agent, agents.AgentParams(**arrays)


def acted(agent, params, steps=1):
    """The states after each step, and the last action, given one observation always."""
    state, states = agent.init(params), []
    for _ in range(steps):
        seen = jnp.array([2.0, -1.0, 0.5])
        state, action = agent.act(jax.random.key(0), params, state, seen)
        states.append(state)
    return states, int(action)


def test_three_ticks_are_three_steps_whose_spikes_are_summed():
    agent, params = born()
    states, _ = acted(agent, params, steps=3)
    counts = sum(np.asarray(state.spike) for state in states)
    (ticked,), action = acted(born(ticks=3)[0], params)
    assert_same_bits((ticked.v, ticked.spike), (states[2].v, states[2].spike))
    assert np.max(counts) > 1  # or one tick would do
    assert action == np.argmax(counts @ params.motor_w + params.motor_b)


def test_learning_sees_the_last_two_ticks():
    knobs = dict(plast_enabled=True, plast_eta=0.5)
    agent, params = born(**knobs)
    states, _ = acted(agent, params, steps=3)
    (ticked,), _ = acted(born(**knobs, ticks=3)[0], params)
    assert_same_bits(ticked.before, states[1].spike)


def test_a_gene_is_how_long_a_neurons_potential_lasts():
    """Without input v falls to exp(-1 / 20) of itself where the gene is 1."""
    agent, params = born(tau_genes=True)
    params = dataclasses.replace(params, tau=jnp.array([1.0, 0.0, -9.0, 9.0, 0.0, 0.0]))
    start = dataclasses.replace(agent.init(params), v=jnp.full(6, 0.5))
    state, _ = agent.act(jax.random.key(0), params, start, jnp.zeros(3))
    expected = 0.5 * np.exp(-1 / np.array([20, 10, 1, 160, 10, 10.0]))
    np.testing.assert_allclose(state.v, expected, rtol=1e-5)


def test_a_choice_that_draws_shifts_no_other_draw():
    knobs = dict(plast_enabled=True, plast_eta=0.5, control="shuffled")
    slots = []
    for choice in ("first", "random", "softmax"):
        (state,), _ = acted(*born(**knobs, choice=choice))
        slots.append(int(state.slot))
    assert len(set(slots)) == 1


def test_what_is_off_is_not_built():
    agent, params = born()
    state = agent.init(params)
    program = jax.make_jaxpr(agent.act)(jax.random.key(0), params, state, jnp.zeros(3))
    text = str(program)
    assert "random" not in text and state.leak is None
    again = born(ticks=1, choice="first", temperature=0.5, tau_genes=False)[0]
    assert text == str(
        jax.make_jaxpr(again.act)(jax.random.key(0), params, state, jnp.zeros(3))
    )
