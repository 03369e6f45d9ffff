"""Chemotaxis: find what feeds, by a gradient that also points at what harms.

Levels L0.0 (1-D), L0.1 (2-D), L0.2 (several sources, some harmful), L1.0 (sources
deplete and come back) and L1.1 (the gradient drops out, the senses are noisy) are
settings of one world. Positions are in cells, (x, y) from the north-west corner;
energy and integrity are in [0, 1], 1 is full; a life lasts T steps.

Energy is no pressure at the defaults: it reaches zero exactly at the horizon, so
nobody starves (levels from L2 on differ). Entering a good source again pays again.

Source: seed 002, stages L0 and L1; its runbook names every knob.
"""

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.core.schedules import phase, smoothstep
from koki2.core.types import Key
from koki2.envs.base import (
    BodyFeedback,
    Care,
    Feedback,
    MapEnv,
    Policy,
    PrivilegedState,
)
from koki2.envs.configs import ChemotaxisConfig
from koki2.envs.grid import cells, moved, nearest, towards

VERSION = 1
CAUTION = 0.85  # integrity at which the competent script holds still


@chex.dataclass(frozen=True, kw_only=True)
class ChemotaxisState:
    """One life. Fields of features that are off are left out (None)."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells
    bad: Bool[Array, " K"]
    energy: Float[Array, ""]
    integrity: Float[Array, ""]
    respawn: Int[Array, " K"] | None  # steps until active again; 0 is active


def chemotaxis(config: ChemotaxisConfig = ChemotaxisConfig()) -> MapEnv:
    """Builds the world. See the module for the task, `ChemotaxisConfig` for knobs.

    The observation is `[gx, gy, energy, integrity]`, where g points from the agent to
    the nearest active source, in units of the world's size; zero if there is none.
    It passes, in this order: quantise, gain, dropout, noise.

    Example:
      >>> env = chemotaxis(ChemotaxisConfig(width=9, num_sources=2))
      >>> state, observation = env.init(jax.random.key(0))
      >>> state.position.tolist(), observation.shape, env.num_actions
      ([4, 0], (4,), 5)
    """
    size = np.array([config.width, config.height], np.int32)
    span = np.maximum(size - 1, 1).astype(np.float32)
    erring = config.obs_noise > 0 or config.grad_dropout_p > 0

    def init(key: Key) -> tuple[ChemotaxisState, Float[Array, "4"]]:
        key_position, key_kind, key_sense = jax.random.split(key, 3)
        shape = (config.num_sources, 2)
        nth = jax.random.permutation(key_kind, config.num_sources)
        state = ChemotaxisState(
            t=jnp.int32(0),
            position=jnp.array([config.width // 2, config.height // 2], jnp.int32),
            source=jax.random.randint(key_position, shape, 0, size[None]),
            bad=jnp.zeros(config.num_sources, bool)
            .at[nth]
            .set(jnp.arange(config.num_sources) < config.num_bad_sources),
            energy=jnp.float32(config.energy_init),
            integrity=jnp.float32(1.0),
            respawn=jnp.zeros(config.num_sources, jnp.int32)
            if config.deplete_sources
            else None,
        )
        return state, observe(key_sense, state)

    def observe(key: Key, state: ChemotaxisState) -> Float[Array, "4"]:
        phi = phase(state.t, config.steps)
        gradient = sense(state)
        bins_on = config.grad_bins_min > 0 or config.grad_bins_max > 0
        gain_on = config.grad_gain_min != 1 or config.grad_gain_max != 1
        if bins_on:
            bins = smoothstep(
                phi,
                config.grad_bins_min,
                config.grad_bins_max,
                config.grad_bins_start_phi,
                config.grad_bins_end_phi,
            )
            coarse = jnp.round(gradient * bins) / jnp.where(bins > 0, bins, 1.0)
            gradient = jnp.where(bins > 0, coarse, gradient)
        if gain_on:
            gradient = gradient * smoothstep(
                phi,
                config.grad_gain_min,
                config.grad_gain_max,
                config.grad_gain_start_phi,
                config.grad_gain_end_phi,
            )
        key_dropout, key_noise = jax.random.split(key)
        if config.grad_dropout_p > 0:
            dropped = jax.random.bernoulli(key_dropout, config.grad_dropout_p)
            gradient = jnp.where(dropped, 0.0, gradient)
        observation = jnp.stack(
            [gradient[0], gradient[1], state.energy, state.integrity]
        )
        if config.obs_noise > 0:
            noise = jax.random.normal(key_noise, (4,))
            observation = observation + config.obs_noise * noise
        return observation

    def sense(state: ChemotaxisState) -> Float[Array, "2"]:
        """Offset to the nearest source that can be sensed, in world sizes."""
        sensed = _active(state)
        if config.good_only_gradient:
            sensed = sensed & ~state.bad
        offset = nearest(state.source - state.position[None], sensed)
        return offset.astype(jnp.float32) / span

    def step(
        key: Key,
        state: ChemotaxisState,
        action: Int[Array, ""],
        care: Care | None = None,
    ) -> tuple[ChemotaxisState, Float[Array, "4"], Feedback]:
        key_deplete, key_place, key_sense = jax.random.split(key, 3)
        before = state.position
        position = moved(before, action, size)
        active = _active(state)
        was_here = jnp.all(state.source == before[None], axis=1)
        is_here = jnp.all(state.source == position[None], axis=1) & active
        arrived = is_here & ~was_here
        meals = jnp.sum(arrived & ~state.bad, dtype=jnp.int32)
        harms = jnp.sum(arrived & state.bad, dtype=jnp.int32)
        gained = config.energy_gain * meals.astype(jnp.float32)
        lost = config.bad_source_integrity_loss * harms.astype(jnp.float32)
        decay = config.decay
        if care is not None:
            gained, lost = care.richness * gained, care.hazard * lost
            decay = care.metabolism * decay
        energy = jnp.clip(state.energy - decay + gained, 0.0, 1.0)
        if care is not None:
            energy = jnp.maximum(energy, care.buffer)
        integrity = jnp.clip(state.integrity - lost, 0.0, 1.0)
        reached = jnp.any(is_here & ~state.bad)

        source, respawn = state.source, state.respawn
        if config.deplete_sources:
            source, respawn = deplete(key_deplete, key_place, state, arrived)
        after = dataclasses.replace(
            state,
            t=state.t + 1,
            position=position,
            source=source,
            energy=energy,
            integrity=integrity,
            respawn=respawn,
        )
        terminated = (energy <= 0.0) | (integrity <= 0.0)
        if config.terminate_on_reach:
            terminated = terminated | reached
        body = BodyFeedback(
            energy_gained=gained,
            integrity_lost=lost,
            drive_fall=_drive(state) - _drive(after),
            integrity=integrity,
            bad_arrivals=harms,
            reached=reached,
        )
        feedback = Feedback(
            reward=body.drive_fall,
            terminated=terminated,
            truncated=after.t >= config.steps,
            body=body,
        )
        return after, observe(key_sense, after), feedback

    def deplete(
        key_deplete: Key, key_place: Key, state: ChemotaxisState, arrived
    ) -> tuple[Int[Array, "K 2"], Int[Array, " K"]]:
        """Sources arrived at go; those whose time has come are elsewhere, now."""
        goes = arrived
        if config.num_bad_sources and config.bad_source_deplete_p < 1:
            p, shape = config.bad_source_deplete_p, (config.num_sources,)
            goes = arrived & (~state.bad | jax.random.bernoulli(key_deplete, p, shape))
        delay = jnp.where(state.bad, config.bad_delay, config.respawn_delay)
        waiting = state.respawn > 0
        respawn = jnp.where(goes, delay, jnp.maximum(state.respawn - 1, 0))
        comes = (waiting | goes) & (respawn == 0)
        place = cells(key_place, config.num_sources, size)
        return jnp.where(comes[:, None], place, state.source), respawn

    def privileged_state(state: ChemotaxisState) -> PrivilegedState:
        harm = jnp.float32(-max(config.bad_source_integrity_loss, 1e-6))
        return PrivilegedState(
            position=state.position,
            source=state.source,
            worth=jnp.where(
                state.bad, harm, jnp.float32(max(config.energy_gain, 1e-6))
            ),
            active=_active(state),
            needs=jnp.stack([state.energy, state.integrity]),
        )

    return MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state,
        observation_size=4,
        steps=config.steps,
        version=VERSION,
        size=(config.width, config.height),
        oracle="straight",  # the ceiling of published figures
        competent=_once_bitten() if erring and config.num_bad_sources else None,
    )


def _once_bitten() -> Policy:
    """Follows the gradient until something has harmed it, and from then on stays.

    Where the nose errs, who follows it to the end steps off a harmful source and on
    again, and dies of it. It remembers having been harmed.
    """

    def choose(key, bitten, observation):
        del key
        bitten = bitten | (observation[3] < CAUTION)
        gx, gy = observation[0], observation[1]
        return bitten, jnp.where(bitten, 0, towards(gx, gy)).astype(jnp.int32)

    return Policy(memory=jnp.array(False), choose=choose)


def _active(state: ChemotaxisState) -> Bool[Array, " K"]:
    if state.respawn is None:
        return jnp.ones_like(state.bad)
    return state.respawn == 0


def _drive(state: ChemotaxisState) -> Float[Array, ""]:
    return (state.energy - 1.0) ** 2 + (state.integrity - 1.0) ** 2
