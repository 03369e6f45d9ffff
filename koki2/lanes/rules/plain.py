"""What a rule is, and how an operation is carried out that has none."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax.extend import core as jex

from koki2.lanes.inline import aval_of
from koki2.lanes.lane_array import lane_sizes, LaneArray

Results = list[LaneArray]
Rule = Callable[[jex.JaxprEqn, Sequence[LaneArray], int], Results]
"""(equation, operands, number of lane axes) -> results."""


def literal(atom: jex.Literal) -> LaneArray:
    """The value of a constant that is written in place."""
    return LaneArray(jnp.asarray(atom.val, aval_of(atom).dtype), jnp.ndim(atom.val))


def bind(eqn: jex.JaxprEqn, arrays: Sequence[jax.Array]) -> list[jax.Array]:
    """Carries out the equation's own operation on these arrays."""
    out = eqn.primitive.bind(*arrays, **eqn.params)
    return list(out) if eqn.primitive.multiple_results else [out]


def all_uniform(values: Sequence[LaneArray]) -> bool:
    """Whether no operand has lanes."""
    return all(value.uniform for value in values)


def as_it_is(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Operands without lanes: the operation itself, once for all lanes."""
    del axes
    return [LaneArray(x, x.ndim) for x in bind(eqn, [v.array for v in values])]


def by_vmap(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Any operation: `vmap` over the lane axes, from the last to the first."""
    if all_uniform(values):
        return as_it_is(eqn, values, axes)
    sizes = lane_sizes(values, axes)
    arrays = [v.array if v.uniform else v.broadcast_lanes(sizes) for v in values]
    where = tuple(None if v.uniform else -1 for v in values)
    function = lambda *arrays: bind(eqn, arrays)
    for _ in range(axes):
        function = jax.vmap(function, in_axes=where, out_axes=-1)
    return [LaneArray(x, x.ndim - axes) for x in function(*arrays)]
