"""What worlds with storms share: food in the open, shelters, and a sky that strikes.

When it strikes, and what is heard before, is the `Sky`'s affair: levels differ by it.
Who is not in a shelter cell at a strike loses integrity; shelters are smelled like
food, and hold none. Energy is a real pressure: nobody can wait in a shelter for long.

Cells are (x, y) from the north-west corner; energy and integrity are in [0, 1].
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

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
from koki2.envs.configs import MisleadingCuesConfig, PredictiveCuesConfig
from koki2.envs.grid import cells, drive, moved, nearest

KINDS = ("food", "shelter")
NEVER = 1 << 20  # steps; further off than any strike


class Sky(NamedTuple):
    """When a storm strikes, and what is heard before. Its state is a pytree."""

    init: Callable[[Key], Any]
    advance: Callable[[Key, Any], tuple[Any, Bool[Array, ""]]]
    """One step on: the state after it, and whether it strikes in that step."""
    heard: Callable[[Any, Bool[Array, ""]], Float[Array, " C"]]
    """What is heard after a step, given whether it struck in it."""
    until: Callable[[Any], Int[Array, ""]]
    """Steps until the next strike, as far as it is settled; NEVER if none is."""
    channels: int  # C


@chex.dataclass(frozen=True, kw_only=True)
class StormState:
    """One life. S shelters."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells
    shelter: Int[Array, "S 2"]  # cells
    energy: Float[Array, ""]
    integrity: Float[Array, ""]
    sky: Any


def storms(
    config: PredictiveCuesConfig | MisleadingCuesConfig,
    sky: Sky,
    competent: Policy,
    version: int,
) -> MapEnv:
    """Builds the world under a sky: what levels with storms have in common.

    The observation is `[gx, gy, energy, integrity, sx, sy]`, g and s pointing to the
    nearest source and shelter in units of the world's size, then what is heard.
    """
    size = np.array([config.width, config.height], np.int32)
    span = np.maximum(size - 1, 1).astype(np.float32)
    pairs = np.array([config.width // 2, config.height], np.int32)

    def init(key: Key) -> tuple[StormState, Float[Array, " O"]]:
        key_source, key_shelter, key_start, key_sky = jax.random.split(key, 4)
        even = cells(key_shelter, config.num_shelters, pairs)
        shelter = even * np.array([[2, 1]], np.int32)
        state = StormState(
            t=jnp.int32(0),
            position=cells(key_start, 1, size)[0],
            source=in_the_open(key_source, shelter),
            shelter=shelter,
            energy=jnp.float32(config.energy_init),
            integrity=jnp.float32(1.0),
            sky=sky.init(key_sky),
        )
        return state, observe(state, jnp.array(False))

    def in_the_open(key: Key, shelter: Int[Array, "S 2"]) -> Int[Array, "K 2"]:
        """Cells outside shelters, which stand in even columns: east of one if in it."""
        place = cells(key, config.num_sources, size)
        inside = jnp.any(jnp.all(place[:, None] == shelter[None], axis=2), axis=1)
        east = jnp.stack([inside, jnp.zeros_like(inside)], axis=1)
        return place + east.astype(jnp.int32)

    def observe(state: StormState, struck: Bool[Array, ""]) -> Float[Array, " O"]:
        def smell(place: Int[Array, "N 2"]) -> Float[Array, "2"]:
            offset = place - state.position[None]
            near = nearest(offset, jnp.ones(len(place), bool))
            return near.astype(jnp.float32) / span

        food, home = smell(state.source), smell(state.shelter)
        heard = sky.heard(state.sky, struck)
        return jnp.concatenate([food, _needs(state), home, heard])

    def step(
        key: Key,
        state: StormState,
        action: Int[Array, ""],
        care: Care | None = None,
    ) -> tuple[StormState, Float[Array, " O"], Feedback]:
        key_source, key_sky = jax.random.split(key)
        before = state.position
        position = moved(before, action, size)
        here = jnp.all(state.source == position[None], axis=1)
        arrived = here & ~jnp.all(state.source == before[None], axis=1)
        meals = jnp.sum(arrived, dtype=jnp.int32).astype(jnp.float32)
        weather, strikes = sky.advance(key_sky, state.sky)
        hit = strikes & ~jnp.any(jnp.all(state.shelter == position[None], axis=1))
        gained, decay = config.energy_gain * meals, config.energy_decay
        lost = jnp.where(hit, jnp.float32(config.strike_loss), 0.0)
        if care is not None:
            gained, lost = care.richness * gained, care.hazard * lost
            decay = care.metabolism * decay
        energy = jnp.clip(state.energy - decay + gained, 0.0, 1.0)
        if care is not None:
            energy = jnp.maximum(energy, care.buffer)
        integrity = jnp.clip(state.integrity - lost, 0.0, 1.0)
        fresh = in_the_open(key_source, state.shelter)
        after = dataclasses.replace(
            state,
            t=state.t + 1,
            position=position,
            source=jnp.where(arrived[:, None], fresh, state.source),
            energy=energy,
            integrity=integrity,
            sky=weather,
        )
        body = BodyFeedback(
            energy_gained=gained,
            integrity_lost=lost,
            drive_fall=drive(_needs(state)) - drive(_needs(after)),
            integrity=integrity,
            bad_arrivals=hit.astype(jnp.int32),  # strikes in the open
            reached=jnp.any(here),
        )
        feedback = Feedback(
            reward=body.drive_fall,
            terminated=(energy <= 0.0) | (integrity <= 0.0),
            truncated=after.t >= config.steps,
            body=body,
        )
        return after, observe(after, strikes), feedback

    def privileged_state(state: StormState) -> PrivilegedState:
        """A cell from which no shelter is reached in time is dangerous now.

        Food is worth what it gives; if going there now means to be caught in the open,
        what it takes off the drive less what the strike adds, and -1 if that kills.
        Shelters are sources worth nothing, for pictures.
        """
        left = sky.until(state.sky)  # moves, the last of which is that of the strike
        loss, gain = jnp.float32(config.strike_loss), jnp.float32(config.energy_gain)
        needs = _needs(state)
        every = np.stack(np.meshgrid(*map(np.arange, size)), axis=-1).reshape(-1, 2)
        home = _steps_home(jnp.asarray(every, jnp.int32), state.shelter)
        danger = jnp.where(home >= left, loss, 0.0)
        away = jnp.sum(jnp.abs(state.source - state.position[None]), axis=1)
        caught = away + _steps_home(state.source, state.shelter) > left
        struck = jnp.clip(needs + jnp.stack([gain, -loss]), 0.0, 1.0)
        risk = jnp.where(struck[1] <= 0.0, -1.0, drive(needs) - drive(struck))
        food = jnp.where(caught, risk, gain)
        nothing = jnp.zeros(config.num_shelters)
        kind = [0] * config.num_sources + [1] * config.num_shelters
        return PrivilegedState(
            position=state.position,
            source=jnp.concatenate([state.source, state.shelter]),
            worth=jnp.concatenate([food, nothing]),
            active=jnp.ones(len(kind), bool),
            needs=needs,
            kind=jnp.array(kind, jnp.int32),
            danger=danger.reshape(config.height, config.width),
        )

    return MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state,
        observation_size=6 + sky.channels,
        steps=config.steps,
        version=version,
        size=(config.width, config.height),
        kinds=KINDS,
        competent=competent,
    )


def between(uniform: Float[Array, ""], least: int, most: int) -> Int[Array, ""]:
    """A whole number from `least` to `most`, both included, by a draw from [0, 1)."""
    return least + jnp.floor(uniform * (most - least + 1)).astype(jnp.int32)


def _steps_home(place: Int[Array, "N 2"], shelter: Int[Array, "S 2"]):
    """Steps from places to the nearest shelter: [N]."""
    steps = jnp.sum(jnp.abs(place[:, None] - shelter[None]), axis=2)
    return jnp.min(steps, axis=1)


def _needs(state: StormState) -> Float[Array, "2"]:
    return jnp.stack([state.energy, state.integrity])
