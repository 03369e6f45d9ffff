"""The contract every agent keeps (`contracts.agent` checks it)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import chex
from jaxtyping import Array, Float, Int

from koki2.core.types import Key

Params = Any  # what development makes of a genome; None for scripted agents
State = Any  # what changes within an episode


@chex.dataclass(frozen=True, kw_only=True)
class StepFeedback:
    """What one step of the world brought the agent; the input of learning."""

    energy_gained: Float[Array, ""]
    integrity_lost: Float[Array, ""]
    drive_fall: Float[Array, ""]
    plasticity: Float[Array, ""] | None = None  # factor on the learning rate; None: 1


@chex.dataclass(frozen=True, kw_only=True)
class Learning:
    """How much a step changed the agent."""

    abs_dw: Float[Array, ""]  # mean |weight change| over synapses
    abs_modulator: Float[Array, ""]  # |modulator|; its mean where neurons differ


class Agent(NamedTuple):
    """A body and brain as pure functions over one unbatched agent.

    `act` consumes its key. `learn` follows the world's step, so that credit falls on
    the step that earned it; it is None where nothing is learnt, and then is not built.
    """

    init: Callable[[Params], State]
    act: Callable[[Key, Params, State, Any], tuple[State, Int[Array, ""]]]
    learn: Callable[[Params, State, StepFeedback], tuple[State, Learning]] | None
    uses_privileged_state: bool = False  # a planner: sees the truth, not the senses
    cost: Callable[[Params, State], Float[Array, ""]] | None = None
    """Cost of the step just taken, in units of fitness; None: nothing."""
