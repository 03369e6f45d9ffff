"""Digests of what a run leaves: of arrays and of rows, in an order, without names.

So nothing that is only called otherwise moves a digest. All are SHA-256 in hex digits.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from koki2.runlog import jsontext
from koki2.runlog.types import Array

SHORT = 16
"""Hex digits of a digest that stands for a row or a column."""
_MISSING = "missing"


def of_arrays(arrays: Iterable[Array]) -> str:
    """The digest of arrays in their order: dtypes, shapes and every bit; 64 digits.

    Example:
      >>> import numpy as np
      >>> one, two = np.float32([1.0]), np.float32([-0.0])
      >>> of_arrays([one, two]) == of_arrays([one, -two])
      False
    """
    import numpy as np

    sha256 = hashlib.sha256()
    for array in arrays:
        value = np.ascontiguousarray(array)
        sha256.update(f"{value.dtype} {value.shape} ".encode() + value.tobytes())
    return sha256.hexdigest()


def of_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """The digest of some columns of rows, in their order; `SHORT` digits.

    Example:
      >>> of_rows([{"a": 1, "b": 2}], ["a"]) == of_rows([{"z": 0, "a": 1}], ["a"])
      True
    """
    values = [[as_compared(row.get(n, _MISSING)) for n in columns] for row in rows]
    return jsontext.digest(values)[:SHORT]


def as_compared(value: object) -> object:
    """A value of a row as it is compared: NaN, which is not known, is null.

    Example:
      >>> as_compared(float("nan")), as_compared(0.5)
      (None, 0.5)
    """
    return None if isinstance(value, float) and math.isnan(value) else value
