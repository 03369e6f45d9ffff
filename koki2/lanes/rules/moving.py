"""Operations that move data: the item's axes change, lane axes stay last."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import lax
from jax.extend import core as jex

from koki2.lanes import reductions
from koki2.lanes.inline import aval_of
from koki2.lanes.lane_array import lane_sizes, LaneArray
from koki2.lanes.rules.plain import all_uniform, by_vmap, Results, Rule

CHOICES = 64
"""Rows among which one is chosen by comparing with each. A choice: beyond it the
program would grow, and a gather through `vmap` reads only the row it needs."""


def slice_(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Slices the item's axes; lane axes are kept whole."""
    (value,) = values
    starts, limits, strides = (
        eqn.params[name] for name in ("start_indices", "limit_indices", "strides")
    )
    kept = len(starts)
    rest = value.array.shape[kept:]
    array = lax.slice(
        value.array,
        tuple(starts) + (0,) * len(rest),
        tuple(limits) + rest,
        tuple(strides or (1,) * kept) + (1,) * len(rest),
    )
    return [LaneArray(array, value.rank)]


def squeeze(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Drops axes of the item, which have the same numbers with lanes behind."""
    (value,) = values
    gone = eqn.params["dimensions"]
    return [LaneArray(lax.squeeze(value.array, gone), value.rank - len(gone))]


def reshape(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Reshapes the item, which is row-major with lanes as its innermost axes."""
    sizes = tuple(eqn.params["new_sizes"])
    return [LaneArray(values[0].array.reshape(sizes + values[0].lanes), len(sizes))]


def broadcast(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Broadcasts the item; each lane axis maps to itself, behind the new axes."""
    value, shape = values[0], tuple(eqn.params["shape"])
    lanes = value.lanes
    where = (
        *eqn.params["broadcast_dimensions"],
        *range(len(shape), len(shape) + len(lanes)),
    )
    array = lax.broadcast_in_dim(value.array, shape + lanes, where)
    return [LaneArray(array, len(shape))]


def transpose(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Permutes the item's axes; lane axes stay where they are."""
    (value,) = values
    order = (*eqn.params["permutation"], *range(value.rank, value.array.ndim))
    return [LaneArray(lax.transpose(value.array, order), value.rank)]


def unstack(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Cuts an axis of the item into its slices."""
    (value,) = values
    rows = reductions.unstack(value.array, eqn.params["axis"])
    return [LaneArray(row, value.rank - 1) for row in rows]


def stack(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Gives each operand a new axis of the item, and joins them along it."""
    axis = eqn.params["axis"]
    values = [LaneArray(jnp.expand_dims(v.array, axis), v.rank + 1) for v in values]
    return _join(values, axis, axes)


def concatenate(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Joins the operands along an axis of the item."""
    return _join(values, eqn.params["dimension"], axes)


def _join(values: Sequence[LaneArray], axis: int, axes: int) -> Results:
    """Joins operands whose lane axes are first broadcast to the same sizes."""
    if all_uniform(values):
        arrays = [value.array for value in values]
    else:
        sizes = lane_sizes(values, axes)
        arrays = [value.broadcast_lanes(sizes) for value in values]
    return [LaneArray(lax.concatenate(arrays, axis), values[0].rank)]


def gather(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Rows by an index that is the same in all lanes, as of a fixed wiring: whole lanes
    are gathered with them. Any other index goes through `vmap`.
    """
    value, index = values
    if not index.uniform or value.uniform:
        return by_vmap(eqn, values, axes)
    p = eqn.params
    rank = len(aval_of(eqn.outvars[0]).shape)
    behind = range(rank, rank + len(value.lanes))
    dimensions = p["dimension_numbers"]
    dimensions = dimensions._replace(offset_dims=(*dimensions.offset_dims, *behind))
    out = lax.gather(
        value.array,
        index.array,
        dimensions,
        slice_sizes=(*p["slice_sizes"], *value.lanes),
        indices_are_sorted=p["indices_are_sorted"],
        unique_indices=p["unique_indices"],
        mode=p["mode"],
        fill_value=p["fill_value"],
    )
    return [LaneArray(out, rank)]


def dynamic_slice(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """One row by an index that differs between lanes: a select per row, the last row
    first. Several rows, or more than 64, go through `vmap`.
    """
    value, *starts = values
    sizes, shape = eqn.params["slice_sizes"], value.array.shape
    moving = [i for i, size in enumerate(sizes) if size != shape[i]]
    if len(moving) != 1 or sizes[moving[0]] != 1 or shape[moving[0]] > CHOICES:
        return by_vmap(eqn, values, axes)
    (axis,) = moving
    rows = [
        lax.slice_in_dim(value.with_lane_axes(axes), i, i + 1, axis=axis)
        for i in range(shape[axis])
    ]
    index = starts[axis].with_lane_axes(axes)
    index = index.reshape((1,) * value.rank + index.shape)
    out = rows[-1]
    for i, row in reversed(list(enumerate(rows[:-1]))):
        out = jnp.where(index <= i, row, out)
    return [LaneArray(out, value.rank)]


RULES: dict[str, Rule] = {
    "slice": slice_,
    "squeeze": squeeze,
    "reshape": reshape,
    "broadcast_in_dim": broadcast,
    "transpose": transpose,
    "unstack": unstack,
    "stack": stack,
    "concatenate": concatenate,
    "gather": gather,
    "dynamic_slice": dynamic_slice,
}
