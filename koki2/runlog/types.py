"""Types of the signatures here, named so that importing them costs no NumPy."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray
    DType = np.dtype
else:
    Array = DType = object  # checked by value where they are written

Arrays = Mapping[str, Array]
Path = str | os.PathLike[str]
Values = Mapping[str, object]
"""Plain values by name, as `jsontext` defines them."""
