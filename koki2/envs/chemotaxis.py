"""Chemotaxis: find what feeds, by a gradient that also points at what harms.

Levels L0.0 (1-D), L0.1 (2-D), L0.2 (several sources, some harmful), L1.0 (sources
deplete and come back) and L1.1 (the gradient drops out, the senses are noisy) are
settings of one world, and so are L0.2, L1.0 and L1.1 as seed 002 has them, on a line.
Positions are in cells, (x, y) from the north-west corner;
energy and integrity are in [0, 1], 1 is full; an episode lasts T steps.

Energy is no pressure at the defaults: it reaches zero exactly at the horizon, so
no agent starves; in L1.0 and L1.1 one that finds no food does, in step 50. Entering a
good source again pays again.

Source: seed 002, stages L0 and L1; its runbook names every setting.
"""

import dataclasses
from typing import cast

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.core.given import given
from koki2.core.schedules import phase, smoothstep
from koki2.core.types import Key
from koki2.envs.base import (
    Action,
    Care,
    Feedback,
    MapEnv,
    Observation,
    Policy,
    PrivilegedState,
)
from koki2.envs.body import arrivals, count, Effects, live, truth
from koki2.envs.configs import ChemotaxisConfig
from koki2.envs.grid import Map
from koki2.envs.senses import fill_of, gradient_to, HAZARD
from koki2.policies.blind import schedule, sweep_rows
from koki2.policies.feeding import NEAR, steady, until_harmed, wary


@chex.dataclass(frozen=True, kw_only=True)
class ChemotaxisState:
    """One episode. Fields of features that are off are left out (None)."""

    t: Int[Array, ""]  # steps taken
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells
    bad: Bool[Array, " K"]
    energy: Float[Array, ""]
    integrity: Float[Array, ""]
    respawn: Int[Array, " K"] | None  # steps until active again; 0 is active


def chemotaxis(config: ChemotaxisConfig = ChemotaxisConfig()) -> MapEnv:
    """Builds the world of this module; `ChemotaxisConfig` has its settings.

    The observation is `[gx, gy, energy, integrity]`, where g points from the agent to
    the nearest active source, in units of the world's size; zero if there is none.
    It passes, in this order: quantise, gain, dropout, noise. With `hazard_smell` the
    way to the nearest active source that harms follows, times that gain, and noisy.

    Example:
      >>> env = chemotaxis(ChemotaxisConfig(width=9, num_sources=2))
      >>> state, observation = env.init(jax.random.key(0))
      >>> state.position.tolist(), observation.shape, env.num_actions
      ([4, 0], (4,), 5)
    """
    config = config.resolved()
    decay = cast(float, config.energy_decay)
    map = Map(config.width, config.height)
    sources, bad_sources = config.num_sources, config.num_bad_sources
    channels = 4 if config.hazard_smell is None else 6
    erring = config.obs_noise > 0 or config.grad_dropout_p > 0

    def init(key: Key) -> tuple[ChemotaxisState, Observation]:
        key_position, key_kind, key_sense = jax.random.split(key, 3)
        nth = jax.random.permutation(key_kind, sources)
        bad = jnp.zeros(sources, bool).at[nth].set(jnp.arange(sources) < bad_sources)
        state = ChemotaxisState(
            t=jnp.int32(0),
            position=jnp.array([config.width // 2, config.height // 2], jnp.int32),
            source=jax.random.randint(key_position, (sources, 2), 0, map.size[None]),
            bad=bad,
            energy=jnp.float32(config.energy_init),
            integrity=jnp.float32(1.0),
            respawn=jnp.zeros(sources, jnp.int32) if config.deplete_sources else None,
        )
        return state, observe(key_sense, state)

    def ripe(state: ChemotaxisState, name: str) -> Float[Array, ""]:
        """How far a sense has ripened: the schedule of the settings of that name."""
        names = [f"{name}_{part}" for part in ("min", "max", "start_phi", "end_phi")]
        values = (getattr(config, setting) for setting in names)
        return smoothstep(phase(state.t, config.steps), *values)

    def observe(key: Key, state: ChemotaxisState) -> Observation:
        sensed = _active(state)
        if config.good_only_gradient:
            sensed = sensed & ~state.bad
        gradient = map.gradient(state.source, state.position, sensed)
        if config.grad_bins_min > 0 or config.grad_bins_max > 0:
            bins = ripe(state, "grad_bins")
            coarse = jnp.round(gradient * bins) / jnp.where(bins > 0, bins, 1.0)
            gradient = jnp.where(bins > 0, coarse, gradient)
        if config.grad_gain_min != 1 or config.grad_gain_max != 1:
            gradient = gradient * ripe(state, "grad_gain")
        key_dropout, key_noise = jax.random.split(key)
        if config.grad_dropout_p > 0:
            dropped = jax.random.bernoulli(key_dropout, config.grad_dropout_p)
            gradient = jnp.where(dropped, 0.0, gradient)
        observation = jnp.stack(
            [gradient[0], gradient[1], state.energy, state.integrity]
        )
        if config.hazard_smell is not None:
            way = map.gradient(state.source, state.position, _active(state) & state.bad)
            smell = config.hazard_smell * way
            observation = jnp.concatenate([observation, smell])
        if config.obs_noise > 0:
            noise = jax.random.normal(key_noise, (channels,))
            observation = observation + config.obs_noise * noise
        return observation

    def step(
        key: Key, state: ChemotaxisState, action: Action, care: Care | None = None
    ) -> tuple[ChemotaxisState, Observation, Feedback]:
        key_deplete, key_place, key_sense = jax.random.split(key, 3)
        position = map.move(state.position, action)
        active = _active(state)
        standing, arrived = arrivals(state.source, state.position, position, active)
        meals, harms = count(arrived & ~state.bad), count(arrived & state.bad)
        reached = jnp.any(standing & ~state.bad)
        source, respawn = state.source, state.respawn
        if config.deplete_sources:
            source, respawn = deplete(key_deplete, key_place, state, arrived)
        after, feedback = live(
            state,
            Effects(
                cost=decay,
                gain=config.energy_gain * meals.astype(jnp.float32),
                loss=config.bad_source_integrity_loss * harms.astype(jnp.float32),
                reached=reached,
                bad_arrivals=harms,
            ),
            steps=config.steps,
            care=care,
            position=position,
            source=source,
            respawn=respawn,
        )
        fall = _drive(state) - _drive(after)  # rounded as published figures are
        body = dataclasses.replace(given(feedback.body), drive_fall=fall)
        feedback = dataclasses.replace(feedback, reward=fall, body=body)
        if config.terminate_on_reach:
            terminated = feedback.terminated | reached
            feedback = dataclasses.replace(feedback, terminated=terminated)
        return after, observe(key_sense, after), feedback

    def deplete(
        key_deplete: Key,
        key_place: Key,
        state: ChemotaxisState,
        arrived: Bool[Array, " K"],
    ) -> tuple[Int[Array, "K 2"], Int[Array, " K"]]:
        """Sources arrived at go; those whose time has come are elsewhere, now."""
        goes = arrived
        if bad_sources and config.bad_source_deplete_p < 1:
            p = config.bad_source_deplete_p
            depletes = jax.random.bernoulli(key_deplete, p, (sources,))
            goes = arrived & (~state.bad | depletes)
        delay = jnp.full(sources, config.respawn_delay, jnp.int32)
        if config.bad_source_respawn_delay >= 0:
            delay = jnp.where(state.bad, config.bad_source_respawn_delay, delay)
        left = given(state.respawn)
        waiting = left > 0
        respawn = jnp.where(goes, delay, jnp.maximum(left - 1, 0))
        comes = (waiting | goes) & (respawn == 0)
        place = map.cells(key_place, sources)
        return jnp.where(comes[:, None], place, state.source), respawn

    def privileged_state(state: ChemotaxisState) -> PrivilegedState:
        harm = -jnp.maximum(jnp.float32(config.bad_source_integrity_loss), 1e-6)
        food = jnp.maximum(jnp.float32(config.energy_gain), 1e-6)
        worth = jnp.where(state.bad, harm, food)
        return truth(state, worth, active=_active(state))

    def competent() -> Policy:
        harmed = config.bad_source_integrity_loss / 2
        if not erring:
            return wary(map.span, harmed)
        if config.height == 1:  # the nose errs by cells: it is better not used at all
            sweep = schedule(sweep_rows(config.width, 1))
            loss = config.bad_source_integrity_loss
            return until_harmed(sweep, loss, times=3)
        doubt = jnp.maximum(2.3 * config.obs_noise * float(map.span.max()), NEAR)
        return steady(wary(map.span, harmed), map.span, doubt=doubt)

    return MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state,
        observation_size=channels,
        senses=(
            gradient_to("gradient", map.span),
            *fill_of("energy", "integrity"),
            *[gradient_to(HAZARD, map.span)][: config.hazard_smell is not None],
        ),
        steps=config.steps,
        version=1,
        size=(config.width, config.height),
        planner="straight",  # that of published figures
        competent=competent(),
    )


def _active(state: ChemotaxisState) -> Bool[Array, " K"]:
    if state.respawn is None:
        return jnp.ones_like(state.bad)
    return state.respawn == 0


def _drive(state: ChemotaxisState) -> Float[Array, ""]:
    return (state.energy - 1.0) ** 2 + (state.integrity - 1.0) ** 2
