"""Operations on keys, which are raw words here: threefry word by word."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.extend import core as jex

from koki2.lanes import threefry
from koki2.lanes.lane_array import LaneArray
from koki2.lanes.rules.plain import bind, Results, Rule

WORDS = 64
"""Random words that are written out one by one. A choice: each is some hundred
operations of the program, and beyond it JAX's rolled loop compiles in less time."""


def fold_in(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """One threefry block of the key on the data's counter."""
    key, data = values
    if key.uniform and data.uniform:
        return [LaneArray(threefry.fold_in(key.array, data.array), key.rank)]
    out = threefry.fold_in(key.with_lane_axes(axes), data.with_lane_axes(axes))
    return [LaneArray(out, key.rank)]


def draw(
    words: Callable[[jax.Array, dict[str, Any]], jax.Array],
) -> Rule:
    """Words of one key, written out; many words or several keys go by JAX's loop."""

    def rule(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
        (key,) = values
        if key.rank > 1 or math.prod(eqn.params["shape"]) > WORDS:
            return _by_jax(eqn, key)
        out = words(key.array, eqn.params)
        return [LaneArray(out, out.ndim - len(key.lanes))]

    return rule


def _by_jax(eqn: jex.JaxprEqn, key: LaneArray) -> Results:
    """JAX's own rolled loop under `vmap`, lanes first and back."""

    def function(words: jax.Array) -> jax.Array:
        out = bind(eqn, [jax.random.wrap_key_data(words)])[0]
        is_key = jax.dtypes.issubdtype(out.dtype, jax.dtypes.prng_key)
        return jax.random.key_data(out) if is_key else out

    for _ in key.lanes:
        function = jax.vmap(function, in_axes=-1, out_axes=-1)
    out = function(key.array)
    return [LaneArray(out, out.ndim - len(key.lanes))]


def same(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Wrapping and unwrapping change nothing where keys are words already."""
    return list(values)


RULES: dict[str, Rule] = {
    "random_fold_in": fold_in,
    "random_split": draw(lambda key, p: threefry.split(key, p["shape"])),
    "random_bits": draw(lambda key, p: threefry.bits(key, p["bit_width"], p["shape"])),
    "random_clone": same,
    "random_unwrap": same,
    "random_wrap": same,
}
