"""plastic_rollout: the formula, the twins, the agent it stands for, and no gradient."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.agents import AgentConfig, plasticity, random_topology
from koki2.agents.base import StepFeedback
from koki2.agents.params import AgentParams
from koki2.agents.recurrent import recurrent
from koki2.kernels import cases, plastic_rollout, Rollout
from koki2.kernels.dispatch import no_mosaic
from koki2.kernels.plastic_rollout import on_cpu, reference

needs_mosaic = pytest.mark.skipif(no_mosaic() is not None, reason=str(no_mosaic()))
TINY = [c for c in cases.CASES if c.op == "plastic_rollout" and c.use == "tiny"]
LAWS = dict(eta=0.05, decay=0.9, keep=0.9)
EXACT = dict(eta=0.125, decay=0.5, keep=0.5)  # with inputs in eighths: no rounding


def draw(steps, population, neurons, share=1.0, seed=0):
    """Weights, traces, senses and modulator, and a wiring with this share of pairs."""
    keys = jax.random.split(jax.random.key(seed), 3)
    wiring = np.random.default_rng(seed).random((neurons, neurons)) < share
    shape = (population, neurons, neurons)
    weights = jnp.where(wiring[None], jax.random.normal(keys[0], shape), 0.0)
    x = 0.6 * jax.random.normal(keys[1], (steps, population, neurons))
    felt = jax.random.normal(keys[2], (steps, population))
    felt = jnp.where(jnp.abs(felt) < 0.7, 0.0, felt)
    arrays = weights / math.sqrt(share * neurons), jnp.zeros(shape), x, felt
    return arrays, None if share == 1.0 else wiring


def by_hand(weights, traces, x, m, *, eta, decay, keep, wiring=None):
    """The formula of the door, synapse by synapse, in float64."""
    w, e, x, m = (np.array(a, np.float64) for a in (weights, traces, x, m))
    spikes, v = np.zeros_like(x), np.zeros(x.shape[1:])
    for t, p in np.ndindex(x.shape[:2]):
        before = spikes[t - 1, p] if t else np.zeros(x.shape[2])
        for i in range(x.shape[2]):
            v[p, i] = decay * v[p, i] + x[t, p, i] + w[p, :, i] @ before
            if v[p, i] > 1.0:
                spikes[t, p, i], v[p, i] = 1.0, v[p, i] - 1.0
        for j, i in np.ndindex(w.shape[1:]):
            e[p, j, i] *= keep
            if wiring is None or wiring[j, i]:
                e[p, j, i] += before[j] * spikes[t, p, i]
            if eta * m[t, p] != 0:
                moved = w[p, j, i] + eta * m[t, p] * e[p, j, i]
                w[p, j, i] = min(max(moved, -3.0), 3.0)
    return Rollout(spikes, w, e, v)


def compare(ours, expected, tolerance=1e-5):
    """Spikes exactly; the rest as a share of the largest number."""
    np.testing.assert_array_equal(ours.spikes, expected.spikes)
    assert 0.02 < np.mean(ours.spikes) < 0.9
    for a, b in zip(ours[1:], expected[1:], strict=True):
        assert np.abs(a - b).max() <= tolerance * np.abs(b).max()


def test_two_neurons_over_three_steps_on_paper():
    """Half of everything is kept per step, and eta is 1.

    t=0  v = (1.5, 0)                 only 0 spikes, v = (0.5, 0)
    t=1  v = (0.25 + 1, 0.75 + 0.75)  both spike, v = (0.25, 0.5); 0 had spoken before
         traces onto 0 and 1 from 0 become 1; m = 0.5 moves them by 0.5
    t=2  v = (0.125 + 0.5 + 0, 0.25 + 1.25 + 0)   only 1 spikes, v = (0.625, 0.5)
         traces: halved, and from 0 and 1 onto 1 one more: 0.5, 1.5, 0, 1
         m = -2 moves by -1, -3, 0, -2; 1.25 - 3 is within 3, but 0 - 2.0 is -2
    """
    weights = jnp.array([[[0.0, 0.75], [0.0, 0.0]]])
    x = jnp.array([[[1.5, 0.0]], [[1.0, 0.75]], [[0.0, 0.0]]])
    m = jnp.array([[0.0], [0.5], [-2.0]])
    zero = jnp.zeros_like(weights)
    out = plastic_rollout(weights, zero, x, m, eta=1.0, decay=0.5, keep=0.5)
    assert out.spikes[:, 0].tolist() == [[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    assert out.traces[0].tolist() == [[0.5, 1.5], [0.0, 1.0]]
    assert out.weights[0].tolist() == [[-0.5, -1.75], [0.0, -2.0]]
    assert out.v[0].tolist() == [0.625, 0.5]


@pytest.mark.parametrize("name", ["reference", "auto"])
@pytest.mark.parametrize(
    "shape, share", [((1, 1, 1), 1.0), ((7, 3, 5), 0.5), ((20, 2, 33), 1.0)]
)
def test_the_reference_is_the_formula(shape, share, name):
    arrays, wiring = draw(*shape, share)
    arrays = (*arrays[:2], arrays[2] + 0.5, arrays[3])
    ours = plastic_rollout(*arrays, wiring=wiring, implementation=name, **LAWS)
    expected = by_hand(*arrays, wiring=wiring, **LAWS)
    np.testing.assert_array_equal(ours.spikes, expected.spikes)
    for a, b in zip(ours[1:], expected[1:], strict=True):
        assert np.abs(a - b).max() < 1e-5


@pytest.mark.parametrize("share", [1.0, 0.3])
@pytest.mark.parametrize("form", [on_cpu.chunks, on_cpu.edges])
def test_the_forms_for_a_processor_live_the_same_lives(form, share):
    """Eleven agents: a chunk of eight and one filled up."""
    (weights, traces, x, m), wiring = draw(24, 11, 20, share)
    wiring = np.ones((20, 20), bool) if wiring is None else wiring
    rest = jnp.zeros(x.shape[1:])
    arrays = weights, traces, rest, rest, x, 0.05 * m
    knobs = dict(wiring=wiring, constants=(0.9, 1.0, 0.9, 3.0))
    ours, plain = (
        Rollout(*jax.jit(functools.partial(run, **knobs))(*arrays))
        for run in (form, reference.plastic_rollout)
    )
    compare(ours, plain)


def test_a_processor_takes_the_form_that_was_measured_to_be_fastest():
    def chosen(population, neurons, synapses):
        weights = jax.ShapeDtypeStruct((population, neurons, neurons), jnp.float32)
        wiring = np.arange(neurons)[None] < np.full((neurons, 1), synapses)
        return on_cpu.form(weights, wiring)

    assert chosen(256, 64, 8) is reference.plastic_rollout  # 8 MB
    assert chosen(512, 64, 8) is reference.plastic_rollout  # 16 MB, the last
    assert chosen(513, 64, 8) is on_cpu.chunks
    assert chosen(256, 128, 9) is on_cpu.chunks  # 34 MB, 7% of pairs
    assert chosen(256, 128, 8) is on_cpu.edges  # 6.25%


@needs_mosaic
@pytest.mark.parametrize("case", TINY, ids=lambda case: case.name)
def test_the_kernel_is_the_reference_and_has_no_race(case, capfd):
    """Interpreted: the same program as on a GPU."""
    inputs = case.inputs(jax.random.key(7))
    ours, theirs = (
        jax.jit(cases.forward(case, name))(*inputs)
        for name in ("interpret", "reference")
    )
    compare(ours, theirs, case.tolerance)
    assert np.any(ours.weights != inputs[0]) and np.any(ours.traces)
    assert "RACE" not in capfd.readouterr().out


@needs_mosaic
def test_without_rounding_the_twins_agree_bit_for_bit():
    """Weights, senses and factors in eighths, all rates powers of two, eight steps."""
    arrays, wiring = draw(8, 3, 32, 0.5)
    arrays = tuple(jnp.round(8 * a) / 8 for a in arrays)
    ours, theirs = (
        plastic_rollout(*arrays, wiring=wiring, implementation=name, **EXACT)
        for name in ("interpret", "reference")
    )
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)
    assert 0.02 < np.mean(ours.spikes) < 0.9


@pytest.mark.parametrize("name", ["reference", "interpret"])
def test_a_life_in_two_calls_is_a_life_in_one(name):
    """The second call, by either twin, goes on from where the reference left it."""
    if name == "interpret" and no_mosaic():
        pytest.skip(no_mosaic())
    (weights, traces, x, m), _ = draw(16, 2, 32)
    whole = plastic_rollout(weights, traces, x, m, **LAWS)
    first = plastic_rollout(weights, traces, x[:8], m[:8], **LAWS)
    live = functools.partial(plastic_rollout, implementation=name, **LAWS)
    then = dict(v=first.v, spikes=first.spikes[-1])
    second = live(first.weights, first.traces, x[8:], m[8:], **then)
    compare(second._replace(spikes=whole.spikes), whole, 1e-6)
    np.testing.assert_array_equal(second.spikes, whole.spikes[8:])


@pytest.mark.parametrize("name", ["reference", "auto", "interpret"])
def test_where_eta_or_the_modulator_is_zero_no_weight_moves(name):
    """Not even one that is beyond the limit. The second agent is told, and moves."""
    if name == "interpret" and no_mosaic():
        pytest.skip(no_mosaic())
    (weights, traces, x, _), _ = draw(8, 2, 32)
    weights = weights.at[:, 1, 2].set(7.0)
    told = jnp.zeros((8, 2)).at[:, 1].set(1.0)
    live = functools.partial(plastic_rollout, weights, traces, x, told)
    knobs = dict(decay=0.9, keep=0.9, implementation=name)
    out = live(eta=0.0, **knobs)
    np.testing.assert_array_equal(out.weights, weights)
    assert np.any(out.traces)
    out = live(eta=0.05, **knobs)
    np.testing.assert_array_equal(out.weights[0], weights[0])
    assert out.weights[1, 1, 2] == 3.0
    assert np.mean(out.weights[1] != weights[1]) > 0.01


def test_it_lives_the_life_of_the_agent_it_stands_for():
    """128 steps of observations and of meals and harm, recorded and lived again.

    The agent adds what its synapses bring onto base and senses one after the other; so
    potentials may differ by a rounding, and hence the synapses by none.
    """
    config = AgentConfig(
        n_neurons=32,
        k_edges=8,
        plast_enabled=True,
        plast_eta=0.05,
        modulator_kind="event",
    )
    topology, steps = random_topology(3, n_neurons=32, k_edges=8), 128
    keys = jax.random.split(jax.random.key(1), 4)
    synapses = topology.source.size
    params = AgentParams(
        obs_w=0.5 * jax.random.normal(keys[0], (32, 4)),
        rec_w=0.4 * jax.random.normal(keys[1], (synapses,)),
        mod_w=jnp.zeros(32),
        motor_w=jnp.zeros((32, 5)),
        motor_b=jnp.zeros(5),
    )
    seen = jax.random.uniform(keys[2], (steps, 4))
    felt = jax.random.normal(keys[3], (steps,))
    felt = jnp.where(jnp.abs(felt) < 1.0, 0.0, felt)
    agent = recurrent(config, topology, steps)
    zero = jnp.float32(0.0)

    def live(state, now):
        observation, gained = now
        state, _ = agent.act(jax.random.key(0), params, state, observation)
        consequence = StepFeedback(
            energy_gained=gained, integrity_lost=zero, drive_fall=zero
        )
        state, _ = agent.learn(params, state, consequence)
        return state, (state.spike, params.obs_w @ observation)

    end, (spikes, x) = jax.lax.scan(live, agent.init(params), (seen, felt))

    place = topology.source, topology.target
    wiring = np.zeros((32, 32), bool)
    wiring[place] = True
    weights = jnp.zeros((1, 32, 32)).at[0, *place].set(params.rec_w)
    ours = plastic_rollout(
        weights,
        jnp.zeros_like(weights),
        x[:, None],
        jnp.tanh(felt)[:, None],
        eta=config.plast_eta,
        decay=math.exp(-1.0 / config.tau_m),
        keep=config.plast_lambda,
        theta=config.theta,
        limit=plasticity.W_LIMIT,
        wiring=wiring,
    )
    dense = jnp.zeros_like(weights)
    expected = Rollout(
        spikes[:, None],
        dense.at[0, *place].set(end.rec_w),
        dense.at[0, *place].set(end.trace),
        end.v[None],
    )
    compare(ours, expected)
    assert np.abs(ours.weights - weights).max() > 0.1  # it learnt


@needs_mosaic
def test_vmap_makes_the_population_larger():
    """Two lives of three agents each, of one birth: the same as one after the other."""
    (weights, traces, x, m), _ = draw(8, 6, 32)
    x, m = x.reshape(8, 2, 3, 32), m.reshape(8, 2, 3)
    start = weights[:3], traces[:3]
    one = lambda x, m: plastic_rollout(*start, x, m, implementation="interpret", **LAWS)
    both = jax.vmap(one, in_axes=1)(x, m)
    for i in range(2):
        plain = plastic_rollout(*start, x[:, i], m[:, i], **LAWS)
        compare(jax.tree.map(lambda a, i=i: a[i], both), plain)


@pytest.mark.parametrize("way", [jax.grad, jax.jacfwd])
def test_asking_for_a_derivative_is_an_error_that_says_why(way):
    (weights, traces, x, m), _ = draw(8, 2, 4)

    def loss(scale, stop=False):
        inputs = jax.tree.map(jax.lax.stop_gradient, x * scale) if stop else x * scale
        out = plastic_rollout(weights, traces, inputs, m, **LAWS)
        return jnp.sum(out.spikes) + scale * jnp.sum(out.v)

    with pytest.raises(TypeError, match=r"no derivative.*stop_gradient"):
        way(loss)(1.0)
    v = plastic_rollout(weights, traces, x, m, **LAWS).v
    slope = way(functools.partial(loss, stop=True))(1.0)
    np.testing.assert_allclose(slope, jnp.sum(v), rtol=1e-6)


@pytest.mark.parametrize(
    "shape, why",
    [((8, 1, 33), "got N=33"), ((7, 1, 32), "multiple of 8, got T=7")],
)
@needs_mosaic
def test_what_the_kernel_cannot_take_it_refuses_and_auto_does_without(shape, why):
    arrays, _ = draw(*shape)
    for named in ("pallas", "interpret"):
        with pytest.raises(NotImplementedError, match=why):
            plastic_rollout(*arrays, implementation=named, **LAWS)
    auto, plain = (
        plastic_rollout(*arrays, implementation=name, **LAWS)
        for name in ("auto", "reference")
    )
    np.testing.assert_array_equal(auto.spikes, plain.spikes)


def test_nothing_to_live_and_mixed_dtypes_are_refused():
    (weights, traces, x, m), _ = draw(3, 2, 4)
    with pytest.raises(ValueError, match=r"at least one of all, got x \(0, 2, 4\)"):
        plastic_rollout(weights, traces, x[:0], m[:0], **LAWS)
    with pytest.raises(ValueError, match="one dtype, got bfloat16, float32"):
        plastic_rollout(weights.astype(jnp.bfloat16), traces, x, m, **LAWS)
