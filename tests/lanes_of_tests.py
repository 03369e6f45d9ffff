"""Which cases of a test run every time, and which in the slow lane only."""

from collections.abc import Iterable
from typing import Any

import pytest


def mostly_slow(values: Iterable[Any], *quick: Any) -> list[Any]:
    """The values as parameters, all but the quick ones marked slow.

    Example:
      >>> [getattr(v, "values", v) for v in mostly_slow(["a", "b"], "a")]
      ['a', ('b',)]
    """
    values = list(values)
    assert set(quick) <= set(values)
    return [
        v if v in quick else pytest.param(v, marks=pytest.mark.slow) for v in values
    ]
