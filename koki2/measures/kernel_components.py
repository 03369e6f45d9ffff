"""Kernel PCA: the few curved directions that keep most of what metrics say."""

import chex
import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.measures.configs import KernelConfig
from koki2.measures.likeness import gram


@chex.dataclass(frozen=True, kw_only=True)
class KernelPCA:
    """Points along the first B principal axes of a kernel's feature space."""

    scores: Float[Array, "S B"]  # centred
    kept: Float[Array, " B"]  # share of the points' squared norm there, largest first
    error: Float[Array, ""]  # what no axis keeps: 1 - sum of kept


def kernel_pca(
    points: Float[Array, "S M"], components: int, config: KernelConfig
) -> KernelPCA:
    """The B best axes for points whose inner products are a kernel K.

        K_c = H K H = U diag(l) U',   H = I - 11' / S
        scores = U_B diag(sqrt(l_B)),   kept_b = l_b / trace K_c

    The error is the squared distance, in feature space, of the centred points to the
    plane of the B axes, over their squared distance to the origin.

    Args:
      points: one per row, brought to one scale before.
      components: B.
      config: the kernel.

    Returns:
      Every axis pointing so that the score of largest size is positive. NaN in kept
      and error where the kernel tells no point from another, or one is not finite.

    Raises:
      ValueError: more components than points, or none.

    Example:
      >>> line = jnp.array([[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]])
      >>> found = kernel_pca(line, 1, KernelConfig(kernel="linear", gamma=1.0))
      >>> (found.scores[:, 0] ** 2).round(3).tolist(), found.kept.round(3).tolist()
      ([2.0, 0.0, 2.0], [1.0])

    Source: Schoelkopf, Smola and Mueller, "Nonlinear component analysis as a kernel
    eigenvalue problem", 1998.
    """
    count = points.shape[0]
    if not 1 <= components <= count:
        raise ValueError(
            f"components must be 1 to {count}, the number of points, got {components}."
        )
    kernel = gram(config, points)
    size = jnp.trace(kernel)
    kernel = kernel - jnp.mean(kernel, axis=0)[None]
    kernel = kernel - jnp.mean(kernel, axis=1)[:, None]
    total = jnp.trace(kernel)
    values, axes = jnp.linalg.eigh(kernel)
    values = jnp.maximum(values[::-1][:components], 0.0)  # rounded below 0
    axes = axes[:, ::-1][:, :components]
    far = jnp.argmax(jnp.abs(axes), axis=0)
    sign = jnp.where(jnp.take_along_axis(axes, far[None], axis=0) < 0, -1.0, 1.0)
    nothing = total <= 8 * jnp.finfo(points.dtype).eps * size
    kept = jnp.where(nothing, jnp.nan, values / jnp.where(nothing, 1.0, total))
    return KernelPCA(
        scores=axes * sign * jnp.sqrt(values)[None],
        kept=kept,
        error=1 - jnp.sum(kept),
    )
