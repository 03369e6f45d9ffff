"""The frame of worlds with two needs: food fills energy, and water hydration.

Kinds of sources differ by what they give to these two stores and take from them, and
the senses keep them apart. What a full store has no room for is not taken in, and does
not count. Units are those of `foraging`.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from koki2.core.types import Key
from koki2.envs.base import MapEnv, Observation
from koki2.envs.body import count, drive_reduction, Effects, needs_of, truth
from koki2.envs.foraging import ForagerState, foraging, Start, Visit
from koki2.envs.grid import Map
from koki2.envs.senses import fill_of, gradient_to
from koki2.envs.world import Config

Pressure: TypeAlias = tuple[ArrayLike, Float[Array, "2"]]
"""What living costs each store, [2], and what each need weighs in the drive."""


class Kind(NamedTuple):
    """A kind of sources, and what one does to (energy, hydration)."""

    count: int
    gives: tuple[float, float]
    takes: tuple[float, float] = (0.0, 0.0)
    """Not traced: a world in which nothing takes is another program."""


def two_stores(
    config: Config,
    kinds: Mapping[str, Kind],
    *,
    season: Callable[[Key, Key], Any] = lambda *keys: None,
    pressure: Callable[[ForagerState], Pressure] | None = None,
    **fields: Any,
) -> MapEnv:
    """Puts a world with two stores together.

    The observation is a gradient (x, y) to the nearest source of each kind in turn, in
    units of the world's size, then energy and hydration.

    Args:
      config: its map, clock, and of each store its init and decay.
      kinds: by name. Where some take, a source is bad while arriving raises the drive,
        as the body is on leaving for it.
      season: draws `ForagerState.extra` from two keys.
      pressure: what presses in a state. None: the config's decay, and equal weights.
      fields: the other fields of `MapEnv`.
    """
    map = Map(config.width, config.height)
    counts = [kind.count for kind in kinds.values()]
    kind = np.repeat(np.arange(len(kinds), dtype=np.int32), counts)
    takes = np.array([kind.takes for kind in kinds.values()], np.float32)[kind]
    harmless = not np.any(takes)
    gives = jnp.array([kind.gives for kind in kinds.values()], jnp.float32)[kind]
    decay = jnp.array([config.energy_decay, config.hydration_decay], jnp.float32)
    pressure = pressure or (lambda state: (decay, jnp.ones(2)))

    def start(key: Key) -> Start:
        key_source, key_start, *keys = jax.random.split(key, 4)
        source = map.cells(key_source, len(kind))
        return map.cells(key_start, 1)[0], source, season(*keys)

    def observe(state: ForagerState) -> Observation:
        gradients = map.source_gradients(state.source, state.position, counts)
        return jnp.concatenate([gradients, needs_of(state)])

    def worth(state: ForagerState) -> Float[Array, " K"]:
        cost, weights = pressure(state)
        effect = gives - takes
        return drive_reduction(
            needs_of(state), cost=cost, effect=effect, weights=weights
        )

    def effects(visit: Visit) -> Effects:
        total = lambda effect: jnp.sum(
            jnp.where(visit.arrived[:, None], effect, 0.0), axis=0
        )
        cost, weights = pressure(visit.state)
        step = Effects(
            cost=cost,
            gain=total(gives),
            reached=jnp.any(visit.standing),
            absorbs=True,
            weights=weights,
        )
        if harmless:
            return step
        value = worth(visit.state)
        return step._replace(
            loss=total(takes),
            reached=jnp.any(visit.standing & (value > 0)),
            bad_arrivals=count(visit.arrived & (value < 0)),
        )

    return foraging(
        map,
        config,
        start=start,
        effects=effects,
        observe=observe,
        privileged_state=lambda s: truth(s, worth(s), kind=jnp.asarray(kind)),
        senses=[
            *(gradient_to(kind, map.span) for kind in kinds),
            *fill_of("energy", "hydration"),
        ],
        needs=("energy", "hydration"),
        kinds=tuple(kinds),
        **fields,
    )
