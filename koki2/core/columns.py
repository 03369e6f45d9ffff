"""Columns: what a chunk says, on the device, and the rows they become on the host.

A stream is an ordered mapping of columns, each of shape [units, ...]. Beside arrays of
numbers there are three kinds of column:

    None            a value that is not known in this program: null in every row
    WideCount       a count of 64 bits in two words of 32
    Table           of every unit a list of short lists, as long as it must be
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, UInt32

Rows = list[dict[str, Any]]

Row = OrderedDict
"""What a unit says, by column. As a pytree it keeps their order, where a dict sorts."""


class WideCount(NamedTuple):
    """A count of 64 bits, as JAX without 64-bit types can carry it; see `add`."""

    words: UInt32[Array, "... 2"]
    """High word, low word."""


class Table(NamedTuple):
    """Of every unit some short lists of equal length; only those kept are written."""

    fields: tuple[Array, ...]
    """Each [units, P]."""
    keep: Bool[Array, "..."]
    """[units, P]"""


def add(words: UInt32[Array, "2"], more: Int[Array, ""]) -> UInt32[Array, "2"]:
    """Adds to a 64-bit count in two words, high and low.

    Args:
      words: the count.
      more: what is added, at least 0.

    Example:
      >>> add(jnp.uint32([0, 2**32 - 1]), jnp.int32(3)).tolist()
      [1, 2]
    """
    low = words[1] + more.astype(jnp.uint32)
    carried = (low < words[1]).astype(jnp.uint32)
    return jnp.stack([words[0] + carried, low])


def rows(stream: Mapping[str, Any]) -> Rows:
    """Turns the columns of a stream, fetched to the host, into rows of plain values.

    Args:
      stream: columns; "valid", if there, says which rows there are, and is left out.

    Example:
      >>> stream = {"valid": np.array([True, False]), "n": np.arange(2), "rate": None,
      ...           "steps": WideCount(np.uint32([[1, 2], [0, 0]])),
      ...           "births": Table(
      ...               (np.int32([[7, 8], [0, 0]]), np.float32([[1, 2], [0, 0]])),
      ...               np.array([[True, False], [True, True]]))}
      >>> rows(stream)
      [{'n': 0, 'rate': None, 'steps': 4294967298, 'births': [[7, 1.0]]}]
    """
    stream = dict(stream)
    valid = stream.pop("valid", None)
    if valid is not None:
        kept = np.flatnonzero(valid)  # few of many, where a chunk was cut into slices
        cut = lambda leaf: np.asarray(leaf)[kept]
        stream = {name: jax.tree.map(cut, column) for name, column in stream.items()}
    plain = {name: _plain(c) for name, c in stream.items() if c is not None}
    count = len(next(iter(plain.values()))) if plain else 0
    plain = {name: plain.get(name, [None] * count) for name in stream}
    every = zip(*plain.values(), strict=True)
    return [dict(zip(plain, row, strict=True)) for row in every]


def _plain(column: Any) -> list[Any]:
    if isinstance(column, WideCount):
        high, low = np.moveaxis(np.asarray(column.words).astype(np.int64), -1, 0)
        return ((high << 32) + low).tolist()
    if isinstance(column, Table):
        fields = [np.asarray(field).tolist() for field in column.fields]
        keep = np.asarray(column.keep)
        return [
            [
                list(row)
                for row, k in zip(zip(*unit, strict=True), kept, strict=True)
                if k
            ]
            for unit, kept in zip(zip(*fields, strict=True), keep, strict=True)
        ]
    return np.asarray(column).tolist()
