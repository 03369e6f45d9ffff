"""Nursing, in a room of one cell where all that happens is on paper.

A life of five steps: phases 0, 1/4, 1/2, 3/4, 1. A factor that ends at 1/2 is at birth,
then (smoothstep of a half) half way, then an adult's.
"""

import dataclasses
import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from bits import assert_same_bits
from jaxtyping import Array, Float, Int

from koki2.agents import walker
from koki2.agents.base import Agent, Learning
from koki2.core.keys import episode_keys
from koki2.envs import chemotaxis, ChemotaxisConfig
from koki2.envs.base import BodyFeedback, Care, Env, Feedback
from koki2.envs.senses import fill_of, gradient_to, HAZARD
from koki2.evolution import (
    build,
    episode,
    EvolutionConfig,
    report,
    rollout,
    run_episode,
    setting,
)
from koki2.evolution.build import adult
from koki2.evolution.configs import FitnessConfig, LoopConfig, NursingConfig
from koki2.evolution.nursing import (
    ADULT,
    fertility,
    first_step,
    MOTOR,
    nursing,
    SENSE,
)

T = 5


@chex.dataclass(frozen=True, kw_only=True)
class Room:
    t: Int[Array, ""]
    care: Float[Array, "T 4"]  # metabolism, buffer, richness, hazard of each step


def room(steps=T, feeds=1.0, harms=0.0):
    """Feeds and harms so much each step; remembers how it was told to care."""
    seen = jnp.array([1.0, 2.0, 3.0])

    def init(key):
        del key
        return Room(t=jnp.int32(0), care=jnp.full((steps, 4), jnp.nan)), seen

    def step(key, state, action, care: Care | None = None):
        del key, action
        factors = [jnp.float32(x) for x in (1, 0, 1, 1)]
        if care is not None:
            factors = [care.metabolism, care.buffer, care.richness, care.hazard]
        body = BodyFeedback(
            energy_gained=feeds * factors[2],
            integrity_lost=harms * factors[3],
            drive_fall=jnp.float32(0),
            integrity=jnp.float32(1),
            bad_arrivals=jnp.int32(0),
            reached=jnp.array(False),
        )
        feedback = Feedback(
            reward=body.drive_fall,
            terminated=jnp.array(False),
            truncated=state.t + 1 >= steps,
            body=body,
        )
        care = state.care.at[state.t].set(jnp.stack(factors))
        return Room(t=state.t + 1, care=care), seen, feedback

    return Env(
        init=init,
        step=step,
        observation_size=3,
        num_actions=5,
        steps=steps,
        version=1,
    )


@chex.dataclass(frozen=True, kw_only=True)
class Diary:
    t: Int[Array, ""]
    seen: Float[Array, "T 3"]
    plasticity: Float[Array, " T"]


def diarist(cost=None):
    """Means to go right; writes down what it sees, and how well it could learn."""

    def init(params):
        blank = jnp.full((T, 3), jnp.nan)
        return Diary(t=jnp.int32(0), seen=blank, plasticity=blank[:, 0])

    def act(key, params, state, seen):
        del key
        written = state.seen.at[state.t].set(seen)
        return dataclasses.replace(state, seen=written), jnp.int32(4)

    def learn(params, state, felt):
        factor = jnp.float32(1) if felt.plasticity is None else felt.plasticity
        written = state.plasticity.at[state.t].set(factor)
        after = dataclasses.replace(state, t=state.t + 1, plasticity=written)
        return after, Learning(abs_dw=jnp.float32(0), abs_modulator=jnp.float32(0))

    return Agent(init=init, act=act, learn=learn, cost=cost)


@functools.cache
def lived(cost=None, **knobs):
    """A diarist's life in the room, nursed so."""
    life = episode(room(), diarist(cost), nursing(NursingConfig(**knobs), T))
    return jax.jit(lambda key: run_episode(key, life, None))(jax.random.key(0))


def test_unless_something_is_on_nothing_is_built():
    assert nursing(NursingConfig(), T) == ADULT
    assert (
        nursing(NursingConfig(nurse_hazard=0.0, nurse_hazard_end_phi=0.0), T) == ADULT
    )
    plain, given = episode(room(), diarist()), lived()
    program = lambda life: str(
        jax.make_jaxpr(life.step)(jax.random.key(0), 0, None, given)
    )
    off = episode(room(), diarist(), nursing(NursingConfig(), T))
    assert program(off) == program(plain)


GROWN = dict(metabolism=1.0, buffer=0.0, richness=1.0, hazard=1.0)


@pytest.mark.parametrize(
    "name, birth, half",
    [
        ("metabolism", 0.5, 0.75),
        ("buffer", 0.5, 0.25),
        ("richness", 3.0, 2.0),
        ("hazard", 0.0, 0.5),
    ],
)
def test_the_care_given_to_the_world_ripens_one_factor_at_a_time(name, birth, half):
    care = lived(**{f"nurse_{name}": birth}).world.care
    for column, (other, grown) in zip(care.T, GROWN.items(), strict=True):
        values = [birth, half] + 3 * [grown] if other == name else 5 * [grown]
        assert column.tolist() == values, other


def test_factors_have_ends_of_their_own():
    """A quarter of the way, smoothstep is (3 - 2/4) / 16 = 5/32."""
    knobs = dict(nurse_hazard=0.0, nurse_richness=2.0)
    ends = dict(nurse_hazard_end_phi=1.0, nurse_richness_end_phi=0.25)
    care = lived(**knobs, **ends).world.care
    assert care[:, 3].tolist() == [0, 5 / 32, 0.5, 27 / 32, 1]
    assert care[:, 2].tolist() == [2, 1, 1, 1, 1]


def test_a_plastic_agent_learns_at_its_age():
    assert lived().body.plasticity.tolist() == [1] * T
    assert lived(nurse_plasticity=3.0).body.plasticity.tolist() == [3, 2, 1, 1, 1]


def test_gain_ripens_on_the_gradient_only():
    seen = lived(nurse_sense_gain=0.0).body.seen
    assert seen.tolist() == [[0, 0, 3], [0.5, 1, 3]] + 3 * [[1, 2, 3]]


SENSES = (
    gradient_to("food", (3, 3)),
    *fill_of("energy"),
    gradient_to("water", (3, 3)),
    gradient_to(HAZARD, (3, 3)),
)
GIVEN = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]


@chex.dataclass(frozen=True, kw_only=True)
class Genes:
    phases: Float[Array, "2"]


def given(t, genes=None, senses=SENSES, **knobs):
    """What an agent is given at step t of five."""
    sense = nursing(NursingConfig(**knobs), T, senses).sense
    params = None if genes is None else Genes(phases=jnp.array(genes))
    seen = sense(jax.random.key(0), jnp.int32(t), jnp.array(GIVEN), params)
    return seen.tolist()


def test_gain_is_on_every_gradient_of_the_world_or_on_two_channels_of_one_unnamed():
    """Half way, at phase 1/4, it is half way from 0 to 1."""
    expected = [0.5, 1.0, 4.0, 4.0, 8.0, 16.0, 32.0]
    assert given(1, nurse_sense_gain=0.0) == expected
    unnamed = [0.5, 1.0, *GIVEN[2:]]
    assert given(1, senses=(), nurse_sense_gain=0.0) == unnamed
    assert given(2, nurse_sense_gain=0.0) == GIVEN


def test_the_smell_of_hazards_has_a_schedule_of_its_own():
    assert given(0, nurse_hazard_smell=3.0) == [*GIVEN[:5], 96.0, 192.0]
    assert given(1, nurse_hazard_smell=3.0) == [*GIVEN[:5], 64.0, 128.0]
    knobs = NursingConfig(nurse_hazard_smell=3.0)
    assert nursing(knobs, T, SENSES[:3]) == ADULT  # nothing of the kind to smell


def test_a_genome_may_shift_the_end_of_the_gain_on_its_senses():
    """The end is 1/2 + gene, in [0, 1]: at phase 1/4 of 1/4, 1/2 and 1."""
    gain = lambda gene: given(1, [9.0, gene], nurse_sense_gain=0.0)[0]
    assert [gain(gene) for gene in (-9.0, -0.25, 0.0, 0.5, 9.0)] == [
        *(1.0, 1.0, 0.5),
        *(0.15625, 0.15625),  # 3 s^2 - 2 s^3 of 1/4
    ]


def keys_of_steps():
    """As in the contract: fold_in(key_life, t)."""
    key_life = jax.random.split(jax.random.key(0))[1]
    return [jax.random.fold_in(key_life, t) for t in range(T)]


def test_noise_falls_and_is_drawn_with_a_key_of_its_own():
    seen = lived(nurse_sense_noise=1.0).body.seen
    for t, size in enumerate([1, 0.5, 0, 0, 0]):
        drawn = jax.random.normal(jax.random.fold_in(keys_of_steps()[t], SENSE), (3,))
        expected = np.array([1, 2, 3]) + size * np.asarray(drawn)
        np.testing.assert_allclose(seen[t], expected, rtol=1e-6)


def test_the_young_cannot_always_do_what_they_mean():
    """At birth never, then with chance 1/2, then always; else they stay."""
    stats = lived(nurse_motor=0.0).stats
    second = jax.random.fold_in(keys_of_steps()[1], MOTOR)
    moves = 3 + int(jax.random.bernoulli(second, 0.5))
    assert stats.actions.tolist() == [T - moves, 0, 0, 0, moves]


def test_motor_and_sense_draw_with_keys_that_nothing_else_uses():
    key = keys_of_steps()[0]
    folded = [jax.random.fold_in(key, purpose) for purpose in (MOTOR, SENSE)]
    four = [*folded, *jax.random.split(key)]
    assert len({tuple(jax.random.key_data(k).tolist()) for k in four}) == 4


def test_nursing_shifts_no_other_draw():
    """A walker hears nothing and its world is noisy: both draw as ever."""
    env = chemotaxis(ChemotaxisConfig(width=9, steps=8, obs_noise=0.1))
    knobs = NursingConfig(nurse_sense_noise=1.0, nurse_sense_gain=0.5)
    ends = [
        jax.jit(
            lambda key, how=how: run_episode(key, episode(env, walker(), how), None)
        )(jax.random.key(3))
        for how in (ADULT, nursing(knobs, 8))
    ]
    assert_same_bits(ends[0].stats, ends[1].stats)
    assert_same_bits(ends[0].observation, ends[1].observation)


# --- fitness --------------------------------------------------------------------------


def test_steps_of_the_young_weigh_what_we_say():
    """Steps 0 and 1 are before phase 1/2: 2 * 1/4 + 3 steps, and as many meals."""
    stats = lived(repro_phi=0.5, early_weight=0.25).stats
    figures = report(FitnessConfig(), stats)
    assert float(figures["fitness"]) == 3.5 + 10 * 3.5
    assert (float(figures["t_alive"]), float(figures["energy_gained"])) == (5, 5)
    assert lived(repro_phi=0.5).stats.weighted is None
    assert lived(early_weight=0.25).stats.weighted is None  # no step is before phase 0


@pytest.mark.parametrize(
    "phi, steps, first",
    [(0.0, 5, 0), (0.5, 5, 2), (0.51, 5, 3), (1.0, 5, 4), (0.07, 101, 7)],
)
def test_a_life_reproduces_once_it_has_lived_a_step_of_that_phase(phi, steps, first):
    config = NursingConfig(repro_phi=phi)
    assert first_step(config, steps) == first
    alive = jnp.array([[first, 0], [0, first + 1]])
    fertile = fertility(config, steps)
    assert (fertile is None) == (phi == 0)
    if fertile is not None:
        assert fertile(alive).tolist() == [False, True]


def test_what_working_costs_is_charged():
    """The cost is the number of steps lived: 1 + 2 + ... + 5."""
    stats = lived(lambda params, body: body.t.astype(jnp.float32)).stats
    figures = report(FitnessConfig(cost_weight=2.0), stats)
    assert float(figures["cost"]) == 15
    assert float(figures["fitness"]) == 5 + 10 * 5 - 2 * 15
    assert float(report(FitnessConfig(cost_weight=0.0), stats)["fitness"]) == 55
    assert lived().stats.cost is None and "cost" not in report(
        FitnessConfig(), lived().stats
    )


# --- the whole ------------------------------------------------------------------------

EVERYTHING = NursingConfig(
    nurse_metabolism=0.5,
    nurse_buffer=0.5,
    nurse_richness=2.0,
    nurse_hazard=0.0,
    nurse_motor=0.5,
    nurse_plasticity=2.0,
    nurse_sense_gain=0.5,
    nurse_sense_noise=0.5,
    repro_phi=0.5,
    early_weight=0.5,
)


@pytest.mark.slow
def test_nursed_lives_in_lanes_are_those_lived_plainly():
    config = tiny.config(tiny.DEPLETING, tiny.PLASTIC, nursing=EVERYTHING)
    parts, params = tiny.population(config, 9)
    keys = episode_keys(5, 2)
    lanes = jax.jit(lambda k, p: rollout(parts.episode, k, p))(keys, params)
    alone = jax.jit(
        jax.vmap(
            lambda p: jax.vmap(lambda key: run_episode(key, parts.episode, p).stats)(
                episode_keys(5, 2)
            )
        )
    )(params)
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    jax.tree.map(close, lanes, alone)


def test_an_adult_config_is_the_config_without_nursing():
    config = tiny.config(nursing=EVERYTHING)
    assert adult(config) == tiny.config() != config
    assert adult(tiny.config()) == tiny.config()


def test_genomes_are_judged_in_a_task_without_nursing():
    config = tiny.config(nursing=EVERYTHING)
    named = setting(config)
    data = named.data(0)
    for task, weighs in ((named.task(data), True), (named.adult(data), False)):
        params = task.genome.develop(jax.random.key(0), jnp.zeros(task.genome.size))
        world, observation, _ = task.episode.reset(jax.random.key(0))
        stats = task.episode.start(world, observation, params).stats
        assert (stats.weighted is not None) == weighs


@pytest.mark.parametrize(
    "decay, barren", [(0.5, 4), pytest.param(0.0, 0, marks=pytest.mark.slow)]
)
def test_a_genome_that_dies_before_its_time_does_not_reproduce(decay, barren):
    """Two steps of life are not enough for the sixth; then nothing is learnt."""
    world = dict(width=4, energy_decay=decay, energy_gain=0.0, steps=12)
    config = tiny.config(
        world,
        pop_size=4,
        episodes=1,
        generations=1,
        checkpoint_every=1,
        nursing=NursingConfig(repro_phi=0.5),
    )
    (start, after), rows, _ = tiny.run(build(config, 0), 1)
    assert rows["repro_failed"] == [barren]
    assert rows["evaluated"] == [4]
    moved = np.any(after[".search.mean"] != start[".search.mean"])
    assert not (barren and moved)
    assert (rows["generation_best"][0] == np.float32(-1e9)) == bool(barren)


def test_success_that_ends_a_life_cannot_be_too_early_to_reproduce():
    with pytest.raises(ValueError, match="terminate_on_reach"):
        EvolutionConfig(
            env=ChemotaxisConfig(terminate_on_reach=True),
            loop=LoopConfig(),
            nursing=NursingConfig(repro_phi=0.5),
        )
