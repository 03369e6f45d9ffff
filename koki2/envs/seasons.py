"""Seasons (L4.1): in summer the west feeds, in winter the east, and all smells alike.

In either half of the map lies as much food, but only that of one half is any good;
which one turns every half a year, and in what part of the year a life starts differs
from life to life. Nothing smells of it: who tastes that food here feeds no more must go
over to the other half, as a migrant does. Without food a life ends after 40 steps,
sooner than a season.

Cells are (x, y) from the north-west corner; energy is in [0, 1], 1 is full; the year is
in steps. A source that is arrived at, good or not, is elsewhere in its half at once.

Source: seed 002, the ladder's L4 (seasons); two halves are ours.
"""

import dataclasses
import math

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
from koki2.envs.configs import SeasonsConfig
from koki2.envs.grid import cells, drive, moved, nearest, towards

VERSION = 1
KINDS = ("west", "east")
LEFT, RIGHT = 3, 4


@chex.dataclass(frozen=True, kw_only=True)
class SeasonsState:
    """One life."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells
    born: Int[Array, ""]  # steps into the year at birth
    energy: Float[Array, ""]


def seasons(config: SeasonsConfig = SeasonsConfig()) -> MapEnv:
    """Builds the world. See the module for the task, `SeasonsConfig` for knobs.

    The observation is `[gx, gy, energy, place]`, g pointing to the nearest source in
    units of the world's size, place going from -1 in the west to 1 in the east; then,
    with `season_cue`, sin(2 pi time / year), above zero while the west is rich.

    Example:
      >>> env = seasons()
      >>> state, observation = env.init(jax.random.key(0))
      >>> observation.shape, 0 <= int(state.born) < SeasonsConfig().period
      ((4,), True)
    """
    size = np.array([config.width, config.height], np.int32)
    span = np.maximum(size - 1, 1).astype(np.float32)
    east = np.arange(config.num_sources) >= config.num_sources // 2
    half = config.width // 2  # the first eastern column
    corner = np.stack([east * half, 0 * east], axis=1).astype(np.int32)
    room = np.array([config.width - half, config.height], np.int32)
    narrow = np.array([half, config.height], np.int32)

    def init(key: Key) -> tuple[SeasonsState, Float[Array, " O"]]:
        key_source, key_year, key_start = jax.random.split(key, 3)
        state = SeasonsState(
            t=jnp.int32(0),
            position=cells(key_start, 1, size)[0],
            source=in_their_halves(key_source),
            born=jax.random.randint(key_year, (), 0, config.period),
            energy=jnp.float32(config.energy_init),
        )
        return state, observe(state)

    def in_their_halves(key: Key) -> Int[Array, "K 2"]:
        west = config.num_sources // 2
        key_west, key_east = jax.random.split(key)
        place = [cells(key_west, west, narrow)]
        place.append(cells(key_east, config.num_sources - west, room))
        return jnp.concatenate(place) + corner

    def feeds(state: SeasonsState) -> Bool[Array, " K"]:
        """Which sources are in season."""
        return _summer(state, config.period) != east

    def observe(state: SeasonsState) -> Float[Array, " O"]:
        offset = state.source - state.position[None]
        gradient = nearest(offset, jnp.ones(config.num_sources, bool))
        place = 2.0 * state.position[0].astype(jnp.float32) / span[0] - 1.0
        seen = [gradient.astype(jnp.float32) / span, jnp.stack([state.energy, place])]
        if config.season_cue:
            time = ((state.t + state.born) % config.period).astype(jnp.float32)
            seen.append(jnp.sin(time * (2.0 * math.pi / config.period))[None])
        return jnp.concatenate(seen)

    def step(
        key: Key,
        state: SeasonsState,
        action: Int[Array, ""],
        care: Care | None = None,
    ) -> tuple[SeasonsState, Float[Array, " O"], Feedback]:
        before = state.position
        position = moved(before, action, size)
        here = jnp.all(state.source == position[None], axis=1)
        arrived = here & ~jnp.all(state.source == before[None], axis=1)
        good = feeds(state)
        meals = jnp.sum(arrived & good, dtype=jnp.int32).astype(jnp.float32)
        gained, decay = config.energy_gain * meals, config.energy_decay
        if config.energy_gain_off:
            poor = jnp.sum(arrived & ~good, dtype=jnp.int32).astype(jnp.float32)
            gained = gained + config.energy_gain_off * poor
        if care is not None:
            gained, decay = care.richness * gained, care.metabolism * decay
        energy = jnp.clip(state.energy - decay + gained, 0.0, 1.0)
        if care is not None:
            energy = jnp.maximum(energy, care.buffer)
        after = dataclasses.replace(
            state,
            t=state.t + 1,
            position=position,
            source=jnp.where(arrived[:, None], in_their_halves(key), state.source),
            energy=energy,
        )
        body = BodyFeedback(
            energy_gained=gained,
            integrity_lost=jnp.float32(0.0),
            drive_fall=drive(state.energy[None]) - drive(energy[None]),
            integrity=jnp.float32(1.0),
            bad_arrivals=jnp.sum(arrived & ~good, dtype=jnp.int32),  # out of season
            reached=jnp.any(here & good),
        )
        feedback = Feedback(
            reward=body.drive_fall,
            terminated=energy <= 0.0,
            truncated=after.t >= config.steps,
            body=body,
        )
        return after, observe(after), feedback

    def privileged_state(state: SeasonsState) -> PrivilegedState:
        rich, poor = jnp.float32(config.energy_gain), config.energy_gain_off
        return PrivilegedState(
            position=state.position,
            source=state.source,
            worth=jnp.where(feeds(state), rich, jnp.float32(poor)),
            active=jnp.ones(config.num_sources, bool),
            needs=state.energy[None],
            kind=jnp.asarray(east, jnp.int32),
        )

    return MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state,
        observation_size=4 + config.season_cue,
        steps=config.steps,
        version=VERSION,
        size=(config.width, config.height),
        needs=("energy",),
        kinds=KINDS,
        competent=_migrant(span),
    )


def _summer(state: SeasonsState, period: int) -> Bool[Array, ""]:
    """Whether the west is rich just now."""
    return 2 * ((state.t + state.born) % period) < period


def _migrant(span: np.ndarray) -> Policy:
    """Eats what lies in one half of the map; when that feeds no more, in the other.

    It remembers its half (1 east, -1 west, 0 any yet), its energy, and whether the
    move it makes leads onto a source.
    """

    def choose(key, memory, observation):
        del key
        side, energy, bites = memory
        g, place = observation[:2] * span, observation[3]
        missed = bites & (observation[2] < energy)  # a full store stays full
        here = jnp.where(place >= 0, 1, -1)
        side = jnp.where(missed, -here, side).astype(jnp.int32)
        smelled = jnp.where(place + 2 * observation[0] >= -1e-3, 1, -1)  # its half
        away = (side != 0) & (smelled != side)
        cross = jnp.where(side > 0, RIGHT, LEFT)
        action = jnp.where(away, cross, towards(g[0], g[1])).astype(jnp.int32)
        bites = ~away & (jnp.sum(jnp.abs(g)) < 1.5)
        return (side, observation[2], bites), action

    memory = (jnp.int32(0), jnp.float32(0.0), jnp.array(False))
    return Policy(memory=memory, choose=choose)
