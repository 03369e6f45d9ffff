"""Elementwise operations: shapes of items are aligned, lane axes broadcast."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax.extend import core as jex

from koki2.lanes.lane_array import LaneArray
from koki2.lanes.rules.plain import all_uniform, bind, Results, Rule


def elementwise(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """The same operation on arrays that broadcast to one shape; scalars stay as such.

    `select_n` and `clamp` take no scalar beside arrays with lanes, so there it is
    broadcast like the rest.
    """
    rank = max(value.rank for value in values)
    with_lanes = not all_uniform(values)
    arrays = []
    for value in values:
        array = value.array
        if array.ndim:  # a plain scalar meets every shape as it is
            array = value.with_lane_axes(axes) if with_lanes else array
            array = array.reshape((1,) * (rank - value.rank) + array.shape)
        arrays.append(array)
    shape = jnp.broadcast_shapes(*(array.shape for array in arrays))
    keep_scalars = eqn.primitive.name not in ("select_n", "clamp")
    arrays = [
        array if keep_scalars and not array.ndim else jnp.broadcast_to(array, shape)
        for array in arrays
    ]
    return [LaneArray(out, rank) for out in bind(eqn, arrays)]


RULES: dict[str, Rule] = dict.fromkeys(
    """add sub mul div rem neg sign max min abs floor ceil round exp exp2 log log1p
    expm1 tanh logistic sqrt rsqrt cbrt pow integer_pow square sin cos tan erf erf_inv
    erfc is_finite and or xor not eq ne lt le gt ge nextafter select_n clamp
    shift_left shift_right_logical shift_right_arithmetic population_count
    convert_element_type bitcast_convert_type stop_gradient copy add_any""".split(),
    elementwise,
)
