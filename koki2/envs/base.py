"""The contract every world keeps; `contracts.world` checks it."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias, TypeGuard

import chex
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.envs.senses import Sense
from koki2.policies.base import (
    Action as Action,
    Observation as Observation,
    Policy as Policy,
)

State: TypeAlias = Any
"""A chex dataclass; each world defines its own, with a field t (steps)."""


@chex.dataclass(frozen=True, kw_only=True)
class BodyFeedback:
    """What one step did to a body."""

    energy_gained: Float[Array, ""]  # taken in, all stores together, in full stores
    integrity_lost: Float[Array, ""]  # in units of a whole body
    drive_fall: Float[Array, ""]  # drive before minus after; drive = sum w (1 - need)^2
    integrity: Float[Array, ""]  # after the step, in [0, 1]
    bad_arrivals: Int[Array, ""]  # harmful sources arrived at
    reached: Bool[Array, ""]  # stands on a good source


@chex.dataclass(frozen=True, kw_only=True)
class Feedback:
    """What one step did, beside the next observation.

    In worlds with a body the reward is the fall of the drive, `body.drive_fall`: the
    rewards of an episode add up to how much closer to content the body ended.

    Source: Keramati and Gutkin, "Homeostatic reinforcement learning", 2014.
    """

    reward: Float[Array, ""]  # in the world's own units; may be negative
    terminated: Bool[Array, ""]  # the episode is over: its value is zero
    truncated: Bool[Array, ""]  # the clock ran out: bootstrap from here
    body: BodyFeedback | None = None  # None: the world has no body


@chex.dataclass(frozen=True, kw_only=True)
class Care:
    """How gently a world treats the young at one step; `evolution.nursing` sets it."""

    metabolism: Float[Array, ""]  # factor on what living costs; 1 is an adult's
    buffer: Float[Array, ""]  # energy (and other stores) that a loss cannot go below
    richness: Float[Array, ""]  # factor on what a source gives
    hazard: Float[Array, ""]  # factor on integrity lost


@chex.dataclass(frozen=True, kw_only=True)
class PrivilegedState:
    """The truth about a world, for planners and pictures. K sources, M needs.

    What arriving at a source is worth counts for now, hidden seasons, cues and drive
    weights included: above zero feeds, below harms.
    """

    position: Int[Array, "2"]  # cells, (x, y) from the north-west corner
    source: Int[Array, "K 2"]  # cells
    worth: Float[Array, " K"]  # fall of the drive on arriving; its sign is what counts
    active: Bool[Array, " K"]
    needs: Float[Array, " M"]  # in the order of `MapEnv.needs`, in [0, 1]
    kind: Int[Array, " K"] | None = None  # which of `MapEnv.kinds`; None: by its worth
    wall: Bool[Array, "H W"] | None = None  # cells that cannot be entered
    danger: Float[Array, "H W"] | None = None  # integrity lost per step there


class Env(NamedTuple):
    """A world as pure functions over one unbatched episode; `vmap` to batch.

    Worlds know nothing of agents and never reset themselves: the code that runs the
    rollout decides what follows the end of an episode. `init` and `step` consume their
    key. A feature that is off is not built, and draws nothing; `step` without `care`
    is the adult world.
    """

    init: Callable[[Key], tuple[State, Observation]]
    step: Callable[..., tuple[State, Observation, Feedback]]
    """(key, state, action, care=None) -> (state, observation, feedback)."""
    observation_size: int  # O
    num_actions: int  # A
    steps: int  # T, the clock
    version: int  # rises when the same key would give a different episode
    competent: Policy | None = None  # does by script what the world asks for
    senses: tuple[Sense, ...] = ()  # of an observation; none named: one a channel


class MapEnv(NamedTuple):
    """An `Env` on a map: agents stand in a cell, and what is where is known.

    The first two channels of an observation are a gradient, and actions are 0 stay,
    1 up (y - 1), 2 down, 3 left (x - 1), 4 right.
    """

    init: Callable[[Key], tuple[State, Observation]]
    step: Callable[..., tuple[State, Observation, Feedback]]
    """(key, state, action, care=None) -> (state, observation, feedback)."""
    observation_size: int  # O
    steps: int  # T, the clock
    version: int  # rises when the same key would give a different episode
    privileged_state: Callable[[State], PrivilegedState]
    size: tuple[int, int]  # width, height in cells
    num_actions: int = 5  # A
    needs: tuple[str, ...] = ("energy", "integrity")  # of `PrivilegedState.needs`
    kinds: tuple[str, ...] = ()  # names of the kinds of sources
    competent: Policy | None = None  # by script; None: following the gradient is
    senses: tuple[Sense, ...] = ()  # of an observation; none named: one a channel
    planner: Literal["straight", "navigator"] = "navigator"
    """Which agent is its planner: `agents.straight_planner`, which walks along one axis
    after the other, or `agents.navigator`, which goes round walls and danger."""


AnyEnv: TypeAlias = Env | MapEnv


def has_map(env: object) -> TypeGuard[MapEnv]:
    """Whether a world has a map, so that episodes in it have paths and can be filmed.

    Example:
      >>> from koki2 import envs
      >>> has_map(envs.chemotaxis())
      True
    """
    return getattr(env, "privileged_state", None) is not None


def on_map(env: object) -> MapEnv:
    """Returns a world that must have a map.

    Raises:
      ValueError: it has none.
    """
    if not has_map(env):
        raise ValueError(f"a world must have a map here, got {env!r:.200}.")
    return env


def counted(feedback: Feedback) -> BodyFeedback:
    """What is counted of a step: the body's share, where there is a body.

    A world without a body has its reward counted in the place of energy, and nothing
    else: no loss, no drive, a whole body.
    """
    if feedback.body is not None:
        return feedback.body
    zero = jnp.float32(0.0)
    return BodyFeedback(
        energy_gained=feedback.reward,
        integrity_lost=zero,
        drive_fall=zero,
        integrity=jnp.float32(1.0),
        bad_arrivals=jnp.int32(0),
        reached=jnp.array(False),
    )
