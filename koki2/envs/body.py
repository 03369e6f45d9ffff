"""Bodies: what a step does to stores and integrity, in every world that has a body.

A store is in [0, 1], 1 is full, and so is integrity; the drive is how far a body is
from content, and living, eating and harm move it. Pure functions of one episode, with K
sources and M stores.
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from koki2.envs.base import BodyFeedback, Care, Feedback, PrivilegedState, State


def drive(needs: Float[Array, " M"], weights: ArrayLike = 1.0) -> Float[Array, ""]:
    """How far a body is from content: sum over needs of w (1 - need)^2."""
    return jnp.sum(weights * (1.0 - needs) ** 2)


def drive_reduction(
    store: Float[Array, " M"],
    *,
    cost: ArrayLike,
    effect: Float[Array, "K M"],
    weights: Float[Array, " M"] | None = None,
) -> Float[Array, " K"]:
    """How much lower the drive is after a step that arrives than after one that waits.

    Args:
      store: before the step.
      cost: of living, of that step: [M] or a number.
      effect: what arriving at each source adds to each store; below zero, takes.
      weights: of the needs in the drive, [M]; None: all weigh 1.

    Example:
      >>> effect = jnp.array([[0.5, 0.0], [0.5, -0.5]])
      >>> drive_reduction(jnp.array([0.5, 1.0]), cost=0.0, effect=effect).tolist()
      [0.25, 0.0]
    """
    spent = jnp.maximum(store - cost, 0.0)[None]
    fed = jnp.clip(spent + effect, 0.0, 1.0)
    fall = (1.0 - spent) ** 2 - (1.0 - fed) ** 2
    return jnp.sum(fall if weights is None else weights[None] * fall, axis=1)


def arrivals(
    source: Int[Array, "K 2"],
    before: Int[Array, "2"],
    position: Int[Array, "2"],
    active: Bool[Array, " K"] | None = None,
) -> tuple[Bool[Array, " K"], Bool[Array, " K"]]:
    """Which active sources an agent stands on, and which it came to in this step.

    Example:
      >>> source, step = jnp.array([[1, 1], [2, 1]]), jnp.array([[1, 1], [2, 1]])
      >>> [which.tolist() for which in arrivals(source, step[0], step[1])]
      [[False, True], [False, True]]
    """
    standing = jnp.all(source == position[None], axis=1)
    if active is not None:
        standing = standing & active
    return standing, standing & ~jnp.all(source == before[None], axis=1)


def count(which: Bool[Array, " K"]) -> Int[Array, ""]:
    """How many are true."""
    return jnp.sum(which, dtype=jnp.int32)


def number(which: Bool[Array, " K"]) -> Float[Array, ""]:
    """How many are true, to multiply by."""
    return count(which).astype(jnp.float32)


def update_stores(
    store: Float[Array, "*M"],
    *,
    cost: ArrayLike,
    gain: ArrayLike,
    loss: ArrayLike = 0.0,
    care: Care | None = None,
) -> tuple[Float[Array, "*M"], Float[Array, "*M"]]:
    """One step of stores: store' = clip(store - cost - loss + gain, 0, 1).

    Args:
      store: before the step.
      cost: of living.
      gain: what sources arrived at give.
      loss: what they take.
      care: factors on these three, and what no store falls below.

    Returns:
      The stores after, and what came in: as much of the gain as there was room for,
      less the loss.

    Example:
      >>> after, absorbed = update_stores(jnp.float32(0.875), cost=0.125, gain=0.5)
      >>> float(after), float(absorbed)
      (1.0, 0.25)
    """
    if care is not None:
        cost, gain = care.metabolism * cost, care.richness * gain
        loss = care.hazard * loss
    spent = store - cost - loss
    after = jnp.clip(spent + gain, 0.0, 1.0)
    if care is not None:
        after = jnp.maximum(after, care.buffer)
    return after, jnp.minimum(gain, 1.0 - spent) - loss


class Effects(NamedTuple):
    """What a step does to a body with energy, or with M stores."""

    cost: ArrayLike  # of living, on energy or on each store
    gain: ArrayLike  # what sources arrived at give
    reached: Bool[Array, ""]  # whether it stands on a good source
    loss: ArrayLike = 0.0  # of integrity; of the stores in a body that has none
    bad_arrivals: Int[Array, ""] | int = 0  # harmful sources arrived at
    absorbs: bool = False  # whether only the gain that there was room for counts
    weights: ArrayLike = 1.0  # of the needs in the drive
    changes: Mapping[str, Any] = MappingProxyType({})  # other fields of the state after


def live(
    state: State,
    effects: Effects,
    *,
    steps: int,
    care: Care | None = None,
    **changes: Any,
) -> tuple[State, Feedback]:
    """One step of a body, which dies when a store or its integrity is empty.

    Args:
      state: before the step; its field t is read, and store, or energy, and integrity
        if it has any.
      effects: of the step.
      steps: the clock, T.
      care: of the young, or None.
      changes: other fields of the state after the step, those of `effects` first.

    Returns:
      The state after the step, and the feedback.
    """
    cost, gain, loss = effects.cost, effects.gain, effects.loss
    whole, name = getattr(state, "integrity", None), _store_of(state)
    store, absorbed = update_stores(
        getattr(state, name),
        cost=cost,
        gain=gain,
        loss=loss if whole is None else 0.0,
        care=care,
    )
    gained = absorbed
    if not effects.absorbs:
        gained = gain if care is None else care.richness * gain
    changes |= {name: store, "t": state.t + 1, **effects.changes}
    died, lost, integrity = store <= 0.0, jnp.float32(0.0), jnp.float32(1.0)
    if store.ndim:
        died, gained = jnp.any(died), jnp.sum(gained)
    if whole is not None:
        lost = jnp.asarray(loss if care is None else care.hazard * loss, jnp.float32)
        integrity = jnp.clip(whole - lost, 0.0, 1.0)
        changes["integrity"] = integrity
        died = died | (integrity <= 0.0)
    after = dataclasses.replace(state, **changes)
    drives = [drive(needs_of(s), effects.weights) for s in (state, after)]
    body = BodyFeedback(
        energy_gained=jnp.asarray(gained),
        integrity_lost=lost,
        drive_fall=drives[0] - drives[1],
        integrity=integrity,
        bad_arrivals=jnp.int32(effects.bad_arrivals),
        reached=effects.reached,
    )
    return after, Feedback(
        reward=body.drive_fall,
        terminated=died,
        truncated=after.t >= steps,
        body=body,
    )


def needs_of(state: State) -> Float[Array, " M"]:
    """The needs of a body: its stores; or energy, and integrity if it has any."""
    if _store_of(state) == "store":
        return state.store
    if getattr(state, "integrity", None) is not None:
        return jnp.stack([state.energy, state.integrity])
    return state.energy[None]


def truth(
    state: State, worth: Float[Array, " K"] | float, **more: Any
) -> PrivilegedState:
    """The privileged state of a world: where it is, its needs, and what sources do.

    Args:
      state: its fields position, source and those of the body are read.
      worth: of arriving at each source, or at any.
      more: other fields of `PrivilegedState`; by default all sources are active.
    """
    shape = state.source.shape[:1]
    fields = {
        "position": state.position,
        "source": state.source,
        "worth": jnp.broadcast_to(jnp.asarray(worth, jnp.float32), shape),
        "active": jnp.ones(shape, bool),
        "needs": needs_of(state),
    }
    return PrivilegedState(**fields | more)


def _store_of(state: State) -> str:
    """Which field of a state holds what is spent and filled."""
    return "energy" if getattr(state, "store", None) is None else "store"
