"""Rank shaping: fitness replaced by ranks, which do not depend on its scale."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def centred_ranks(fitness: Float[Array, " P"]) -> Float[Array, " P"]:
    """Computes ranks in [-0.5, 0.5]; equal fitness gets the average of its ranks.

        rank_i = (below_i + (equal_i - 1) / 2) / (P - 1) - 1/2

    where below and equal count the members whose fitness is below, or equals, that of
    member i (itself included). If all are equal, each is exactly zero. Sorts once and
    looks every member up twice, O(P log P): comparing all pairs is as fast at P = 128
    and takes about fifty times as long at P = 4096.

    Args:
      fitness: one number per genome, higher is better. NaN and -inf are worst and
        equal to each other; +inf is best.

    Raises:
      ValueError: fewer than two members.

    Example:
      >>> centred_ranks(jnp.array([3.0, 1.0, 3.0, 0.0, jnp.nan])).tolist()
      [0.375, 0.0, 0.375, -0.25, -0.5]

    Source: Salimans et al. 2017, https://arxiv.org/abs/1703.03864; there (and in
    seed 002's own code) ties are ranked by position, so a position could win.
    """
    size = fitness.shape[0]
    if size < 2:
        raise ValueError(f"fitness must have at least 2 members, got {size}.")
    fitness = jnp.where(jnp.isnan(fitness), -jnp.inf, fitness)
    ordered = jnp.sort(fitness)
    below = jnp.searchsorted(ordered, fitness, side="left")
    up_to = jnp.searchsorted(ordered, fitness, side="right")
    return (below + up_to - size).astype(fitness.dtype) / (2 * (size - 1))
