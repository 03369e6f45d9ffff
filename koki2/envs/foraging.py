"""The frame of worlds in which a body lives off sources on a map.

A step moves the agent, feeds or harms it by the sources it arrives at, and places these
elsewhere. A world says what differs from that.
"""

from collections.abc import Callable, Sequence
from typing import Any

import chex
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.envs.base import Action, Care, Feedback, MapEnv, Observation, PrivilegedState
from koki2.envs.body import arrivals, Effects, live, number
from koki2.envs.grid import Map
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


Start = tuple[Int[Array, "2"], Int[Array, "K 2"], Any]
"""Position, sources and `ForagerState.extra` before the first step."""


def foraging(
    map: Map,
    config: Config,
    *,
    start: Callable[[Key], Start],
    observe: Callable[[ForagerState], Observation],
    privileged_state: Callable[[ForagerState], PrivilegedState],
    effects: Callable[..., Effects] | None = None,
    place: Callable[[Key, ForagerState], Int[Array, "K 2"]] | None = None,
    leaves: Callable[[ForagerState, Bool[Array, " K"]], Bool[Array, " K"]]
    | None = None,
    move: Callable[[ForagerState, Action], Int[Array, "2"]] | None = None,
    needs: Sequence[str] = ("energy", "integrity"),
    **fields: Any,
) -> MapEnv:
    """Puts a world together.

    Args:
      map: where it is.
      config: its fields steps and, of each store, NAME_init are read; without `effects`
        also energy_decay and energy_gain.
      start: draws where an episode begins.
      observe: what an agent senses of a state.
      privileged_state: the truth about a state.
      effects: (state, position, standing, arrived) -> what a step from a state to a
        position does; which sources it stands on and arrived at are [K]. None: every
        source feeds.
      place: draws the cells that sources may move to. None: uniform cells.
      leaves: which sources move, of a state and those arrived at. None: the latter.
      move: the position after a step. None: any cell of the map can be entered.
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
        position = (move or free)(state, action)
        standing, arrived = arrivals(state.source, state.position, position)
        goes = arrived if leaves is None else leaves(state, arrived)
        fresh = (place or anywhere)(key, state)
        after, feedback = live(
            state,
            (effects or feed)(state, position, standing, arrived),
            steps=config.steps,
            care=care,
            position=position,
            source=jnp.where(goes[:, None], fresh, state.source),
        )
        return after, observe(after), feedback

    def free(state: ForagerState, action: Action) -> Int[Array, "2"]:
        return map.move(state.position, action)

    def anywhere(key: Key, state: ForagerState) -> Int[Array, "K 2"]:
        return map.cells(key, len(state.source))

    def feed(
        state: ForagerState,
        position: Int[Array, "2"],
        standing: Bool[Array, " K"],
        arrived: Bool[Array, " K"],
    ) -> Effects:
        del state, position
        return Effects(
            cost=config.energy_decay,
            gain=config.energy_gain * number(arrived),
            reached=jnp.any(standing),
        )

    return MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state,
        steps=config.steps,
        size=(map.width, map.height),
        needs=tuple(needs),
        **fields,
    )
