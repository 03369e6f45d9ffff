"""The frame of a world on a map whose observation is a function of its state."""

from collections.abc import Callable
from typing import Any

from koki2.core.types import Key
from koki2.envs.base import Action, Care, Feedback, MapEnv, Observation, State
from koki2.envs.grid import Map


def on_map(
    map: Map,
    *,
    start: Callable[[Key], State],
    advance: Callable[[Key, State, Action, Care | None], tuple[State, Feedback]],
    observe: Callable[[State], Observation],
    **fields: Any,
) -> MapEnv:
    """Puts a world on a map together.

    Args:
      map: where it is.
      start: the state before the first step.
      advance: one step: the state after it, and what it did.
      observe: what an agent senses of a state.
      fields: the other fields of `MapEnv`.
    """

    def init(key: Key) -> tuple[State, Observation]:
        state = start(key)
        return state, observe(state)

    def step(
        key: Key, state: State, action: Action, care: Care | None = None
    ) -> tuple[State, Observation, Feedback]:
        after, feedback = advance(key, state, action, care)
        return after, observe(after), feedback

    return MapEnv(init=init, step=step, size=(map.width, map.height), **fields)
