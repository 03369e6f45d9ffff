"""What every agent promises: the baselines, and the recurrent one in all its parts.

Each lives sixteen steps in a small world with food and harm in it, compiled once. The
recurrent ones are lively: their genes are ten times those a search starts from.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits, leaves, types
from lanes_of_tests import mostly_slow

from koki2 import agents, envs
from koki2.evolution.episode import Episode, episode
from koki2.genomes import direct

STEPS = 16
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
WORLD = envs.chemotaxis(
    envs.ChemotaxisConfig(
        width=3,
        num_sources=3,
        num_bad_sources=1,
        bad_source_integrity_loss=0.1,
        steps=STEPS,
    )
)
SCRIPTED = {
    "greedy": agents.greedy,
    "random": agents.walker,
    "stay": agents.stay,
    "oracle": lambda: agents.oracle(WORLD.size),
    "navigator": lambda: agents.navigator(WORLD.size),
}
KINDS = ("spike", "drive", "event", "vector")
HARD, SOFT, ADAPTIVE = (agents.STRAINS[name] for name in ("hard", "soft", "adaptive"))
STILL = {"lif": {}, "random network, hard": {"control": "random_network"} | HARD}
PLASTIC = {kind: {"modulator_kind": kind} for kind in KINDS} | {
    "alif, abcd": {"neuron": "alif", "rule": "abcd", "plast_per_edge": True},
    "rate, by schedule, soft": {"neuron": "rate", "plast_end_phi": 0.75} | SOFT,
    "shuffled, hard": {"control": "shuffled"} | HARD,
    "shuffled vector": {"control": "shuffled", "modulator_kind": "vector"},
    "clamped, adaptive": {"control": "clamped"} | ADAPTIVE,
    "random network": {"control": "random_network"},
    "masked": {"masked": True},
}
LEARNS = {"plast_enabled": True, "plast_eta": 0.5}


class Case(NamedTuple):
    agent: agents.Agent
    params: Any
    life: Episode
    run_episode: Any  # key -> state after each step, under jit


def recurrent(*, masked=False, **knobs):
    return _recurrent(tuple(sorted(knobs.items())), masked)


def plastic(**knobs):
    return recurrent(**LEARNS | knobs)


@functools.cache
def _recurrent(knobs, masked):
    config = agents.AgentConfig(n_neurons=8, k_edges=4, **dict(knobs))
    genome = direct(config, WORLD.observation_size, WORLD.num_actions)
    genes = 10 * genome.init(jax.random.key(44))
    params = genome.develop(jax.random.key(0), genes)
    if masked:  # every other synapse is not there
        params = params.replace(mask=jnp.tile(jnp.array([0.0, 1.0]), 16))
    wiring = agents.random_topology(0, config.n_neurons, config.k_edges)
    return finish(agents.make(config, wiring, STEPS), params)


@functools.cache
def scripted(name):
    return finish(SCRIPTED[name](), None)


def finish(agent, params):
    life = episode(WORLD, agent)

    def run_episode(key):
        world, observation, key_life = life.reset(key)
        start = life.start(world, observation, params)

        def step(now, t):
            now = life.step(key_life, t, params, now)
            return now, now

        times = jnp.arange(STEPS, dtype=jnp.int32)
        return jax.lax.scan(step, start, times)[1]

    return Case(agent, params, life, jax.jit(run_episode, compiler_options=UNOPTIMISED))


def teach(case, key, steps=STEPS):
    """States, actions and learning of so many steps in which much happens."""
    key_see, key_feel, key_act = jax.random.split(key, 3)
    seen = jax.random.normal(key_see, (steps, WORLD.observation_size))
    brought = jax.random.uniform(key_feel, (steps, 3), minval=-0.5)

    def step(state, now):
        key_step, see, feel = now
        state, action = case.agent.act(key_step, case.params, state, see)
        learnt = None
        if case.agent.learn is not None:
            names = ("energy_gained", "integrity_lost", "drive_fall")
            feedback = agents.StepFeedback(**dict(zip(names, feel, strict=True)))
            state, learnt = case.agent.learn(case.params, state, feedback)
        return state, (state, action, learnt)

    keys = jax.random.split(key_act, steps)
    whole = lambda: jax.lax.scan(
        step, case.agent.init(case.params), (keys, seen, brought)
    )
    return jax.jit(whole, compiler_options=UNOPTIMISED)()[1]


CASES = {name: functools.partial(scripted, name) for name in SCRIPTED}
CASES |= {name: functools.partial(recurrent, **knobs) for name, knobs in STILL.items()}
CASES |= {
    f"plastic: {name}": functools.partial(plastic, **knobs)
    for name, knobs in PLASTIC.items()
}


RARE = ("drive", "event", "shuffled vector", "clamped, adaptive", "random network")
QUICK = CASES.keys() - {f"plastic: {name}" for name in RARE}


@pytest.fixture(params=mostly_slow(CASES, *QUICK))
def case(request):
    return CASES[request.param]()


def test_same_key_same_life(case, key):
    assert_same_bits(case.run_episode(key), case.run_episode(jax.random.clone(key)))


def test_every_step_takes_one_of_the_actions_there_are(case, key):
    taken = case.run_episode(key).stats.actions
    assert taken.shape == (STEPS, WORLD.num_actions)
    np.testing.assert_array_equal(np.sum(taken, axis=1)[:9], np.arange(1, 10))


def test_numbers_stay_finite(case, key):
    for path, leaf in leaves(case.run_episode(key).body).items():
        assert np.all(np.isfinite(leaf)), path


def test_a_step_keeps_every_type(case, key):
    """So that it is compiled once: shapes, dtypes and weak types."""
    world, observation, key_life = case.life.reset(key)
    start = case.life.start(world, observation, case.params)
    step = functools.partial(case.life.step, key_life, jnp.int32(0), case.params)
    assert types(jax.eval_shape(step, start)) == types(start)
    assert not any(weak for _, _, weak in types(start))


@pytest.mark.slow
def test_jit_agrees_with_eager(case, key):
    """Within a rounding; bit for bit under the strict flags."""
    if case.agent.uses_privileged_state:
        observation = WORLD.privileged_state(WORLD.init(jax.random.key(1))[0])
    else:
        observation = jnp.array([0.5, -0.25, 1.0, 0.75])
    feedback = agents.StepFeedback(
        energy_gained=jnp.float32(0.5),
        integrity_lost=jnp.float32(0.25),
        drive_fall=jnp.float32(-0.125),
    )

    def two_steps(key):
        state, actions = case.agent.init(case.params), []
        for key_step in jax.random.split(key):
            state, action = case.agent.act(key_step, case.params, state, observation)
            actions.append(action)
            if case.agent.learn is not None:
                state, _ = case.agent.learn(case.params, state, feedback)
        return state, actions

    compiled = jax.jit(two_steps, compiler_options=UNOPTIMISED)
    close = functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
    jax.tree.map(close, two_steps(key), compiled(jax.random.clone(key)))


def test_only_plastic_agents_learn(case, request):
    assert (case.agent.learn is None) == ("plastic" not in request.node.callspec.id)


@pytest.mark.parametrize("name", mostly_slow(PLASTIC, *PLASTIC.keys() - {*RARE}))
def test_a_plastic_agent_moves_its_weights_in_this_world(name, key):
    """Otherwise the two tests below could not fail."""
    weights = plastic(**PLASTIC[name]).run_episode(key).body.rec_w
    assert not np.array_equal(weights[0], weights[-1])


@pytest.mark.parametrize(
    "name, knobs",
    [
        pytest.param(
            name, {"plast_eta": 0.0}, marks=[pytest.mark.slow] * (name in RARE)
        )
        for name in PLASTIC
    ]
    + [(name, {"control": "frozen"}) for name in ("spike", "alif, abcd", "masked")],
)
def test_frozen_or_at_a_learning_rate_of_zero_no_weight_moves(name, knobs, key):
    case = plastic(**PLASTIC[name] | knobs)
    states, _, learnt = teach(case, key)
    for weights in np.asarray(states.rec_w):
        assert_same_bits(weights, case.agent.init(case.params).rec_w)
    assert np.all(np.asarray(learnt.abs_dw) == 0.0)
    assert np.max(learnt.abs_modulator) > 0.0  # though there was feedback


@pytest.mark.parametrize("name", ["spike", "alif, abcd", "rate, by schedule, soft"])
def test_plasticity_off_is_a_learning_rate_of_zero(name, key):
    """It acts alike, and has no weights of its own to move."""
    zero = plastic(**PLASTIC[name] | {"plast_eta": 0.0})
    off = recurrent(**PLASTIC[name])._replace(params=zero.params)
    ours, actions, learnt = teach(off, key)
    theirs, same, _ = teach(zero, jax.random.clone(key))
    assert ours.rec_w is None and learnt is None
    np.testing.assert_array_equal(actions, same)
    np.testing.assert_allclose(ours.spike, theirs.spike, rtol=1e-5)


def test_what_a_mask_leaves_out_neither_moves_nor_transmits(key):
    weights = np.asarray(plastic(masked=True).run_episode(key).body.rec_w)
    assert np.all(weights[:, ::2] == 0.0)
    assert np.any(weights[0, 1::2] != weights[-1, 1::2])


@pytest.mark.parametrize("strain", ["hard", "adaptive"])
def test_under_dales_law_a_neuron_sends_one_sign_in_all_its_episode(strain, key):
    """Synapses 4 n to 4 n + 3 are of neuron n; steps large enough to meet the clip."""
    states, _, _ = teach(plastic(strain=strain, plast_eta=20.0), key)
    weights = np.asarray(states.rec_w).reshape(STEPS, 8, 4)
    signs = np.sign(weights)
    assert np.all(signs == signs[:1, :, :1]) and len(np.unique(signs)) == 2
    assert np.any(weights[0] != weights[-1]) and np.max(np.abs(weights)) == 3.0


def test_only_the_soft_constraint_costs(key):
    assert recurrent().agent.cost is None
    case = plastic(**SOFT)
    states, _, _ = teach(case, key)
    costs = jax.vmap(case.agent.cost, in_axes=(None, 0))(case.params, states)
    wiring = np.mean(np.abs(states.rec_w), axis=1)
    expected = 0.1 * wiring + 0.1 * np.mean(states.spike, axis=1)
    np.testing.assert_allclose(costs, expected, rtol=1e-5)
