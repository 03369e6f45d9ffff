"""What code written for one item may say about the lanes it will run in.

`any_lane(condition)` lets work be skipped where no lane needs it; `lane_form` gives an
operation a second form for arrays whose lanes come last. Neither changes a result.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import batching, mlir
from jaxtyping import Array, Bool

any_lane_p = Primitive("any_lane")
any_lane_p.def_impl(lambda condition: condition)
any_lane_p.def_abstract_eval(lambda condition: condition)
mlir.register_lowering(any_lane_p, lambda context, condition: [condition])


def _any_lane_batched(
    args: Sequence[jax.Array], axes: Sequence[int]
) -> tuple[jax.Array, None]:
    return any_lane_p.bind(jnp.any(args[0], axis=axes[0])), None  # the same for all


batching.primitive_batchers[any_lane_p] = _any_lane_batched


def any_lane(condition: Bool[Array, ""]) -> Bool[Array, ""]:
    """Tells whether `condition` holds in any lane this item is batched with.

    Only for skipping, by `lax.cond`, work that would change nothing where the
    condition is false: a result must not depend on it, for which lanes are batched
    together is the evaluator's affair.

    Example:
      >>> jax.vmap(any_lane, out_axes=None)(jnp.array([False, True, False])).item()
      True
    """
    return any_lane_p.bind(condition)


Plain = Callable[..., jax.Array]
LaneForm = Callable[..., jax.Array]

lane_form_p = Primitive("lane_form")
lane_form_p.def_impl(lambda *args, plain, lanes: plain(*args))
mlir.register_lowering(
    lane_form_p,
    mlir.lower_fun(lambda *args, plain, lanes: plain(*args), multiple_results=False),
)


@lane_form_p.def_abstract_eval
def _lane_form_shape(
    *args: jax.core.ShapedArray, plain: Plain, lanes: LaneForm
) -> jax.core.ShapedArray:
    del lanes
    out = jax.eval_shape(plain, *(jax.ShapeDtypeStruct(a.shape, a.dtype) for a in args))
    return jax.core.ShapedArray(out.shape, out.dtype)


def _lane_form_batched(
    args: Sequence[jax.Array],
    axes: Sequence[int | None],
    *,
    plain: Plain,
    lanes: LaneForm,
) -> tuple[jax.Array, int]:
    del lanes
    return jax.vmap(plain, in_axes=tuple(axes))(*args), 0


batching.primitive_batchers[lane_form_p] = _lane_form_batched


def lane_form(plain: Plain, lanes: LaneForm, *args: jax.Array) -> jax.Array:
    """Computes `plain(*args)`; evaluated over lanes, `lanes(axes, *arrays)` instead.

    Args:
      plain: the meaning: arrays of an item to one array. Hashable by what it does
        (a function, or a `functools.partial` of hashable things compares by identity:
        make it once, where the agent is built).
      lanes: the same on arrays of shape `item + lanes`, with the number of lane axes
        first; lane axes may be of size 1. Must give the same numbers.
      *args: arrays of one item.

    Example:
      >>> total = lambda x: jnp.sum(x)
      >>> rows = lambda axes, x: x[0] + x[1]  # x is [2] + lanes
      >>> lane_form(total, rows, jnp.array([1.0, 2.0])).item()
      3.0
    """
    return lane_form_p.bind(*args, plain=plain, lanes=lanes)
