"""over_lanes: evaluates a function of one item on arrays of shape `item + lanes`."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core as jex
from jaxtyping import Array, Bool, PyTree

from koki2.lanes.inline import Flat, inline, numbers, Op, Operand
from koki2.lanes.lane_array import as_lane_array, LaneArray
from koki2.lanes.rules import apply, literal
from koki2.lanes.stages import plan

Values = dict[int, LaneArray]
"""Values by their number."""


def over_lanes(
    function: Callable[..., PyTree],
    axes: int,
    *,
    opaque_predicate: Bool[Array, ""] | None = None,
) -> Callable[..., PyTree]:
    """Maps `function`, written for one item, over `axes` trailing lane axes.

    Operation by operation, and three things it does that `vmap` does not: it never
    moves an axis, whatever mixture of lane shapes meets; it reduces over an item's axis
    in a fixed order, so that the bits depend neither on the layout nor on the number of
    lanes; and what several later operations share is computed once (see `stages`).
    Lane axes broadcast: a value that is the same for all genomes has size 1 there, and
    is computed once. Operations without a rule go through `vmap`.

    Args:
      function: pure; pytrees of arrays (and typed keys) to pytrees of arrays. What it
        closes over is the same in all lanes.
      axes: number of lane axes.
      opaque_predicate: a traced scalar that is always true, though the compiler cannot
        know it; the stages hang on it. None computes everything in one stage.

    Returns:
      A function of the same arguments, each array of shape `item + lanes`, where a
      lane axis may be of size 1. Results have full lanes.

    Example:
      >>> norm = lambda x: jnp.sum(x * x)
      >>> x = jnp.arange(6.0).reshape(2, 3)  # an item of 2, in 3 lanes
      >>> over_lanes(norm, 1)(x).tolist()
      [9.0, 17.0, 29.0]
    """

    def mapped(*args: PyTree) -> PyTree:
        leaves, tree = jax.tree.flatten(args)
        cut = lambda x: x.shape[: x.ndim - axes]
        items = [jax.ShapeDtypeStruct(cut(x), x.dtype) for x in leaves]
        closed, out = jax.make_jaxpr(function, return_shape=True)(
            *jax.tree.unflatten(tree, items)
        )
        lanes = jnp.broadcast_shapes(*(x.shape[x.ndim - axes :] for x in leaves))
        inputs = [as_lane_array(x, x.ndim - axes) for x in leaves]
        results = _run(inline(closed), inputs, axes, opaque_predicate)
        full = [
            jnp.broadcast_to(value.with_lane_axes(axes), shape.shape + lanes)
            for value, shape in zip(results, jax.tree.leaves(out), strict=True)
        ]
        return jax.tree.unflatten(jax.tree.structure(out), full)

    return mapped


def _run(
    flat: Flat,
    inputs: list[LaneArray],
    axes: int,
    predicate: Bool[Array, ""] | None,
) -> list[LaneArray]:
    values = dict(enumerate(inputs))
    values |= {n: as_lane_array(c, jnp.ndim(c)) for n, c in flat.constants.items()}
    ops, outputs = flat.ops, flat.outputs
    stages = [0] * len(ops) if predicate is None else plan(ops, outputs)
    for stage in range(max(stages, default=-1) + 1):
        now = [op for op, at in zip(ops, stages, strict=True) if at == stage]
        later = [op for op, at in zip(ops, stages, strict=True) if at > stage]
        on = predicate if later else None  # the last stage has no later consumers
        values |= _run_stage(now, later, outputs, values, axes, on)
    return [_read(values, operand) for operand in outputs]


def _run_stage(
    now: list[Op],
    later: list[Op],
    outputs: list[Operand],
    values: Values,
    axes: int,
    predicate: Bool[Array, ""] | None,
) -> Values:
    """Runs one stage's operations; gives the values that are read after it."""
    made = {out for op in now for out in op.outputs}
    read_later = {n for op in later for n in numbers(op.inputs)} | set(numbers(outputs))
    gives = sorted(made & read_later)
    takes = sorted({n for op in now for n in numbers(op.inputs)} - made)
    ranks = {n: values[n].rank for n in takes}

    def work(arrays: list[jax.Array]) -> list[jax.Array]:
        local = {n: LaneArray(a, ranks[n]) for n, a in zip(takes, arrays, strict=True)}
        for op in now:
            results = apply(op.eqn, [_read(local, x) for x in op.inputs], axes)
            local.update(zip(op.outputs, results, strict=True))
        ranks.update({n: local[n].rank for n in gives})
        return [local[n].array for n in gives]

    arrays = [values[n].array for n in takes]
    results = work(arrays) if predicate is None else _always(predicate, work, arrays)
    return {n: LaneArray(a, ranks[n]) for n, a in zip(gives, results, strict=True)}


def _always(
    predicate: Bool[Array, ""],
    work: Callable[[list[jax.Array]], list[jax.Array]],
    arrays: list[jax.Array],
) -> list[jax.Array]:
    """`work(arrays)` in a branch of its own, whose results XLA cannot recompute."""
    work = jax.jit(work, inline=True)  # one trace for eval_shape and cond
    shapes = jax.eval_shape(work, arrays)
    never = lambda _: [jnp.zeros(s.shape, s.dtype) for s in shapes]
    return lax.cond(predicate, work, never, arrays)


def _read(values: Values, operand: Operand) -> LaneArray:
    return literal(operand) if isinstance(operand, jex.Literal) else values[operand]
