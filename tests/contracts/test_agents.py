"""What every agent promises: the baselines, and the recurrent one in all its parts.

The recurrent ones are lively: their genes are ten times those a search starts from.
"""

import functools
import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits
from lanes_of_tests import mostly_slow

from koki2 import agents, envs
from koki2.contracts.agent import (
    CHECKS,
    live,
    Newborn,
    newborn,
    NUM_ACTIONS,
    NUM_OBSERVED,
    STEPS,
)
from koki2.contracts.requirements import compiled

WORLD = envs.chemotaxis(
    envs.ChemotaxisConfig(width=3, num_sources=3, num_bad_sources=1)
)
SCRIPTED = {
    "greedy": agents.greedy,
    "random": agents.walker,
    "stay": agents.stay,
    "planner": lambda: agents.straight_planner(WORLD.size),
    "navigator": lambda: agents.navigator(WORLD.size),
}
KINDS = ("spike", "drive", "event", "vector")
HARD, SOFT, ADAPTIVE = (agents.STRAINS[name] for name in ("hard", "soft", "adaptive"))
STILL = {
    "lif": {},
    "random network, hard": {"control": "random_network"} | HARD,
    "ticks": {"ticks": 4},
    "one of equals": {"choice": "random"},
    "softmax": {"choice": "softmax", "temperature": 0.5},
    "time constants": {"tau_genes": True},
}
PLASTIC = {kind: {"modulator_kind": kind} for kind in KINDS} | {
    "alif, abcd": {"neuron": "alif", "rule": "abcd", "plast_per_edge": True},
    "rate, by schedule, soft": {"neuron": "rate", "plast_end_phi": 0.75} | SOFT,
    "shuffled, hard": {"control": "shuffled"} | HARD,
    "shuffled vector": {"control": "shuffled", "modulator_kind": "vector"},
    "clamped, adaptive": {"control": "clamped"} | ADAPTIVE,
    "random network": {"control": "random_network"},
    "masked": {"masked": True},
    "ticks, softmax, time constants": dict(ticks=3, choice="softmax", tau_genes=True),
    "by schedule, its end by genes": {"plast_end_phi": 0.75, "phase_genes": True},
}
SEEN = jax.random.normal(jax.random.key(1), (STEPS, NUM_OBSERVED))
LEARNS = {"plast_enabled": True, "plast_eta": 0.5}


def recurrent(*, masked=False, **knobs):
    return _recurrent(tuple(sorted(knobs.items())), masked)


def plastic(**knobs):
    return recurrent(**LEARNS | knobs)


@functools.cache
def _recurrent(knobs, masked):
    case = newborn(agents.AgentConfig(n_neurons=8, k_edges=4, **dict(knobs)))
    if masked:  # every other synapse is not there
        mask = jnp.tile(jnp.array([0.0, 1.0]), 16)
        case = case._replace(params=case.params.replace(mask=mask))
    return case


@functools.cache
def scripted(name):
    agent = SCRIPTED[name]()
    return Newborn(agent, None, truths() if agent.uses_privileged_state else SEEN)


@functools.cache
def truths():
    look = lambda key: WORLD.privileged_state(WORLD.init(key)[0])
    return compiled(jax.vmap(look))(jax.random.split(jax.random.key(1), STEPS))


CASES = {name: functools.partial(scripted, name) for name in SCRIPTED}
CASES |= {name: functools.partial(recurrent, **knobs) for name, knobs in STILL.items()}
CASES |= {
    f"plastic: {name}": functools.partial(plastic, **knobs)
    for name, knobs in PLASTIC.items()
}


RARE = (
    "by schedule, its end by genes",
    "drive",
    "event",
    "shuffled vector",
    "clamped, adaptive",
    "random network",
)
PARTS = ("ticks", "one of equals", "softmax", "time constants")  # tried together, too
QUICK = CASES.keys() - {f"plastic: {name}" for name in RARE} - {*PARTS}


@pytest.fixture(params=mostly_slow(CASES, *QUICK))
def case(request):
    return CASES[request.param]()


@pytest.mark.parametrize("check", mostly_slow(CHECKS, *CHECKS.keys() - {"jit"}))
def test_every_agent_keeps_the_contract(case, check):
    CHECKS[check](case)


def test_only_plastic_agents_learn(case, request):
    assert (case.agent.learn is None) == ("plastic" not in request.node.callspec.id)


@pytest.mark.parametrize("name", mostly_slow(PLASTIC, *PLASTIC.keys() - {*RARE}))
def test_a_plastic_agent_moves_its_weights_in_this_life(name):
    """Otherwise the two tests below could not fail."""
    weights = live(plastic(**PLASTIC[name])).states.rec_w
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
def test_frozen_or_at_a_learning_rate_of_zero_no_weight_moves(name, knobs):
    case = plastic(**PLASTIC[name] | knobs)
    life = live(case)
    for weights in np.asarray(life.states.rec_w):
        assert_same_bits(weights, case.agent.init(case.params).rec_w)
    assert np.all(np.asarray(life.learning.abs_dw) == 0.0)
    assert np.max(life.learning.abs_modulator) > 0.0  # though there was feedback


@pytest.mark.parametrize("name", ["spike", "alif, abcd", "rate, by schedule, soft"])
def test_plasticity_off_is_a_learning_rate_of_zero(name):
    """It acts alike, and has no weights of its own to move."""
    zero = plastic(**PLASTIC[name] | {"plast_eta": 0.0})
    off = zero._replace(agent=recurrent(**PLASTIC[name]).agent)
    ours, theirs = live(off), live(zero)
    assert ours.states.rec_w is None and ours.learning is None
    np.testing.assert_array_equal(ours.actions, theirs.actions)
    np.testing.assert_allclose(ours.states.spike, theirs.states.spike, rtol=1e-5)


def test_what_a_mask_leaves_out_neither_moves_nor_transmits():
    weights = np.asarray(live(plastic(masked=True)).states.rec_w)
    assert np.all(weights[:, ::2] == 0.0)
    assert np.any(weights[0, 1::2] != weights[-1, 1::2])


@pytest.mark.parametrize("strain", ["hard", "adaptive"])
def test_under_dales_law_a_neuron_sends_one_sign_in_all_its_episode(strain):
    """Synapses 4 n to 4 n + 3 are of neuron n; steps large enough to meet the clip."""
    states = live(plastic(strain=strain, plast_eta=20.0)).states
    weights = np.asarray(states.rec_w).reshape(STEPS, 8, 4)
    signs = np.sign(weights)
    assert np.all(signs == signs[:1, :, :1]) and len(np.unique(signs)) == 2
    assert np.any(weights[0] != weights[-1]) and np.max(np.abs(weights)) == 3.0


def test_only_the_soft_constraint_costs():
    assert recurrent().agent.cost is None
    life = live(plastic(**SOFT))
    wiring = np.mean(np.abs(life.states.rec_w), axis=1)
    expected = 0.1 * wiring + 0.1 * np.mean(life.states.spike, axis=1)
    np.testing.assert_allclose(life.costs, expected, rtol=1e-5)


@chex.dataclass(frozen=True, kw_only=True)
class Mood:
    energy: jax.Array


def born(params):
    return Mood(energy=jnp.float32(0.0))


def act(key, params, state, observation):
    return state, jnp.argmax(observation @ params["w"]).astype(jnp.int32)


def learn(params, state, feedback):
    zero = jnp.float32(0.0)
    state = state.replace(energy=state.energy + feedback.energy_gained)
    return state, agents.Learning(abs_dw=zero, abs_modulator=zero)


def reflex(**parts):
    """A stranger's agent, or with parts of its own a broken one."""
    return Newborn(
        agents.Agent(init=born, act=act, learn=learn)._replace(**parts),
        {"w": jnp.arange(20.0).reshape(NUM_OBSERVED, NUM_ACTIONS)},
        SEEN,
    )


def does(action):
    return lambda key, params, state, observation: (state, action)


def eats(amount):
    """An act that moves the energy by what `amount()` gives just then."""
    return lambda key, params, state, observation: act(
        key, params, state.replace(energy=state.energy + amount()), observation
    )


def toss():
    """A coin of NumPy's, which is in no key."""
    draw = lambda: np.float32(np.random.default_rng().normal())
    return jax.pure_callback(draw, jax.ShapeDtypeStruct((), jnp.float32))


TRACES = itertools.count()
BROKEN = [
    ("form", reflex(learn=0), "learn must be a function, got 0"),
    ("birth", reflex()._replace(params={}), "family declares.* got KeyError: 'w'"),
    ("actions", reflex(act=does(jnp.int32(5))), r"0 to 4, got \[5\]"),
    ("actions", reflex(act=does(1.0)), r"int32 \[\], got float32 \[\]"),
    ("types", reflex(init=lambda _: Mood(energy=jnp.asarray(0.0))), "keep one type"),
    (
        "types",
        reflex(init=lambda _: Mood(energy=jax.random.key(0)), learn=None),
        "state.energy must not be a key",
    ),
    ("learning", reflex(learn=lambda _, state, __: (state, 0.0)), r"\(state, Learning"),
    ("learning", reflex(cost=lambda _, __: jnp.zeros(2)), r"float32 \[\], .* \[2\]"),
    ("numbers", reflex(act=eats(lambda: jnp.inf)), r"states\.energy must be finite"),
    ("replay", reflex(act=eats(toss)), "the same life bit for bit"),
    ("jit", reflex(act=eats(lambda: next(TRACES))), "jit must agree with eager"),
]


@pytest.mark.parametrize("check", CHECKS)
def test_an_agent_from_outside_keeps_the_contract(check):
    CHECKS[check](reflex())
    assert check in {name for name, *_ in BROKEN}  # it can fail


@pytest.mark.parametrize("check, broken, sentence", BROKEN)
def test_a_broken_agent_gets_what_it_breaks_as_a_message(check, broken, sentence):
    with pytest.raises(AssertionError, match=sentence):
        CHECKS[check](broken)
