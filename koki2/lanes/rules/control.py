"""Branches, calls and hints: rules that evaluate a whole jaxpr, or choose a form."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core as jex
from jax.typing import ArrayLike

from koki2.lanes.hints import any_lane_p, lane_form_p
from koki2.lanes.inline import called, CALLS
from koki2.lanes.lane_array import lane_sizes, LaneArray
from koki2.lanes.rules.plain import Results, Rule

Evaluate = Callable[[jex.Jaxpr, Sequence[ArrayLike], Sequence[LaneArray], int], Results]
"""(jaxpr, constants, inputs, number of lane axes) -> outputs."""


def cond_by(evaluate: Evaluate) -> Rule:
    """A real branch where the index is the same in all lanes; else all branches are
    computed and each lane selects its own.
    """

    def rule(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
        index, *operands = values
        branches = eqn.params["branches"]
        sizes = lane_sizes(values, axes)

        def run(
            branch: jex.ClosedJaxpr,
        ) -> Callable[[list[jax.Array]], list[jax.Array]]:
            def call(arrays: list[jax.Array]) -> list[jax.Array]:
                inputs = [
                    LaneArray(array, value.rank)
                    for array, value in zip(arrays, operands, strict=True)
                ]
                outs = evaluate(branch.jaxpr, branch.consts, inputs, axes)
                return [out.broadcast_lanes(sizes) for out in outs]

            return call

        calls = [run(branch) for branch in branches]
        arrays = [value.array for value in operands]
        ranks = [len(aval.shape) for aval in branches[0].out_avals]
        if index.uniform:
            results = lax.switch(index.array, calls, arrays)
        else:
            each = zip(*(call(arrays) for call in calls), strict=True)
            results = [
                _select(index.array, options, rank)
                for options, rank in zip(each, ranks, strict=True)
            ]
        return [LaneArray(x, rank) for x, rank in zip(results, ranks, strict=True)]

    return rule


def _select(index: jax.Array, options: Sequence[jax.Array], rank: int) -> jax.Array:
    """For each lane, the option of its index."""
    which = index.reshape((1,) * rank + index.shape)
    result = options[0]
    for i, option in enumerate(options[1:], 1):
        result = jnp.where(which == i, option, result)
    return result


def call_by(evaluate: Evaluate) -> Rule:
    """A call is the evaluation of what it calls."""

    def rule(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
        return evaluate(*called(eqn), values, axes)

    return rule


def any_lane(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """One truth value for all lanes."""
    return [LaneArray(jnp.any(values[0].array), 0)]


def lane_form(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """The form that the item's code gives for lanes."""
    arrays = [value.with_lane_axes(axes) for value in values]
    out = eqn.params["lanes"](axes, *arrays)
    return [LaneArray(out, out.ndim - axes)]


def rules(evaluate: Evaluate) -> dict[str, Rule]:
    """The rules of this file, given how a jaxpr within an equation is evaluated."""
    return {
        "cond": cond_by(evaluate),
        any_lane_p.name: any_lane,
        lane_form_p.name: lane_form,
        **dict.fromkeys(CALLS, call_by(evaluate)),
    }
