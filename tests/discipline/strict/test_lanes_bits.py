"""Under the strict flags an operation over lanes gives the very bits of `vmap`."""

import battery
import pytest
from bits import differences

# The other groups are all integers, which the normal lane compares bit for bit.
INEXACT = ["elementwise", "sums", "control"]


@pytest.mark.parametrize("group", INEXACT)
def test_every_operation_has_the_bits_of_vmap_but_known_sums(group):
    """XLA adds 32 rows at a time and makes several axes one; we do neither."""
    cases, ours, theirs = battery.results(group)
    other = {name for name in cases if differences(ours[name], theirs[name])}
    assert other == {name for name, case in cases.items() if case.reordered}
