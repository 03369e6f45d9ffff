"""over_lanes is vmap: the battery of `battery.py`, and what vmap has no word for."""

import battery
import jax
import numpy as np
import pytest
from bits import assert_same_bits

from koki2.lanes.rules import RULES

# Names under which some version of JAX knows what another knows by another.
ALIASES = {"pjit", "closed_call", "core_call", "custom_vjp_call", "random_wrap"}
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles twice as fast


@pytest.mark.parametrize("group", battery.GROUPS)
def test_every_operation_gives_what_vmap_gives(group):
    cases, ours, theirs = battery.results(group, UNOPTIMISED)
    for name in cases:
        for a, b in zip(*map(jax.tree.leaves, (ours[name], theirs[name])), strict=True):
            if a.dtype.kind == "f":  # bit for bit under the strict flags
                np.testing.assert_allclose(a, b, rtol=1e-5, err_msg=name)
            else:
                assert_same_bits({name: a}, {name: b})


def test_every_rule_is_in_the_battery():
    seen = set()
    for group in battery.GROUPS.values():
        for _, case in group():
            items = [jax.ShapeDtypeStruct(x.shape[:-2], x.dtype) for x in case.args]
            jaxpr = jax.make_jaxpr(case.function)(*items).jaxpr
            seen |= {eqn.primitive.name for eqn in battery.equations(jaxpr)}
    assert set(RULES) - seen <= ALIASES
