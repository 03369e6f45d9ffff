"""Counts that pass 2^31 are exact, and what is not known is a mask."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.core import columns
from koki2.core.columns import Maybe, WideCount


@pytest.mark.parametrize(
    "size, most",
    [(6, 2**30), (3, 2**31 - 1), (70_000, 1_000_000), (1 << 18, 1_000_000), (5, 7)],
)
def test_a_sum_is_that_of_whole_numbers_without_end(size, most):
    drawn = np.random.default_rng(size).integers(0, most + 1, size)
    for counts in (drawn, np.full(size, most)):
        total = columns.total(jnp.asarray(counts, jnp.int32), most)
        assert int(total) == sum(counts.tolist())
        assert float(columns.number(total)) == pytest.approx(int(total), rel=2e-7)


def test_counts_of_one_word_and_of_two_add_up():
    wide = WideCount(jnp.array([3, 2**32 - 1], jnp.uint32))
    assert int(columns.plus(wide, jnp.int32(1))) == 4 << 32
    assert int(columns.plus(wide, wide)) == 2 * int(wide)
    assert int(columns.plus(columns.wide(jnp.int32(7)), wide)) == int(wide) + 7
    assert columns.wide(wide) is wide


def test_a_number_that_is_not_known_is_a_mask_on_the_device_and_null_in_its_row():
    column = jax.jit(columns.maybe)(jnp.array([1.5, jnp.nan, jnp.inf]))
    assert column.value.tolist() == [1.5, 0.0, np.inf]
    rows = columns.rows({"rate": Maybe(*jax.device_get(column))})
    assert [row["rate"] for row in rows] == [1.5, None, np.inf]
