"""Under the strict flags `over_lanes` gives the very bits of `vmap`."""

import battery
import jax
import pytest
from bits import differences

# The other groups are all integers, which the normal lane compares bit for bit.
INEXACT = ["elementwise", "sums", "control"]


@pytest.mark.parametrize("group", INEXACT)
def test_every_operation_has_the_bits_of_vmap(group):
    cases, ours, theirs = battery.results(group)
    plain = {name for name, case in cases.items() if not case.reordered}
    only = lambda results: {n: r for n, r in results.items() if n in plain}
    assert not differences(only(ours), only(theirs))


def test_what_is_summed_in_another_order_is_known():
    """XLA adds 32 rows at a time and runs several axes into one; we do neither."""
    cases, ours, theirs = battery.results("sums")
    other = {n for n in cases if differences(ours[n], theirs[n])}
    assert other == {n for n, case in cases.items() if case.reordered}
    assert jax.default_backend() == "cpu"
