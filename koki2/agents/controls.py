"""Negative controls: agents that cannot learn, or do not use evolved wiring.

    shuffled        the modulator comes at another time: sizes and signs are kept
    clamped         the modulator is always `clamp_value`: Hebb's rule alone
    frozen          everything is computed, and no weight moves
    random_network  recurrent weights are drawn, not inherited; the readout evolves

Learning that helps as much under one of the first three is not learning from
consequences; an agent that does as well under the last does not need its recurrent
weights. The first three need the same genome as none: one evolved without a control may
be evaluated with it.

Source: thesis 18, stage 7 (negative controls).
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from koki2.agents.topology import Topology
from koki2.core.types import Key

WAITING = 32  # modulators held back, W; a power of two


def draw_slot(key: Key) -> Int[Array, ""]:
    """Draws which of the W waiting modulators this step uses: uniform."""
    return (jax.random.bits(key, (), "uint32") & (WAITING - 1)).astype(jnp.int32)


def shuffle(
    waiting: Float[Array, "W ..."], slot: Int[Array, ""], modulator: Float[Array, "..."]
) -> tuple[Float[Array, "..."], Float[Array, "W ..."]]:
    """Returns the modulator waiting in a slot, and puts this step's in its place.

    Each is used once at most, unchanged, W steps late on average and at no fixed delay;
    the slots start at zero, so that at first zeros are used; some are never used.

    Example:
      >>> delayed, waiting = shuffle(
      ...     jnp.array([0.5, -0.5]), jnp.int32(1), jnp.float32(1))
      >>> float(delayed), waiting.tolist()
      (-0.5, [0.5, 1.0])
    """
    is_slot = jnp.arange(waiting.shape[0], dtype=jnp.int32) == slot
    is_slot = is_slot.reshape((-1,) + (1,) * modulator.ndim)
    delayed = jnp.sum(jnp.where(is_slot, waiting, 0.0), axis=0)
    return delayed, jnp.where(is_slot, modulator[None], waiting)


def random_weights(topology: Topology, scale: float) -> Float[Array, " S"]:
    """Draws weights from the wiring alone, and so from the seed it was drawn with.

    Uniform around zero, of standard deviation `scale`. Made of whole numbers and one
    product, so that every program gives them the same bits.
    """
    target = jnp.asarray(topology.target).astype(jnp.uint32)
    place = jnp.arange(target.shape[0], dtype=jnp.uint32)
    word = jnp.sum(target * (place * np.uint32(2654435769) + 1), dtype=jnp.uint32)
    bits = jax.random.bits(jax.random.key(word), target.shape, "uint32")
    unit = (bits >> 8).astype(jnp.float32) * 2.0**-23 - 1.0  # in [-1, 1), exactly
    return math.sqrt(3.0) * scale * unit
