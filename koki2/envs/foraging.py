"""The frame of worlds in which a body lives off sources on a map.

A step moves the agent, feeds or harms it by the sources it arrives at, and places these
elsewhere at once. A world gives what differs from that.

Cells are (x, y) from the north-west corner; stores and integrity are in [0, 1], 1 is
full.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.envs.base import Action, Care, Feedback, MapEnv, Observation, PrivilegedState
from koki2.envs.body import arrivals, Effects, live, number, truth
from koki2.envs.grid import Map, move_unless
from koki2.envs.senses import Sense
from koki2.envs.world import Config


@chex.dataclass(frozen=True, kw_only=True)
class ForagerState:
    """One episode. What a body or a world lacks is None."""

    t: Int[Array, ""]  # steps taken
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells
    energy: Float[Array, ""] | None = None
    store: Float[Array, " M"] | None = None  # of a body with more than one
    integrity: Float[Array, ""] | None = None
    extra: Any = None  # what else the world keeps: an array, or a record of its own


class Visit(NamedTuple):
    """One step: where it starts and ends, and what lies there."""

    state: ForagerState  # before the step
    position: Int[Array, "2"]  # after it
    standing: Bool[Array, " K"]  # which sources the agent stands on
    arrived: Bool[Array, " K"]  # which of them it came to
    key: Key | None  # to draw effects from, in worlds that do


Cells = Int[Array, "N 2"]
Start = tuple[Int[Array, "2"], Int[Array, "K 2"], Any]
"""Position, sources and `ForagerState.extra` before the first step."""


def foraging(
    map: Map,
    config: Config,
    *,
    start: Callable[[Key], Start],
    observe: Callable[[ForagerState], Observation],
    senses: Sequence[Sense],
    effects: Callable[[Visit], Effects] | None = None,
    place: Callable[[Key, ForagerState], Int[Array, "K 2"]] | None = None,
    leaves: Callable[[Visit], Bool[Array, " K"]] = lambda visit: visit.arrived,
    blocked: Callable[[ForagerState, Cells], Bool[Array, " N"]] | None = None,
    privileged_state: Callable[[ForagerState], PrivilegedState] | None = None,
    active: Callable[[ForagerState], Bool[Array, " K"]] | None = None,
    draws: bool = False,
    needs: Sequence[str] = ("energy", "integrity"),
    **fields: Any,
) -> MapEnv:
    """Puts a world together.

    Args:
      map: where it is.
      config: its fields steps and, of each store, NAME_init are read; and where every
        source feeds also energy_decay and energy_gain.
      start: draws where an episode begins.
      observe: what an agent senses of a state.
      senses: the names of that; those of no channels are left out.
      effects: what a step does to the body. None: every source feeds.
      place: draws the cells that sources may move to. None: uniform cells.
      leaves: which sources move; by default those arrived at.
      blocked: which cells cannot be entered. None: only those beyond the edge.
      active: which sources there are now. None: all.
      draws: whether effects are drawn, from `Visit.key`.
      privileged_state: the truth about a state. None: every source feeds.
      needs: of the body; its stores, and integrity if it has any.
      fields: the other fields of `MapEnv`.
    """
    stores = [need for need in needs if need != "integrity"]
    full = [getattr(config, f"{name}_init") for name in stores]

    def init(key: Key) -> tuple[ForagerState, Observation]:
        position, source, extra = start(key)
        state = ForagerState(
            t=jnp.int32(0),
            position=position,
            source=source,
            energy=jnp.float32(full[0]) if len(full) == 1 else None,
            store=jnp.array(full, jnp.float32) if len(full) > 1 else None,
            integrity=jnp.float32(1.0) if "integrity" in needs else None,
            extra=extra,
        )
        return state, observe(state)

    def step(
        key: Key, state: ForagerState, action: Action, care: Care | None = None
    ) -> tuple[ForagerState, Observation, Feedback]:
        if blocked is None:
            position = map.move(state.position, action)
        else:
            position = move_unless(partial(blocked, state), state.position, action)
        present = None if active is None else active(state)
        standing, arrived = arrivals(state.source, state.position, position, present)
        key_place, key_effects = jax.random.split(key) if draws else (key, None)
        visit = Visit(state, position, standing, arrived, key_effects)
        fresh = (place or anywhere)(key_place, state)
        after, feedback = live(
            state,
            effects(visit) if effects else feed(config, visit),
            steps=config.steps,
            care=care,
            position=position,
            source=jnp.where(leaves(visit)[:, None], fresh, state.source),
        )
        return after, observe(after), feedback

    def anywhere(key: Key, state: ForagerState) -> Int[Array, "K 2"]:
        return map.cells(key, len(state.source))

    def all_feed(state: ForagerState) -> PrivilegedState:
        wall = None if blocked is None else map.field(partial(blocked, state))
        return truth(state, config.energy_gain, wall=wall)

    return MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state or all_feed,
        observation_size=sum(sense.size for sense in senses),
        senses=tuple(sense for sense in senses if sense.size),
        steps=config.steps,
        size=(map.width, map.height),
        needs=tuple(needs),
        **fields,
    )


def feed(
    config: Config, visit: Visit, good: Bool[Array, " K"] | None = None
) -> Effects:
    """What a step does where good sources (None: all) feed, and nothing harms."""
    arrived, standing = visit.arrived, visit.standing
    if good is not None:
        arrived, standing = arrived & good, standing & good
    return Effects(
        cost=config.energy_decay,
        gain=config.energy_gain * number(arrived),
        reached=jnp.any(standing),
    )
