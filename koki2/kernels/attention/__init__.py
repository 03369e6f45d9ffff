"""attention: each query's mean of the values, weighted by a softmax over the keys.

    g(h)          = h // (H / G)                          (which keys head h looks at)
    logit[t,s,h]  = scale * sum_k q[t,h,k] k[s,g(h),k]    (then cap tanh(logit / cap))
    out[t,h]      = sum_s softmax_s(logit[t,s,h]) v[s,g(h)]

over the keys that the query sees: those of which `valid` is true, and if causal, those
that stand at its place or before it. Queries stand at the last T of the S places.

`reference.py` is the meaning; `pallas.py` is the speed: forward and backward without
the T x T logits ever reaching device memory. Both add up in float32 and round the
weights to the dtype of the values.
"""

import math

from jaxtyping import Array, Bool, Float

from koki2.kernels.attention import limits, reference
from koki2.kernels.dispatch import choose, Implementation


def attention(
    q: Float[Array, "B T H K"],
    k: Float[Array, "B S G K"],
    v: Float[Array, "B S G K"],
    *,
    causal: bool = True,
    scale: float | None = None,
    softcap: float | None = None,
    valid: Bool[Array, "B S"] | None = None,
    implementation: Implementation = "auto",
) -> Float[Array, "B T H K"]:
    """Softmax attention of queries over keys; a batch of them.

    Args:
      q: queries of H heads.
      k: keys of G heads, each shared by H / G neighbouring query heads.
      v: values, likewise.
      causal: whether a query sees only keys up to its own place. With fewer queries
        than keys, as from a cache, these are the last places.
      scale: of the logits; None is 1 / sqrt(K).
      softcap: bound of the logits, approached by a tanh; None: none.
      valid: keys that may be seen at all; None: all. A query that sees none of them
        gives zeros.
      implementation: see `koki2.kernels.dispatch`. The kernel takes bfloat16, S = T a
        multiple of 64, K of 16, 32, 64 or 128, no softcap and no valid. It has
        gradients, of first order and in reverse mode only, and makes its batch longer
        under `vmap`.

    Returns:
      In the dtype of `q`. Finite where the logits are, however large; where they are
      not, or a value is not, every output of that sequence may be NaN.

    Raises:
      ValueError: if H is no multiple of G, dtypes differ, something is empty, queries
        outnumber the keys of causal attention, or softcap is not above 0.
      NotImplementedError: if a named implementation cannot run here.

    Example:
      >>> import jax.numpy as jnp
      >>> q = k = jnp.zeros((1, 3, 1, 1))  # all logits equal: plain means
      >>> v = jnp.array([1.0, 3.0, 5.0]).reshape(1, 3, 1, 1)
      >>> attention(q, k, v).ravel().tolist()
      [1.0, 2.0, 3.0]
      >>> last = q[:, 2:]  # the last place alone, which must not see the first
      >>> attention(last, k, v, valid=jnp.array([[False, True, True]])).item()
      4.0

    Source: Vaswani et al. 2017 (arXiv:1706.03762), grouped heads of Ainslie et al.
    2023 (arXiv:2305.13245); the kernel's running softmax and recomputation from
    Dao 2023 (arXiv:2307.08691).
    """
    heads, groups = q.shape[2], k.shape[2]
    if 0 in q.shape or groups == 0 or k.shape[1] == 0:
        raise ValueError(f"attention needs at least one of all, got q {q.shape}.")
    if heads % groups:
        raise ValueError(
            "attention needs query heads in equal groups per key head, "
            f"got {heads} and {groups}."
        )
    if not q.dtype == k.dtype == v.dtype:
        raise ValueError(
            f"attention needs one dtype, got q {q.dtype}, k {k.dtype}, v {v.dtype}."
        )
    if causal and q.shape[1] > k.shape[1]:
        raise ValueError(
            "causal attention needs a key at the place of every query, got "
            f"{q.shape[1]} queries and {k.shape[1]} keys."
        )
    if softcap is not None and not softcap > 0:
        raise ValueError(f"softcap must be above 0, got {softcap}.")
    if scale is None:
        scale = 1.0 / math.sqrt(q.shape[3])
    why = limits.problem(q, k, softcap=softcap, valid=valid)
    chosen = choose("attention", implementation, why)
    if chosen == "reference":
        return reference.attention(q, k, v, causal, scale, softcap, valid)
    from koki2.kernels.attention import pallas  # a fifth of a second, where it is used

    return pallas.attention(q, k, v, causal, scale, chosen == "interpret")
