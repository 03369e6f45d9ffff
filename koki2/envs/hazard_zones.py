"""Hazard zones (L3.0): food lies beyond places that harm, and within them.

Discs, in other places every life, in which integrity falls each step. The gradient
points straight at food and knows nothing of them, so who follows it walks through; the
four sides are felt a step ahead, and who heeds that goes round, or dashes in for food
that lies near a rim. Energy is a real pressure: without food a life ends after 40
steps.

Cells are (x, y) from the north-west corner; energy and integrity are in [0, 1], 1 is
full. A source that is arrived at is in another cell at once; one that nobody eats is so
in time, lest all food ends up in zones. Nothing heals.

Source: seed 002, the ladder's L3.0 (hazard zones); discs and food that goes are ours.
"""

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.envs.base import (
    BodyFeedback,
    Care,
    Feedback,
    MapEnv,
    Policy,
    PrivilegedState,
)
from koki2.envs.configs import HazardZonesConfig
from koki2.envs.grid import cells, drive, moved, MOVES, nearest

VERSION = 1
SIDES = np.array(MOVES[1:], np.int32)  # what is felt: up, down, left, right


@chex.dataclass(frozen=True, kw_only=True)
class HazardZonesState:
    """One life. Z zones."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells
    zone: Int[Array, "Z 2"]  # cells: the centres
    energy: Float[Array, ""]
    integrity: Float[Array, ""]


def hazard_zones(config: HazardZonesConfig = HazardZonesConfig()) -> MapEnv:
    """Builds the world. See the module for the task, `HazardZonesConfig` for knobs.

    The observation is `[gx, gy, energy, integrity]`, g pointing straight at the nearest
    source in units of the world's size, then 1 or 0 for each of the four sides (up,
    down, left, right) that lies in a zone, unless `feels_danger` is off. The cell one
    stands in is felt by what it does to integrity.

    Example:
      >>> env = hazard_zones()
      >>> state, observation = env.init(jax.random.key(0))
      >>> env.size, observation.shape, observation[2:4].tolist()
      ((16, 16), (8,), [1.0, 1.0])
    """
    size = np.array([config.width, config.height], np.int32)
    span = np.maximum(size - 1, 1).astype(np.float32)
    turn = np.arange(config.num_sources, dtype=np.int32)
    turn = turn * config.food_lasts // config.num_sources  # whose turn it is to go

    def init(key: Key) -> tuple[HazardZonesState, Float[Array, " O"]]:
        key_source, key_zone, key_start = jax.random.split(key, 3)
        position = cells(key_start, 1, size)[0]
        zone = cells(key_zone, config.num_zones, size)
        covers = _within(zone[:, None], position[None], config.zone_radius)
        away = (zone + size[None] // 2) % size[None]
        state = HazardZonesState(
            t=jnp.int32(0),
            position=position,
            source=cells(key_source, config.num_sources, size),
            zone=jnp.where(covers[:, None], away, zone),
            energy=jnp.float32(config.energy_init),
            integrity=jnp.float32(1.0),
        )
        return state, observe(state)

    def harmful(zone: Int[Array, "Z 2"], place: Int[Array, "C 2"]) -> Bool[Array, " C"]:
        """Which cells lie in a zone."""
        return _within(place[:, None], zone, config.zone_radius)

    def observe(state: HazardZonesState) -> Float[Array, " O"]:
        offset = state.source - state.position[None]
        gradient = nearest(offset, jnp.ones(config.num_sources, bool))
        seen = [
            gradient.astype(jnp.float32) / span,
            state.energy[None],
            state.integrity[None],
        ]
        if config.feels_danger:
            felt = harmful(state.zone, state.position[None] + SIDES)
            seen.append(felt.astype(jnp.float32))
        return jnp.concatenate(seen)

    def step(
        key: Key,
        state: HazardZonesState,
        action: Int[Array, ""],
        care: Care | None = None,
    ) -> tuple[HazardZonesState, Float[Array, " O"], Feedback]:
        before, t = state.position, state.t + 1
        position = moved(before, action, size)
        here = jnp.all(state.source == position[None], axis=1)
        arrived = here & ~jnp.all(state.source == before[None], axis=1)
        meals = jnp.sum(arrived, dtype=jnp.int32).astype(jnp.float32)
        was_in, is_in = harmful(state.zone, jnp.stack([before, position]))
        gained, decay = config.energy_gain * meals, config.energy_decay
        lost = jnp.where(is_in, jnp.float32(config.zone_loss), 0.0)
        if care is not None:
            gained, lost = care.richness * gained, care.hazard * lost
            decay = care.metabolism * decay
        energy = jnp.clip(state.energy - decay + gained, 0.0, 1.0)
        if care is not None:
            energy = jnp.maximum(energy, care.buffer)
        integrity = jnp.clip(state.integrity - lost, 0.0, 1.0)
        goes = arrived
        if config.food_lasts:
            goes = goes | ((t + turn) % config.food_lasts == 0)
        fresh = cells(key, config.num_sources, size)
        after = dataclasses.replace(
            state,
            t=t,
            position=position,
            source=jnp.where(goes[:, None], fresh, state.source),
            energy=energy,
            integrity=integrity,
        )
        body = BodyFeedback(
            energy_gained=gained,
            integrity_lost=lost,
            drive_fall=drive(_needs(state)) - drive(_needs(after)),
            integrity=integrity,
            bad_arrivals=(is_in & ~was_in).astype(jnp.int32),  # zones entered
            reached=jnp.any(here),
        )
        feedback = Feedback(
            reward=body.drive_fall,
            terminated=(energy <= 0.0) | (integrity <= 0.0),
            truncated=t >= config.steps,
            body=body,
        )
        return after, observe(after), feedback

    def privileged_state(state: HazardZonesState) -> PrivilegedState:
        every = np.stack(np.meshgrid(*map(np.arange, size)), axis=-1).reshape(-1, 2)
        harm = harmful(state.zone, jnp.asarray(every, jnp.int32))
        danger = jnp.where(harm, jnp.float32(config.zone_loss), 0.0)
        return PrivilegedState(
            position=state.position,
            source=state.source,
            worth=jnp.full(config.num_sources, config.energy_gain, jnp.float32),
            active=jnp.ones(config.num_sources, bool),
            needs=_needs(state),
            danger=danger.reshape(config.height, config.width),
        )

    return MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state,
        observation_size=4 + config.feels_danger * len(SIDES),
        steps=config.steps,
        version=VERSION,
        size=(config.width, config.height),
        competent=_round(span) if config.feels_danger else None,
    )


def _within(
    place: Int[Array, "C 1 2"], centre: Int[Array, "Z 2"], radius: int
) -> Bool[Array, " C"]:
    """Which places are no further than `radius` from a centre, as the crow flies."""
    offset = place - centre[None]
    return jnp.any(jnp.sum(offset * offset, axis=2) <= radius * radius, axis=1)


def _needs(state: HazardZonesState) -> Float[Array, "2"]:
    return jnp.stack([state.energy, state.integrity])


def _round(span: np.ndarray) -> Policy:
    """Goes for food by sides without danger, and never straight back.

    So it feels its way round a zone. Food two cells away is worth a dash. It remembers
    its last move.
    """
    moves = SIDES.astype(np.float32)
    back = np.array([2, 1, 4, 3], np.int32)  # which move each side undoes

    def choose(key, last, observation):
        del key
        offset = observation[:2] * span
        danger = (observation[4:8] > 0).astype(jnp.float32)
        dash = jnp.sum(jnp.abs(offset)) < 2.5
        score = jnp.sum(moves * offset[None], axis=1)
        score = score - jnp.where(dash, 0.0, 1e4 * danger)
        score = score - jnp.where(last == back, 1e2, 0.0)
        move = (1 + jnp.argmax(score)).astype(jnp.int32)
        return move, move

    return Policy(memory=jnp.int32(0), choose=choose)
