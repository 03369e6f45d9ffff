"""Seasons (L4.1): in summer the west feeds, in winter the east, and all smells alike.

In either half of the map lies as much food, but only that of one half is any good;
which one turns every half a year, and in what part of the year a life starts differs
from life to life. Nothing smells of it: an agent that tastes food which feeds no more
must go over to the other half, as a migrant does. Without food a life ends after 40
steps, sooner than a season.

A source that is arrived at, good or not, is elsewhere in its half at once; the year is
in steps, and other units are those of `foraging`.

Source: seed 002, the ladder's L4 (seasons); two halves are ours.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from koki2.core.given import given
from koki2.core.types import Key
from koki2.envs.base import MapEnv, Observation, PrivilegedState
from koki2.envs.body import count, Effects, number, truth
from koki2.envs.configs import SeasonsConfig
from koki2.envs.foraging import feed, ForagerState, foraging, Start, Visit
from koki2.envs.grid import Map
from koki2.envs.senses import fill_of, gradient_to, Sense
from koki2.policies.goals import migrant


def seasons(config: SeasonsConfig = SeasonsConfig()) -> MapEnv:
    """Builds the world of this module; `SeasonsConfig` has its settings.

    The observation is `[gx, gy, energy, place]`, g pointing to the nearest source in
    units of the world's size, place going from -1 in the west to 1 in the east; then,
    with `season_cue`, sin(2 pi time / year), above zero while the west is rich.

    Example:
      >>> env = seasons()
      >>> state, observation = env.init(jax.random.key(0))
      >>> observation.shape, 0 <= int(state.extra) < SeasonsConfig().period
      ((4,), True)
    """
    map = Map(config.width, config.height)
    east = np.arange(config.num_sources) >= config.num_sources // 2
    half = config.width // 2  # the first eastern column
    corner = np.stack([east * half, 0 * east], axis=1).astype(np.int32)
    halves = Map(half, config.height), Map(config.width - half, config.height)

    def start(key: Key) -> Start:
        key_source, key_year, key_start = jax.random.split(key, 3)
        born = jax.random.randint(key_year, (), 0, config.period)  # into the year
        return map.cells(key_start, 1)[0], in_their_halves(key_source), born

    def in_their_halves(key: Key) -> Int[Array, "K 2"]:
        west = config.num_sources // 2
        key_west, key_east = jax.random.split(key)
        place = halves[0].cells(key_west, west)
        other = halves[1].cells(key_east, config.num_sources - west)
        return jnp.concatenate([place, other]) + corner

    def time(state: ForagerState) -> Int[Array, ""]:
        """Steps into the year."""
        return (state.t + state.extra) % config.period

    def feeds(state: ForagerState) -> Bool[Array, " K"]:
        """Which sources are in season: in summer those in the west."""
        return (2 * time(state) < config.period) != east

    def observe(state: ForagerState) -> Observation:
        place = 2.0 * state.position[0].astype(jnp.float32) / map.span[0] - 1.0
        gradient = map.gradient(state.source, state.position)
        seen = [gradient, jnp.stack([given(state.energy), place])]
        if config.season_cue:
            now = time(state).astype(jnp.float32)
            seen.append(jnp.sin(now * (2.0 * math.pi / config.period))[None])
        return jnp.concatenate(seen)

    def effects(visit: Visit) -> Effects:
        good = feeds(visit.state)
        poor = visit.arrived & ~good  # out of season
        step = feed(config, visit, good)._replace(bad_arrivals=count(poor))
        if not config.energy_gain_off:
            return step
        return step._replace(gain=step.gain + config.energy_gain_off * number(poor))

    def privileged_state(state: ForagerState) -> PrivilegedState:
        rich, poor = jnp.float32(config.energy_gain), config.energy_gain_off
        worth = jnp.where(feeds(state), rich, jnp.float32(poor))
        return truth(state, worth, kind=jnp.asarray(east, jnp.int32))

    return foraging(
        map,
        config,
        start=start,
        place=lambda key, state: in_their_halves(key),
        effects=effects,
        observe=observe,
        privileged_state=privileged_state,
        senses=[
            gradient_to("gradient", map.span),
            *fill_of("energy"),
            Sense("place"),
            Sense("season", int(config.season_cue)),
        ],
        version=1,
        needs=("energy",),
        kinds=("west", "east"),
        competent=migrant(map.span),
    )
