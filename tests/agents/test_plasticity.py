"""Plasticity: what a trace gains by each rule, and how weights follow, by hand."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.agents import (
    AgentConfig,
    AgentParams,
    make,
    random_topology,
    StepFeedback,
)
from koki2.agents.plasticity import abcd, move, together

PAIR = random_topology(0, n_neurons=2, k_edges=1)  # synapse 0 is 0 -> 1, 1 is 1 -> 0


BEFORE, NOW = jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0])


def learn(weights, trace, modulator, *, eta=0.5, keep=0.5, **knobs):
    """Neuron 0 fired before, neuron 1 fires now: only 0 -> 1 was active together."""
    trace = keep * jnp.array(trace, jnp.float32) + together(BEFORE, NOW, PAIR)
    weights, abs_dw = move(
        jnp.array(weights, jnp.float32),
        trace,
        jnp.array(modulator, jnp.float32),
        PAIR,
        eta=eta,
        **knobs,
    )
    return weights.tolist(), trace.tolist(), abs_dw.item()


def test_one_step_by_hand():
    """Traces 1/2 * 1/2 + 1 and 1/2 * 1/2, times eta m = -1/8; mean size 3/32."""
    weights, trace, abs_dw = learn([0.0, 1.0], [0.5, 0.5], -0.25)
    assert trace == [1.25, 0.25]
    assert weights == [-0.15625, 0.96875]
    assert abs_dw == 0.09375


def test_a_weight_that_moves_is_held_within_three():
    weights, _, abs_dw = learn([2.75, 3.0], [0.0, 2.0], 1.0)
    assert weights == [3.0, 3.0]
    assert abs_dw == 0.5  # as if there were no bound
    assert learn([-2.75, 7.0], [0.0, 0.0], -1.0)[0] == [-3.0, 3.0]


@pytest.mark.parametrize(
    "knobs, born",
    [
        ({"plast_enabled": True, "plast_eta": 0.1}, [3.0, -3.0]),
        ({"plast_enabled": True, "control": "frozen"}, [3.0, -3.0]),
        ({"plast_enabled": True, "strain": "hard"}, [3.0, -3.0]),
        ({}, [7.0, -5.0]),
    ],
)
def test_weights_that_may_move_are_born_within_three(knobs, born):
    """Under Dale's law neuron 0 excites and neuron 1 inhibits, as they do here."""
    config = AgentConfig(n_neurons=2, k_edges=1, excitatory_fraction=0.5, **knobs)
    params = AgentParams(
        obs_w=jnp.zeros((2, 1)),
        rec_w=jnp.array([7.0, -5.0]),
        mod_w=jnp.zeros(2),
        motor_w=jnp.zeros((2, 5)),
        motor_b=jnp.zeros(5),
    )
    agent = make(config, PAIR, steps=4)
    state = agent.init(params)
    if agent.learn is not None:
        assert state.rec_w.tolist() == born
    state = dataclasses.replace(state, spike=jnp.ones(2))
    state, _ = agent.act(jax.random.key(0), params, state, jnp.zeros(1))
    heard = np.asarray(state.v + state.spike)  # theta is 1
    np.testing.assert_allclose(heard, [born[1], born[0]], rtol=1e-6)


@pytest.mark.parametrize("modulator", [0.0, -0.0])
def test_without_a_modulator_weights_stay_even_beyond_three(modulator):
    weights, trace, abs_dw = learn([5.0, -7.0], [0.5, 0.5], modulator)
    assert weights == [5.0, -7.0]
    assert trace == [1.25, 0.25]
    assert abs_dw == 0.0


def test_without_a_learning_rate_weights_stay_while_the_trace_evolves():
    odd = np.array([0.1, -2.9], np.float32).tolist()
    weights, trace, abs_dw = learn(odd, [0.5, 0.5], 0.7, eta=0.0)
    assert (weights, trace, abs_dw) == (odd, [1.25, 0.25], 0.0)


def test_the_abcd_rule_by_hand():
    """0 -> 1: pre 1, post 1, all four; 1 -> 0: pre 0, post 0, D alone."""
    genes = jnp.array([[8.0, 8.0], [4.0, 4.0], [2.0, 2.0], [1.0, -1.0]])
    assert abcd(genes, BEFORE, NOW, PAIR).tolist() == [15.0, -1.0]
    assert abcd(genes, NOW, NOW, PAIR).tolist() == [2.0 + 1.0, 4.0 - 1.0]  # C D, B D


def test_a_trace_below_zero_counts_by_its_size():
    trace = jnp.array([1.0, -3.0])
    args = jnp.zeros(2), trace, jnp.float32(0.5), PAIR
    weights, abs_dw = move(*args, eta=0.5, signed=True)
    assert (weights.tolist(), abs_dw.item()) == ([0.25, -0.75], 0.5)


def test_a_modulator_of_each_neuron_moves_the_synapses_onto_it():
    """Onto 1: 1/2 * -1/2 * 1.25; onto 0 nothing, and 7 stays beyond the clip."""
    weights, _, abs_dw = learn([0.0, 7.0], [0.5, 0.5], [0.0, -0.5])
    assert weights == [-0.3125, 7.0]
    assert abs_dw == 0.3125 / 2


def test_a_synapse_whose_own_rate_is_zero_stays():
    weights, _, abs_dw = learn([0.0, 7.0], [0.5, 0.5], 1.0, eta=jnp.array([0.5, 0.0]))
    assert weights == [0.625, 7.0]
    assert abs_dw == 0.3125


def agent_that_learns(phases=None, **knobs):
    """0 -> 1 was active together: traces 1, then 2; a modulator of 1/2 each step."""
    config = AgentConfig(
        n_neurons=2,
        k_edges=1,
        plast_enabled=True,
        plast_eta=0.5,
        plast_lambda=1.0,
        modulator_kind="vector",
        **knobs,
    )
    params = AgentParams(
        obs_w=jnp.zeros((2, 1)),
        rec_w=jnp.zeros(2),
        motor_w=jnp.zeros((2, 1)),
        motor_b=jnp.zeros(1),
        mod_vec=jnp.ones((2, 3)) * float(np.arctanh(0.5)),
        phases=None if phases is None else jnp.array(phases),
    )
    return make(config, PAIR, steps=5), params


def weights_by_step(factors, **knobs):
    agent, params = agent_that_learns(**knobs)
    state = agent.init(params).replace(before=BEFORE, spike=NOW)
    one, none, weights = jnp.float32(1), jnp.float32(0), []
    for factor in factors:
        feedback = StepFeedback(
            energy_gained=one,
            integrity_lost=none,
            drive_fall=none,
            plasticity=None if factor is None else jnp.float32(factor),
        )
        state, _ = agent.learn(params, state, feedback)
        weights.append(state.rec_w[0].item())
    return weights


def test_a_schedule_lets_plasticity_rise_over_the_phase_of_the_episode():
    """Phases 0, 1/4, 1/2 of five steps: shares 0, 1/2, 1 of 1/4 times 1, 2, 3."""
    knobs = {"plast_start_phi": 0.0, "plast_end_phi": 0.5}
    weights = weights_by_step([None] * 3, **knobs)
    np.testing.assert_allclose(weights, [0.0, 0.25, 1.0], rtol=1e-6)
    assert weights[0] == 0.0
    weights = weights_by_step([None] * 3, plast_eta_min_frac=0.5, **knobs)
    np.testing.assert_allclose(weights, [0.125, 0.5, 1.25], rtol=1e-6)
    mature = weights_by_step([None] * 3, plast_start_phi=0.5, plast_end_phi=0.5)
    np.testing.assert_allclose(mature, [0.25, 0.75, 1.5], rtol=1e-6)


def test_a_genome_may_shift_the_end_of_the_schedule():
    """Complete at 1/2 - 1/4: shares 0, 1, 1; at 0 from birth; after 1 never."""
    knobs = {"plast_end_phi": 0.5, "phase_genes": True}
    shifted = lambda gene: weights_by_step([None] * 3, phases=[gene, 9.0], **knobs)
    np.testing.assert_allclose(shifted(-0.25), [0.0, 0.5, 1.25], rtol=1e-6)
    np.testing.assert_allclose(shifted(-3.0), [0.25, 0.75, 1.5], rtol=1e-6)
    np.testing.assert_allclose(shifted(0.0), [0.0, 0.25, 1.0], rtol=1e-6)
    assert shifted(3.0) == shifted(0.5)


def test_without_a_schedule_no_step_is_counted():
    agent, params = agent_that_learns()
    assert agent.init(params).t is None


def test_nursing_scales_the_learning_rate_from_outside():
    """1/4 times traces 1, 2, 3, each times its factor; at 0 nothing moves."""
    weights = weights_by_step([0.0, 0.5, 2.0])
    np.testing.assert_allclose(weights, [0.0, 0.25, 1.75], rtol=1e-6)
    assert weights[0] == 0.0


def test_clamped_it_learns_whatever_the_feedback():
    """Half of the clamp, -1/2, times traces 1 and 2."""
    weights = weights_by_step([None] * 2, control="clamped", clamp_value=-0.5)
    assert weights == [-0.25, -0.75]
