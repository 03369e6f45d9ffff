"""The rule of each primitive, and the evaluation of a jaxpr by them."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax.extend import core as jex
from jax.typing import ArrayLike

from koki2.lanes.lane_array import as_lane_array, LaneArray
from koki2.lanes.rules import control, elementwise, keys, moving, sums
from koki2.lanes.rules.plain import by_vmap, literal, Results, Rule


def apply(eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int) -> Results:
    """Carries out one equation on operands with and without lanes."""
    return RULES.get(eqn.primitive.name, by_vmap)(eqn, values, axes)


def evaluate(
    jaxpr: jex.Jaxpr,
    consts: Sequence[ArrayLike],
    inputs: Sequence[LaneArray],
    axes: int,
) -> list[LaneArray]:
    """Carries out a whole jaxpr, as of a branch or a call."""
    values = dict(zip(jaxpr.invars, inputs, strict=True))
    for var, value in zip(jaxpr.constvars, consts, strict=True):
        values[var] = as_lane_array(value, jnp.ndim(value))
    read = lambda x: literal(x) if isinstance(x, jex.Literal) else values[x]
    for eqn in jaxpr.eqns:
        outs = apply(eqn, [read(atom) for atom in eqn.invars], axes)
        values.update(zip(eqn.outvars, outs, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **moving.RULES,
    **sums.RULES,
    **keys.RULES,
    **control.rules(evaluate),
}
"""By name of primitive. Names are JAX's own and may change with its version: a renamed
one loses its rule, and so its speed, but never its meaning, for it goes by `vmap`."""
