"""Neighbourhoods: does an embedding keep together what is together, and no more?

Trustworthiness asks whether neighbours in the embedding were neighbours in the input;
it falls when the embedding folds the far onto each other. Continuity asks whether
neighbours in the input still are neighbours; it falls when the embedding tears them
apart. One is the other with input and embedding exchanged, and neither says what the
other does. Both lie between 0 and 1; about 1/2 is what chance gives.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from koki2.measures.likeness import squared_distances

ROWS = 256  # points whose neighbourhoods are held at once


def trustworthiness(
    inputs: Float[Array, "S M"], embedding: Float[Array, "S B"], k: int
) -> Float[Array, ""]:
    """Punishes those near in the embedding by how far they are in the input.

        T = 1 - 2 / (S k (2 S - 3 k - 1)) sum_i sum_{j in U_i} max(0, r_ij - k)

    U_i: the k nearest others of i in the embedding; r_ij: the rank of j among i's
    others by distance in the input, 1 for the nearest.

    Args:
      inputs: one point per row, at scales at which distances mean something.
      embedding: of the same points.
      k: size of a neighbourhood.

    Returns:
      NaN unless there are more than 2 k points, all finite (as must their squared
      distances be), and not all at one place in the input: points that do not differ
      have no neighbours that could be kept. Where several are equally far the order of
      points does not decide: as the k-th nearest they share the places left, and as to
      rank all have the best of theirs, so that an embedding equal to the input has 1.

    Raises:
      ValueError: k below 1.

    Example:
      >>> line = jnp.arange(8.0)[:, None]
      >>> float(trustworthiness(line, -2 * line, k=2))
      1.0

    Source: Venna and Kaski, "Neighborhood preservation in nonlinear projection
    methods", 2001. The rule for ties is ours.
    """
    return jnp.where(_differ(inputs), _kept(embedding, inputs, k), jnp.nan)


def continuity(
    inputs: Float[Array, "S M"], embedding: Float[Array, "S B"], k: int
) -> Float[Array, ""]:
    """Punishes those near in the input by how far they are in the embedding.

        C = 1 - 2 / (S k (2 S - 3 k - 1)) sum_i sum_{j in V_i} max(0, r_ij - k)

    V_i: the k nearest others of i in the input; r_ij: the rank of j among i's others
    by distance in the embedding, 1 for the nearest. Arguments, returns, errors and
    source are those of `trustworthiness`. An embedding in which all are at one place
    has 1: nothing is torn. Of an input in which all are, too, nothing is known: NaN.

    Example:
      >>> line = jnp.arange(8.0)[:, None]
      >>> float(continuity(line, jnp.zeros((8, 1)), k=2))
      1.0
    """
    return jnp.where(_differ(inputs), _kept(inputs, embedding, k), jnp.nan)


def _differ(points: Float[Array, "S M"]) -> Bool[Array, ""]:
    """Whether any point is at another place than the first."""
    return jnp.any(points != points[:1])


def _kept(
    near_in: Float[Array, "S A"], ranked_in: Float[Array, "S C"], k: int
) -> Float[Array, ""]:
    """1 less how far, in rank of one space, neighbours in the other are."""
    count = near_in.shape[0]
    if k < 1:
        raise ValueError(f"k must be >= 1, got {k}.")
    if count <= 2 * k:
        return jnp.full((), jnp.nan, near_in.dtype)
    near, ranked = squared_distances(near_in), squared_distances(ranked_in)

    def one(rows: tuple[Array, Array, Array]) -> Float[Array, ""]:
        index, near, ranked = rows
        other = jnp.arange(count) != index
        near = jnp.where(other, near, jnp.inf)
        last = jnp.sort(near)[k - 1]
        inside, tied = near < last, near == last
        places = (k - jnp.sum(inside)).astype(near.dtype)
        share = places / jnp.sum(tied).astype(near.dtype)
        weight = jnp.where(inside, 1.0, jnp.where(tied, share, 0.0))
        ordered = jnp.sort(jnp.where(other, ranked, jnp.inf))
        rank = 1 + jnp.searchsorted(ordered, ranked, side="left")
        return jnp.sum(weight * jnp.maximum(rank - k, 0).astype(near.dtype))

    rows = (jnp.arange(count), near, ranked)
    punished = jnp.mean(jax.lax.map(one, rows, batch_size=ROWS))
    kept = 1 - punished * 2 / (k * (2 * count - 3 * k - 1))
    finite = jnp.all(jnp.isfinite(near)) & jnp.all(jnp.isfinite(ranked))
    return jnp.where(finite, kept, jnp.nan)
