"""ladder_matmul: a product with a host matrix and, per item, some ranks of an adapter.

    m(n)    = adapter[n],   on[n,r] = r < level[n]
    mid[n,r] = on[n,r] scale[n] sum_d x[n,d] a[m(n),d,r]
    y[n,o]  = sum_d x[n,d] w[d,o] + sum_r mid[n,r] b[m(n),r,o]

A ladder is an adapter whose capacity R is there from the start and of which `level`
ranks are on; growing is a change of a number, never of a shape. `reference.py` is the
meaning; `pallas.py` is the speed: `mid` never reaches device memory, forward or in the
gradient of x. Both add up in float32 and round `mid` to the dtype of `x`.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.kernels.dispatch import choose, Implementation
from koki2.kernels.ladder_matmul import limits, reference


def ladder_matmul(
    x: Float[Array, "N D"],
    w: Float[Array, "D O"],
    a: Float[Array, "D R"] | Float[Array, "M D R"],
    b: Float[Array, "R O"] | Float[Array, "M R O"],
    level: Int[Array, ""] | Int[Array, " N"] | int,
    *,
    adapter: Int[Array, " N"] | None = None,
    scale: Float[Array, ""] | Float[Array, " N"] | float = 1.0,
    implementation: Implementation = "auto",
) -> Float[Array, "N O"]:
    """x w plus the first `level` ranks of a low-rank product; many adapters at once.

    An item is a row of `x`: a token, an example. One adapter: `a` [D, R]. Many, one
    per item: `a` [M, D, R] and `adapter`. Under `vmap` over adapters, `w` shared, the
    kernel makes one launch of all.

    Args:
      x: items.
      w: the host's matrix. Where its gradient is not asked for, `jit` drops the work.
      a: down-projections.
      b: up-projections, [R, O] or [M, R, O] like `a`.
      level: how many ranks are on, of one item or of all; 0 or less is none, R or more
        is all. Traced: no level recompiles.
      adapter: which adapter an item has, with many; an index outside of [0, M) is
        none.
      scale: of the low-rank part, of one item or of all; float32, or float64 with
        float64 inputs. alpha / r in LoRA's terms.
      implementation: see `koki2.kernels.dispatch`. The kernel takes bfloat16, N, D and
        O in multiples of 64 and R of 16, 32, 64 or 128. It is fastest where
        neighbouring items share an adapter: a tile of 64 items visits each adapter
        that is on in it. The reference multiplies each item with all M adapters. It
        has gradients of first order, in reverse mode.

    Returns:
      In the dtype of `x`. Where no rank is on, exactly x w: the same sums, bit for bit,
      as the same implementation gives with adapters of any other finite numbers.
      Ranks that are off have a gradient of exactly 0, and their numbers do not count
      as long as they are finite.

    Raises:
      ValueError: if shapes or dtypes do not fit together, or something is empty.
      NotImplementedError: if a named implementation cannot run here.

    Example:
      >>> x, w = jnp.array([[1.0, 2.0], [1.0, 2.0]]), jnp.eye(2)
      >>> a, b = jnp.eye(2), 10 * jnp.eye(2)
      >>> ladder_matmul(x, w, a, b, jnp.array([0, 1])).tolist()
      [[1.0, 2.0], [11.0, 2.0]]
      >>> pair = jnp.stack([b, 100 * b])
      >>> which = jnp.array([1, -1])
      >>> ladder_matmul(x, w, jnp.stack([a, a]), pair, 2, adapter=which).tolist()
      [[1001.0, 2002.0], [1.0, 2.0]]

    Source: Hu et al. 2021 (arXiv:2106.09685); many adapters in one batch as Chen et
    al. 2023 (arXiv:2310.18547), whose middle goes through device memory.
    """
    many = adapter is not None
    if a.ndim != b.ndim or (a.ndim == 3) != many:
        raise ValueError(
            "ladder_matmul needs a [D, R] and b [R, O], or a [M, D, R], b [M, R, O] "
            f"and `adapter`; got a {a.shape}, b {b.shape}, "
            f"{'an' if many else 'no'} adapter."
        )
    if 0 in (*x.shape, *w.shape, *a.shape):
        raise ValueError(
            f"ladder_matmul needs at least one of all, got x {x.shape}, w {w.shape}, "
            f"a {a.shape}."
        )
    if not x.dtype == w.dtype == a.dtype == b.dtype:
        raise ValueError(
            f"ladder_matmul needs one dtype, got x {x.dtype}, w {w.dtype}, "
            f"a {a.dtype}, b {b.dtype}."
        )
    if not many:
        a, b = a[None], b[None]
    items = x.shape[:1]
    whole = lambda value, dtype: jnp.broadcast_to(jnp.asarray(value, dtype), items)
    inputs = (
        *(x, w, a, b),
        whole(level, jnp.int32),
        whole(0 if adapter is None else adapter, jnp.int32),
        whole(scale, reference.sums(x)),
    )
    chosen = choose("ladder_matmul", implementation, limits.problem(x, w, a))
    if chosen == "reference":
        return reference.ladder_matmul(*inputs)
    from koki2.kernels.ladder_matmul import pallas  # slow to load, where it is used

    return pallas.ladder_matmul(*inputs, chosen == "interpret")
