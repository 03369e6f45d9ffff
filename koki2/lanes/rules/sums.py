"""Reductions and products over an item's axes, in a fixed order."""

from collections.abc import Sequence

from jax import lax
from jax.extend import core as jex

from koki2.lanes import reductions
from koki2.lanes.lane_array import LaneArray
from koki2.lanes.reductions import Combine
from koki2.lanes.rules.plain import all_uniform, as_it_is, by_vmap, Results, Rule


def reduce_by(combine: Combine) -> Rule:
    """Combines the slices along each reduced axis, the last axis first, in order."""

    def rule(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
        (value,) = values
        array = value.array
        for axis in sorted(eqn.params["axes"], reverse=True):
            array = reductions.reduce(combine, array, axis)
        return [LaneArray(array, value.rank - len(eqn.params["axes"]))]

    return rule


def first_by(better: Combine) -> Rule:
    """Compares the slices along one axis in order; the first of equals is chosen."""

    def rule(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
        (value,) = values
        (axis,) = eqn.params["axes"]
        rows = reductions.unstack(value.array, axis)
        index = reductions.first_extreme(better, rows, eqn.params["index_dtype"])
        return [LaneArray(index, value.rank - 1)]

    return rule


def dot_general(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Sums the products along one contracted axis in order. Without lanes it is XLA's
    own product; batched ones, and those over several axes, go through `vmap`.
    """
    left, right = values
    contracted, batched = eqn.params["dimension_numbers"]
    if all_uniform(values):
        return as_it_is(eqn, values, axes)
    if batched[0] or len(contracted[0]) != 1:
        return by_vmap(eqn, values, axes)
    arrays = left.with_lane_axes(axes), right.with_lane_axes(axes)
    ranks = left.rank - 1, right.rank - 1
    where = contracted[0][0], contracted[1][0]
    return [LaneArray(reductions.dot(*arrays, *where, *ranks), sum(ranks))]


RULES: dict[str, Rule] = {
    "reduce_sum": reduce_by(lax.add),
    "reduce_max": reduce_by(lax.max),
    "reduce_min": reduce_by(lax.min),
    "reduce_and": reduce_by(lax.bitwise_and),
    "reduce_or": reduce_by(lax.bitwise_or),
    "argmin": first_by(lax.lt),
    "argmax": first_by(lax.gt),
    "dot_general": dot_general,
}
