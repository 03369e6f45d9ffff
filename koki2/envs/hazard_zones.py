"""Hazard zones (L3.0): food lies beyond places that harm, and within them.

Discs, in other places every life, in which integrity falls each step. The gradient
points straight at food and knows nothing of them, so who follows it walks through; the
four sides are sensed a step ahead, and who heeds that goes round, or dashes in for food
that lies near a rim. Energy is a real pressure: without food a life ends after 40
steps.

An uneaten source, too, is in another cell in time, or all food would end up in zones.
Nothing heals. Units are those of `foraging`.

Source: seed 002, the ladder's L3.0 (hazard zones); discs and food that goes are ours.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from koki2.core.given import given
from koki2.core.types import Key
from koki2.envs.base import MapEnv, Observation, PrivilegedState
from koki2.envs.body import Effects, truth
from koki2.envs.configs import HazardZonesConfig
from koki2.envs.foraging import feed, ForagerState, foraging, Start, Visit
from koki2.envs.grid import Map
from koki2.envs.senses import fill_of, gradient_to, Sense
from koki2.policies.moves import SIDES
from koki2.policies.walls import round_danger


def hazard_zones(config: HazardZonesConfig = HazardZonesConfig()) -> MapEnv:
    """Builds the world of this module; `HazardZonesConfig` has its settings.

    The observation is `[gx, gy, energy, integrity]`, g pointing straight at the nearest
    source in units of the world's size, then 1 or 0 for each of the four sides (up,
    down, left, right) that lies in a zone, unless `feels_danger` is off. The cell one
    stands in is sensed by what it does to integrity.

    Example:
      >>> env = hazard_zones()
      >>> state, observation = env.init(jax.random.key(0))
      >>> env.size, observation.shape, observation[2:4].tolist()
      ((16, 16), (8,), [1.0, 1.0])
    """
    map = Map(config.width, config.height)
    turn = np.arange(config.num_sources, dtype=np.int32)
    turn = turn * config.food_lasts // config.num_sources  # whose turn it is to go

    def start(key: Key) -> Start:
        key_source, key_zone, key_start = jax.random.split(key, 3)
        position = map.cells(key_start, 1)[0]
        zone = map.cells(key_zone, config.num_zones)
        covers = _within(zone[:, None], position[None], config.zone_radius)
        away = (zone + map.size[None] // 2) % map.size[None]
        source = map.cells(key_source, config.num_sources)
        return position, source, jnp.where(covers[:, None], away, zone)

    def harmful(state: ForagerState, place: Int[Array, "C 2"]) -> Bool[Array, " C"]:
        """Which cells lie in a zone."""
        return _within(place[:, None], state.extra, config.zone_radius)

    def observe(state: ForagerState) -> Observation:
        gradient = map.gradient(state.source, state.position)
        seen = [gradient, given(state.energy)[None], given(state.integrity)[None]]
        if config.feels_danger:
            sides = harmful(state, state.position[None] + SIDES)
            seen.append(sides.astype(jnp.float32))
        return jnp.concatenate(seen)

    def effects(visit: Visit) -> Effects:
        was_in, is_in = harmful(
            visit.state, jnp.stack([visit.state.position, visit.position])
        )
        return feed(config, visit)._replace(
            loss=jnp.where(is_in, jnp.float32(config.zone_loss), 0.0),
            bad_arrivals=(is_in & ~was_in).astype(jnp.int32),  # zones entered
        )

    def leaves(visit: Visit) -> Bool[Array, " K"]:
        if not config.food_lasts:
            return visit.arrived
        return visit.arrived | ((visit.state.t + 1 + turn) % config.food_lasts == 0)

    def privileged_state(state: ForagerState) -> PrivilegedState:
        harm = map.field(partial(harmful, state))
        danger = jnp.where(harm, jnp.float32(config.zone_loss), 0.0)
        return truth(state, config.energy_gain, danger=danger)

    return foraging(
        map,
        config,
        start=start,
        effects=effects,
        leaves=leaves,
        observe=observe,
        privileged_state=privileged_state,
        senses=[
            gradient_to("gradient", map.span),
            *fill_of("energy", "integrity"),
            Sense("danger", 4 * config.feels_danger),
        ],
        version=1,
        competent=round_danger(map.span) if config.feels_danger else None,
    )


def _within(
    place: Int[Array, "C 1 2"], centre: Int[Array, "Z 2"], radius: int
) -> Bool[Array, " C"]:
    """Which places are no further than `radius` from a centre, as the crow flies."""
    offset = place - centre[None]
    return jnp.any(jnp.sum(offset * offset, axis=2) <= radius * radius, axis=1)
