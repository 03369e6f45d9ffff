"""The contract every world keeps (checked by `tests/contracts/test_envs.py`)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import chex
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key

State = Any  # a chex dataclass; each world defines its own, with a field t (steps)


@chex.dataclass(frozen=True, kw_only=True)
class Feedback:
    """What one step did to the body, beside the next observation."""

    energy_gained: Float[Array, ""]  # taken in, all stores together, in full stores
    integrity_lost: Float[Array, ""]  # in units of a whole body
    drive_fall: Float[Array, ""]  # drive before minus after; drive = sum w (1 - need)^2
    integrity: Float[Array, ""]  # after the step, in [0, 1]
    bad_arrivals: Int[Array, ""]  # harmful sources arrived at
    reached: Bool[Array, ""]  # stands on a good source
    terminated: Bool[Array, ""]  # the life is over: its value is zero
    truncated: Bool[Array, ""]  # the clock ran out: bootstrap from here


@chex.dataclass(frozen=True, kw_only=True)
class Care:
    """How gently a world treats the young at one step; `evolution.nursing` sets it."""

    metabolism: Float[Array, ""]  # factor on what living costs; 1 is an adult's
    buffer: Float[Array, ""]  # energy (and other stores) that a loss cannot go below
    richness: Float[Array, ""]  # factor on what a source gives
    hazard: Float[Array, ""]  # factor on integrity lost


@chex.dataclass(frozen=True, kw_only=True)
class Revealed:
    """The truth about a world, for oracles and pictures. K sources, M needs.

    What arriving at a source is worth counts for now, hidden seasons, cues and drive
    weights included: above zero feeds, below harms.
    """

    position: Int[Array, "2"]  # cells, (x, y) from the north-west corner
    source: Int[Array, "K 2"]  # cells
    worth: Float[Array, " K"]  # fall of the drive on arriving; its sign is what counts
    active: Bool[Array, " K"]
    needs: Float[Array, " M"]  # in the order of `Env.needs`, in [0, 1]
    kind: Int[Array, " K"] | None = None  # which of `Env.kinds`; None: by its worth
    wall: Bool[Array, "H W"] | None = None  # cells nobody can enter
    danger: Float[Array, "H W"] | None = None  # integrity lost per step there


class Policy(NamedTuple):
    """A scripted way to live by the senses, with a memory of its own (or None)."""

    memory: Any
    choose: Callable[[Key, Any, Float[Array, " O"]], tuple[Any, Int[Array, ""]]]


class Env(NamedTuple):
    """A world as pure functions over one unbatched life; `vmap` to batch.

    Worlds know nothing of agents and never reset themselves: whoever runs the
    rollout decides what follows the end of a life. `init` and `step` consume their
    key. A feature that is off is not built, and draws nothing; `step` without `care`
    is the adult world.

    On maps the first two channels of an observation are a gradient, and actions are 0
    stay, 1 up (y - 1), 2 down, 3 left (x - 1), 4 right.
    """

    init: Callable[[Key], tuple[State, Float[Array, " O"]]]
    step: Callable[..., tuple[State, Float[Array, " O"], Feedback]]
    """(key, state, action, care=None) -> (state, observation, feedback)."""
    observation_size: int  # O
    num_actions: int  # A
    steps: int  # T, the clock
    version: int  # rises whenever the same key would give a different life
    reveal: Callable[[State], Revealed] | None = None  # None: nothing can be revealed
    size: tuple[int, int] = (0, 0)  # of the map: width, height in cells
    needs: tuple[str, ...] = ("energy", "integrity")  # what `Revealed.needs` holds
    kinds: tuple[str, ...] = ()  # names of the kinds of sources
    competent: Policy | None = None  # by script; None: following the gradient is
