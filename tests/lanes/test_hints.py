"""The two hints change what is computed, never what comes out."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.lanes import any_lane, lane_form, over_lanes

SOME = jnp.array([False, True, False])


def skipped(condition, x):
    """Doubles x where the condition holds; skips the work where no lane needs it."""
    double = lambda: jnp.where(condition, 2.0 * x, x)
    return jax.lax.cond(any_lane(condition), double, lambda: x)


@pytest.mark.parametrize("condition", [SOME, ~SOME, SOME & False])
def test_work_skipped_by_any_lane_is_the_work_of_each_lane(condition):
    x = jnp.arange(3.0)
    expected = np.where(condition, 2.0 * x, x)
    alone = [skipped(c, y) for c, y in zip(condition, x, strict=True)]
    np.testing.assert_array_equal(np.stack(alone), expected)
    np.testing.assert_array_equal(jax.vmap(skipped)(condition, x), expected)
    np.testing.assert_array_equal(over_lanes(skipped, 1)(condition, x), expected)


def test_any_lane_stays_a_branch_under_both_transforms():
    """A conditional that became a select would skip nothing."""
    for batched in (jax.vmap(skipped), over_lanes(skipped, 1)):
        jaxpr = jax.make_jaxpr(batched)(SOME, jnp.arange(3.0))
        assert [e for e in jaxpr.eqns if e.primitive.name == "cond"]


def test_lane_form_is_the_plain_form_but_over_lanes():
    """The lane form gets one more than the plain one, so that we see which ran."""
    plain = lambda x, y: x + y
    lanes = lambda axes, x, y: x + y + float(axes)
    function = functools.partial(lane_form, plain, lanes)
    x, y = jnp.arange(6.0).reshape(2, 3), jnp.ones((2, 1))
    np.testing.assert_array_equal(function(x[:, 0], y[:, 0]), [1, 4])
    np.testing.assert_array_equal(jax.jit(function)(x[:, 0], y[:, 0]), [1, 4])
    np.testing.assert_array_equal(jax.vmap(function)(x, jnp.ones((2, 3))), x + 1)
    np.testing.assert_array_equal(over_lanes(function, 1)(x, y), x + 2)
