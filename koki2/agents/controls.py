"""Negative controls: agents that could not learn, or owe nothing to evolved wiring.

    shuffled        the third factor comes at another time: sizes and signs are kept
    clamped         it is always `clamp_value`: Hebb's rule alone
    frozen          all is computed, and no weight moves
    random_network  recurrent weights are drawn, not inherited; the readout evolves

Learning that helps as much under one of the first three was not learning from
consequences; an agent that lives as well under the last owes nothing to its inner
wiring. The first three need the same genome as none: one evolved without a control may
be tried with it.

Source: thesis 18, stage 7 (negative controls).
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from koki2.agents.topology import Topology
from koki2.core.types import Key

WAITING = 32  # third factors held back; a power of two


def draw_slot(key: Key) -> Int[Array, ""]:
    """Which of the third factors that wait is felt at this step: uniform."""
    return (jax.random.bits(key, (), "uint32") & (WAITING - 1)).astype(jnp.int32)


def shuffle(
    waiting: Float[Array, "W ..."], slot: Int[Array, ""], third: Float[Array, "..."]
) -> tuple[Float[Array, "..."], Float[Array, "W ..."]]:
    """Gives out the third factor waiting in a slot, and puts this step's there.

    Each is felt once at most, unchanged, W steps late on average and at no fixed delay;
    the slots start empty, so that at first zeros are felt, and some are never felt.

    Example:
      >>> felt, waiting = shuffle(jnp.array([0.5, -0.5]), jnp.int32(1), jnp.float32(1))
      >>> float(felt), waiting.tolist()
      (-0.5, [0.5, 1.0])
    """
    here = jnp.arange(waiting.shape[0], dtype=jnp.int32) == slot
    here = here.reshape((-1,) + (1,) * third.ndim)
    felt = jnp.sum(jnp.where(here, waiting, 0.0), axis=0)
    return felt, jnp.where(here, third[None], waiting)


def random_weights(topology: Topology, scale: float) -> Float[Array, " S"]:
    """Weights that hang on the wiring alone, and so on the seed it was drawn from.

    Uniform around zero, of standard deviation `scale`. Made of whole numbers and one
    product, so that every program gives them the same bits.
    """
    target = jnp.asarray(topology.target).astype(jnp.uint32)
    place = jnp.arange(target.shape[0], dtype=jnp.uint32)
    word = jnp.sum(target * (place * np.uint32(2654435769) + 1), dtype=jnp.uint32)
    bits = jax.random.bits(jax.random.key(word), target.shape, "uint32")
    unit = (bits >> 8).astype(jnp.float32) * 2.0**-23 - 1.0  # in [-1, 1), exactly
    return math.sqrt(3.0) * scale * unit
