"""What worlds with several stores and kinds of sources share: smell, meals, worth.

A store is in [0, 1], 1 is full; cells are (x, y). Pure functions of one life with K
sources and M stores.
"""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.envs.base import Care
from koki2.envs.grid import nearest


def met(
    source: Int[Array, "K 2"], before: Int[Array, "2"], position: Int[Array, "2"]
) -> tuple[Bool[Array, " K"], Bool[Array, " K"]]:
    """Which sources an agent stands on, and which of them it came to in this step."""
    here = jnp.all(source == position[None], axis=1)
    return here, here & ~jnp.all(source == before[None], axis=1)


def smell(
    source: Int[Array, "K 2"],
    position: Int[Array, "2"],
    counts: Sequence[int],
    span: np.ndarray,
) -> Float[Array, " G"]:
    """A gradient to the nearest source of each kind, in units of the world's size.

    Args:
      source: cells, kind after kind.
      position: cell.
      counts: how many sources there are of each kind; of a kind without, zero.
      span: the world's size less one, in cells, float32.

    Example:
      >>> source, corner = jnp.array([[2, 1], [1, 0], [0, 4]]), jnp.zeros(2, jnp.int32)
      >>> smell(source, corner, (2, 1), np.float32([4, 4])).tolist()
      [0.25, 0.0, 0.0, 1.0]
    """
    offset = source - position[None]
    ends = np.cumsum(counts).tolist()
    found = [jnp.zeros(2, jnp.float32)] * len(ends)
    for nth, (count, end) in enumerate(zip(counts, ends, strict=True)):
        if count:
            of_kind = offset[end - count : end]
            found[nth] = nearest(of_kind, jnp.ones(count, bool)).astype(jnp.float32)
    return (jnp.stack(found) / span[None]).reshape(-1)


def lived(
    store: Float[Array, "*M"], *, cost, gain, loss=0.0, care: Care | None = None
) -> tuple[Float[Array, "*M"], Float[Array, "*M"]]:
    """One step of a body: store' = clip(store - cost - loss + gain, 0, 1).

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
      >>> after, taken = lived(jnp.float32(0.875), cost=0.125, gain=0.5)
      >>> float(after), float(taken)
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


def worths(
    store: Float[Array, " M"], *, cost, effect: Float[Array, "K M"], weights=None
) -> Float[Array, " K"]:
    """How much lower the drive is after a step that arrives than after one that waits.

    Args:
      store: before the step.
      cost: of living, of that step.
      effect: what arriving at each source adds to each store; below zero, takes.
      weights: of the needs in the drive, [M]; None: all weigh 1.

    Example:
      >>> effect = jnp.array([[0.5, 0.0], [0.5, -0.5]])
      >>> worths(jnp.array([0.5, 1.0]), cost=0.0, effect=effect).tolist()
      [0.25, 0.0]
    """
    spent = jnp.maximum(store - cost, 0.0)[None]
    fed = jnp.clip(spent + effect, 0.0, 1.0)
    fall = (1.0 - spent) ** 2 - (1.0 - fed) ** 2
    return jnp.sum(fall if weights is None else weights[None] * fall, axis=1)
