"""What worlds with storms share: food in the open, shelters, and a sky that strikes.

When it strikes, and what is observed before, is up to the `Sky`: levels differ by it.
An agent outside a shelter cell at a strike loses integrity; shelters are smelled like
food, and hold none. Energy is a real pressure: one cannot wait in a shelter for long.
Units are those of `foraging`.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from koki2.core.given import given
from koki2.core.types import Key
from koki2.envs.base import MapEnv, Observation, Policy, PrivilegedState
from koki2.envs.body import drive, Effects, needs_of
from koki2.envs.configs import MisleadingCuesConfig, PredictiveCuesConfig
from koki2.envs.foraging import feed, ForagerState, foraging, Start, Visit
from koki2.envs.grid import Map
from koki2.envs.senses import fill_of, gradient_to, Sense

NEVER = 1 << 20  # steps; further off than any strike


class Sky(NamedTuple):
    """When a storm strikes, and what is observed before. Its state is a pytree."""

    init: Callable[[Key], Any]
    advance: Callable[[Key, Any], tuple[Any, Bool[Array, ""]]]
    """One step on: the state after it, and whether it strikes in that step."""
    observe: Callable[[Any, Bool[Array, ""]], Float[Array, " C"]]
    """What is observed after a step, given whether it struck in it."""
    until: Callable[[Any], Int[Array, ""]]
    """Steps until the next strike, as far as it is settled; NEVER if none is."""
    senses: tuple[Sense, ...]  # C channels in all


@chex.dataclass(frozen=True, kw_only=True)
class Weather:
    """The sky, and what it strikes. S shelters."""

    shelter: Int[Array, "S 2"]  # cells
    sky: Any
    struck: Bool[Array, ""]  # in the last step


def storms(
    config: PredictiveCuesConfig | MisleadingCuesConfig,
    sky: Sky,
    competent: Callable[[ArrayLike, np.ndarray], Policy],
    version: int,
) -> MapEnv:
    """Builds the world under a sky: what levels with storms have in common.

    The observation is `[gx, gy, energy, integrity, sx, sy]`, g and s pointing to the
    nearest source and shelter in units of the world's size, then what the sky shows.

    Args:
      config: of the level.
      sky: when it strikes, and what is observed.
      competent: the scripted policy, of the cue's delay and the map's span.
      version: of the level.
    """
    map = Map(config.width, config.height)
    pairs = Map(config.width // 2, config.height)

    def start(key: Key) -> Start:
        key_source, key_shelter, key_start, key_sky = jax.random.split(key, 4)
        even = pairs.cells(key_shelter, config.num_shelters)
        shelter = even * np.array([[2, 1]], np.int32)
        weather = Weather(
            shelter=shelter, sky=sky.init(key_sky), struck=jnp.array(False)
        )
        source = in_the_open(key_source, shelter)
        return map.cells(key_start, 1)[0], source, weather

    def in_the_open(key: Key, shelter: Int[Array, "S 2"]) -> Int[Array, "K 2"]:
        """Cells outside shelters, which stand in even columns: east of one if in it."""
        place = map.cells(key, config.num_sources)
        inside = jnp.any(jnp.all(place[:, None] == shelter[None], axis=2), axis=1)
        east = jnp.stack([inside, jnp.zeros_like(inside)], axis=1)
        return place + east.astype(jnp.int32)

    def observe(state: ForagerState) -> Observation:
        food = map.gradient(state.source, state.position)
        home = map.gradient(state.extra.shelter, state.position)
        cues = sky.observe(state.extra.sky, state.extra.struck)
        return jnp.concatenate([food, needs_of(state), home, cues])

    def effects(visit: Visit) -> Effects:
        weather = visit.state.extra
        after, strikes = sky.advance(given(visit.key), weather.sky)
        inside = jnp.all(weather.shelter == visit.position[None], axis=1)
        hit = strikes & ~jnp.any(inside)
        return feed(config, visit)._replace(
            loss=jnp.where(hit, jnp.float32(config.strike_loss), 0.0),
            bad_arrivals=hit.astype(jnp.int32),  # strikes in the open
            changes={"extra": dataclasses.replace(weather, sky=after, struck=strikes)},
        )

    def privileged_state(state: ForagerState) -> PrivilegedState:
        """A cell from which no shelter is reached in time is dangerous now.

        Food is worth what it gives; if going there now means to be caught in the open,
        what it takes off the drive less what the strike adds, and -1 if that kills.
        Shelters are sources worth nothing, for pictures.
        """
        left = sky.until(
            state.extra.sky
        )  # moves, the last of which is that of the strike
        loss, gain = jnp.float32(config.strike_loss), jnp.float32(config.energy_gain)
        needs = needs_of(state)
        home = map.field(lambda cell: _steps_home(cell, state.extra.shelter))
        away = jnp.sum(jnp.abs(state.source - state.position[None]), axis=1)
        caught = away + _steps_home(state.source, state.extra.shelter) > left
        struck = jnp.clip(needs + jnp.stack([gain, -loss]), 0.0, 1.0)
        risk = jnp.where(struck[1] <= 0.0, -1.0, drive(needs) - drive(struck))
        food = jnp.where(caught, risk, gain)
        kind = [0] * config.num_sources + [1] * config.num_shelters
        return PrivilegedState(
            position=state.position,
            source=jnp.concatenate([state.source, state.extra.shelter]),
            worth=jnp.concatenate([food, jnp.zeros(config.num_shelters)]),
            active=jnp.ones(len(kind), bool),
            needs=needs,
            kind=jnp.array(kind, jnp.int32),
            danger=jnp.where(home >= left, loss, 0.0),
        )

    return foraging(
        map,
        config,
        start=start,
        place=lambda key, state: in_the_open(key, state.extra.shelter),
        effects=effects,
        draws=True,
        observe=observe,
        privileged_state=privileged_state,
        senses=[
            gradient_to("food", map.span),
            *fill_of("energy", "integrity"),
            gradient_to("shelter", map.span),
            *sky.senses,
        ],
        version=version,
        kinds=("food", "shelter"),
        competent=competent(config.cue_delay, map.span),
    )


def between(
    uniform: Float[Array, ""], least: ArrayLike, most: ArrayLike
) -> Int[Array, ""]:
    """A whole number from `least` to `most`, both included, by a draw from [0, 1)."""
    least, most = jnp.asarray(least, jnp.int32), jnp.asarray(most, jnp.int32)
    span = (most - least + 1).astype(jnp.float32)
    return least + jnp.floor(uniform * span).astype(jnp.int32)


def _steps_home(
    place: Int[Array, "N 2"], shelter: Int[Array, "S 2"]
) -> Int[Array, " N"]:
    """Steps from places to the nearest shelter."""
    steps = jnp.sum(jnp.abs(place[:, None] - shelter[None]), axis=2)
    return jnp.min(steps, axis=1)
