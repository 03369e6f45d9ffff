"""Ranks: how many directions the matrices of a model use, on average."""

import functools
from collections.abc import Sequence
from typing import Literal

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2 import kernels

Implementation = Literal["auto", "reference", "gram"]


@chex.dataclass(frozen=True, kw_only=True)
class Ranks:
    """Means over matrices."""

    count: Float[Array, ""]  # singular values above 1% of the largest
    entropy: Float[Array, ""]  # exp of the entropy of the singular values


@functools.partial(jax.jit, static_argnames="implementation")
def mean_ranks(
    matrices: Sequence[Float[Array, "_ _"]],
    *,
    implementation: Implementation = "auto",
) -> Ranks:
    """Means of `kernels.count_rank` and of `kernels.effective_rank` over matrices.

    Args:
      matrices: the linear ones of a model: those that stand side by side in one array,
        as queries, keys and values may, apart; neither embeddings nor norms.
      implementation: of both kernels.

    Returns:
      NaN where a number is not finite.

    Raises:
      ValueError: there are no matrices.

    Example:
      >>> ranks = mean_ranks([jnp.eye(4), jnp.diag(jnp.array([1.0, 0.005]))])
      >>> ranks.count.item(), round(ranks.entropy.item(), 3)
      (2.5, 2.516)

    Source: seed 003 8.4, whose effective rank is `count`; Roy and Vetterli 2007 for
    `entropy`. The seed's own code found 20 of any matrix: it never reached past the 20
    columns that its power iteration began with, and did not keep these apart.
    """
    if not matrices:
        raise ValueError("matrices must have one at least, got none.")
    shapes: dict[tuple[int, ...], list[Array]] = {}
    for matrix in matrices:
        shapes.setdefault(matrix.shape, []).append(matrix)
    ranks = jax.vmap(
        functools.partial(kernels.both_ranks, implementation=implementation)
    )
    of_shapes = [ranks(jnp.stack(alike)) for alike in shapes.values()]
    counts, entropies = (
        jnp.mean(jnp.concatenate(each)) for each in zip(*of_shapes, strict=True)
    )
    return Ranks(count=counts, entropy=entropies)
