"""Bodies: what a step does to stores and integrity, in every world that has a body.

A store is in [0, 1], 1 is full, and so is integrity; the drive says how far a body is
from content, and living, eating and harm move it. Pure functions of one episode, with K
sources and M stores.
"""

import dataclasses
from typing import Any, cast

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


def live(
    state: State,
    *,
    steps: int,
    cost: ArrayLike,
    gain: ArrayLike,
    loss: ArrayLike = 0.0,
    care: Care | None = None,
    reached: Bool[Array, ""],
    bad_arrivals: Int[Array, ""] | int = 0,
    absorbs: bool = False,
    **changes: Any,
) -> tuple[State, Feedback]:
    """One step of a body with energy, and integrity if the state has any.

    Args:
      state: before the step; its fields t, energy and integrity (or none) are read.
      steps: the clock, T.
      cost: energy that the step costs.
      gain: energy that sources arrived at give.
      loss: of integrity.
      care: of the young, or None.
      reached: whether it stands on a good source.
      bad_arrivals: harmful sources arrived at.
      absorbs: count of the gain only what there was room for.
      changes: fields of the state after the step, beside those of the body and t.

    Returns:
      The state after the step, and the feedback.
    """
    energy, absorbed = update_stores(state.energy, cost=cost, gain=gain, care=care)
    gained = gain if care is None else care.richness * gain
    changes["energy"] = energy
    lost, integrity = jnp.float32(0.0), jnp.float32(1.0)
    needs, died = energy[None], energy <= 0.0
    if hasattr(state, "integrity"):
        lost = jnp.asarray(loss if care is None else care.hazard * loss, jnp.float32)
        integrity = jnp.clip(state.integrity - lost, 0.0, 1.0)
        changes["integrity"] = integrity
        needs, died = jnp.stack([energy, integrity]), died | (integrity <= 0.0)
    body = BodyFeedback(
        energy_gained=absorbed if absorbs else cast("Array", gained),
        integrity_lost=lost,
        drive_fall=drive(needs_of(state)) - drive(needs),
        integrity=integrity,
        bad_arrivals=jnp.int32(bad_arrivals),
        reached=reached,
    )
    return _ended(state, changes, body, died, steps)


def live_by_stores(
    state: State,
    *,
    steps: int,
    cost: ArrayLike,
    gain: ArrayLike,
    loss: ArrayLike = 0.0,
    weights: ArrayLike = 1.0,
    care: Care | None = None,
    reached: Bool[Array, ""],
    bad_arrivals: Int[Array, ""] | int = 0,
    **changes: Any,
) -> tuple[State, Feedback]:
    """One step of a body with several stores, that dies when one of them is empty.

    Counts of the gain only what there was room for.

    Args:
      state: before the step; its fields t and store are read.
      steps: the clock, T.
      cost: what the step costs each store, [M].
      gain: what sources arrived at give, [M].
      loss: what they take, [M].
      weights: of the needs in the drive: [M], or 1.
      care: of the young, or None.
      reached: whether it stands on a good source.
      bad_arrivals: harmful sources arrived at.
      changes: fields of the state after the step, beside store and t.

    Returns:
      The state after the step, and the feedback.
    """
    store, absorbed = update_stores(
        state.store, cost=cost, gain=gain, loss=loss, care=care
    )
    body = BodyFeedback(
        energy_gained=jnp.sum(absorbed),
        integrity_lost=jnp.float32(0.0),
        drive_fall=drive(state.store, weights) - drive(store, weights),
        integrity=jnp.float32(1.0),
        bad_arrivals=jnp.int32(bad_arrivals),
        reached=reached,
    )
    changes["store"] = store
    return _ended(state, changes, body, jnp.any(store <= 0.0), steps)


def needs_of(state: State) -> Float[Array, " M"]:
    """The needs of a body: its stores; or energy, and integrity if it has any."""
    if hasattr(state, "store"):
        return state.store
    if hasattr(state, "integrity"):
        return jnp.stack([state.energy, state.integrity])
    return state.energy[None]


def truth(
    state: State, worth: Float[Array, " K"] | float, **more: Any
) -> PrivilegedState:
    """The privileged state of a world: where it is, its needs, and what sources do.

    Args:
      state: its fields position, source and those of the body are read.
      worth: of arriving at each source, or at any.
      more: other fields of `PrivilegedState`; all sources are active unless told.
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


def _ended(
    state: State,
    changes: dict[str, Any],
    body: BodyFeedback,
    died: Bool[Array, ""],
    steps: int,
) -> tuple[State, Feedback]:
    """The state after a step, and what the step did."""
    after = dataclasses.replace(state, t=state.t + 1, **changes)
    return after, Feedback(
        reward=body.drive_fall,
        terminated=died,
        truncated=after.t >= steps,
        body=body,
    )
