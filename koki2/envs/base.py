"""The contract every world keeps (checked by `tests/contracts/test_envs.py`)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import chex
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key

State = Any  # a chex dataclass; each world defines its own


@chex.dataclass(frozen=True, kw_only=True)
class Feedback:
    """What one step did to the body, beside the next observation."""

    energy_gained: Float[Array, ""]  # in units of a full store
    integrity_lost: Float[Array, ""]  # in units of a whole body
    drive_fall: Float[Array, ""]  # drive before minus after; drive = sum (1 - need)^2
    integrity: Float[Array, ""]  # after the step, in [0, 1]
    bad_arrivals: Int[Array, ""]  # harmful sources arrived at
    reached: Bool[Array, ""]  # stands on a good source
    terminated: Bool[Array, ""]  # the life is over: its value is zero
    truncated: Bool[Array, ""]  # the clock ran out: bootstrap from here


@chex.dataclass(frozen=True, kw_only=True)
class Revealed:
    """The truth about a world, for oracles: offsets in cells, agent to source."""

    offset: Int[Array, "K 2"]
    good: Bool[Array, " K"]
    active: Bool[Array, " K"]
    room: Int[Array, "4"]  # cells to the wall going up, down, left, right


class Env(NamedTuple):
    """A world as pure functions over one unbatched life; `vmap` to batch.

    Worlds know nothing of agents and never reset themselves: whoever runs the
    rollout decides what follows the end of a life. `init` and `step` consume their
    key. A feature that is off is not built, and draws nothing.
    """

    init: Callable[[Key], tuple[State, Float[Array, " O"]]]
    step: Callable[
        [Key, State, Int[Array, ""]], tuple[State, Float[Array, " O"], Feedback]
    ]
    reveal: Callable[[State], Revealed]
    observation_size: int  # O
    num_actions: int  # A
    steps: int  # T, the clock
    version: int  # rises whenever the same key would give a different life
