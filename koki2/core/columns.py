"""Columns: what a chunk says, on the device, and the rows they become on the host.

A stream is an ordered mapping of columns, each of shape [units, ...]. Beside arrays of
numbers there are six kinds of column:

    None            a value that is not known in this program: null in every row
    Due             a column of any kind that is there in some rows alone
    Text            of every unit tokens, which become text on the host
    Maybe           a number that is not known in some rows: null in those
    WideCount       a count of 64 bits in two words of 32
    Table           of every unit a list of short lists, as long as it must be

A `Maybe` is a number and a mask, so that no NaN that is meant leaves a compiled program
and `jax_debug_nans` finds only those that are not.
"""

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt32

Rows = list[dict[str, Any]]

Row = OrderedDict
"""What a unit says, by column. As a pytree it keeps their order, where a dict sorts."""
_ABSENT = object()


class Maybe(NamedTuple):
    """A number that is not known in some rows; see `maybe`."""

    value: Float[Array, "..."]
    """Zero where it is not known."""
    is_known: Bool[Array, "..."]


class WideCount(NamedTuple):
    """A count of 64 bits, as JAX without 64-bit types can carry it; see `add`."""

    words: UInt32[Array, "... 2"]
    """High word, low word."""

    def __int__(self) -> int:
        high, low = np.asarray(self.words).tolist()
        return (high << 32) + low


class Table(NamedTuple):
    """Of every unit some short lists of equal length; only those kept are written."""

    fields: tuple[Array, ...]
    """Each [units, P]."""
    keep: Bool[Array, "..."]
    """[units, P]"""


class Due(NamedTuple):
    """A column that only some rows have; it is absent from the others, not null."""

    column: Any
    """Of any other kind."""
    is_due: Bool[Array, "..."]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Text:
    """Of every unit a text, as tokens on the device."""

    tokens: Any
    """[units, n]"""
    decode: Callable[[Any], str] = dataclasses.field(metadata={"static": True})
    """Tokens of one unit, on the host -> their text."""


def maybe(value: Float[Array, "..."]) -> Maybe:
    """Turns NaN, which says that a number is not known, into a mask.

    Example:
      >>> rate = maybe(jnp.array([0.5, jnp.nan]))
      >>> rate.value.tolist(), rate.is_known.tolist(), rows({"rate": rate})
      ([0.5, 0.0], [True, False], [{'rate': 0.5}, {'rate': None}])
    """
    is_known = ~jnp.isnan(value)
    return Maybe(jnp.where(is_known, value, jnp.zeros_like(value)), is_known)


def add(
    words: UInt32[Array, "2"], more: WideCount | Int[Array, ""]
) -> UInt32[Array, "2"]:
    """Adds to a 64-bit count in two words, high and low.

    Args:
      words: the count.
      more: what is added, at least 0.

    Example:
      >>> add(jnp.uint32([0, 2**32 - 1]), jnp.int32(3)).tolist()
      [1, 2]
    """
    high, low = wide(more).words
    low = words[1] + low
    carried = (low < words[1]).astype(jnp.uint32)
    return jnp.stack([words[0] + high + carried, low])


def wide(count: WideCount | Int[Array, ""]) -> WideCount:
    """A count in 64 bits."""
    if isinstance(count, WideCount):
        return count
    return WideCount(jnp.stack([jnp.uint32(0), _word(count)]))


def plus(count: WideCount, more: WideCount | Int[Array, ""]) -> WideCount:
    """Adds to a count; see `add`."""
    return WideCount(add(count.words, more))


def total(counts: Int[Array, "..."], most: int) -> WideCount:
    """Adds up counts exactly, also where their sum does not fit in 32 bits.

    Where the counts could be as many and as great as to pass 2^31 - 1, they are cut
    into pieces of so few bits that the sum of each piece fits in a word.

    Args:
      counts: from 0 to `most` each.
      most: below 2^31. Static.

    Example:
      >>> int(total(jnp.full((3, 2), 2**30), most=2**30)) == 6 * 2**30
      True
    """
    if counts.size * most < 2**31:
        return wide(jnp.sum(counts))
    bits = 32 - counts.size.bit_length()  # size * (2^bits - 1) < 2^32
    found = jnp.zeros(2, jnp.uint32)
    for shift in range(0, most.bit_length(), bits):
        piece = (counts.astype(jnp.uint32) >> shift) & ((1 << bits) - 1)
        found = add(found, _shifted(jnp.sum(piece, dtype=jnp.uint32), shift))
    return WideCount(found)


def number(count: WideCount) -> Float[Array, ""]:
    """The float32 nearest to a count, or next to it."""
    high, low = count.words.astype(jnp.float32)
    return high * 2.0**32 + low


def _word(count: Int[Array, ""]) -> UInt32[Array, ""]:
    return count.astype(jnp.uint32)


def _shifted(word: UInt32[Array, ""], by: int) -> WideCount:
    """A word times 2^by, by below 32."""
    high = word >> (32 - by) if by else jnp.uint32(0)
    return WideCount(jnp.stack([high, word << by]))


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
      >>> rows({"n": np.arange(2), "norm": Due(np.ones(2), np.array([False, True]))})
      [{'n': 0}, {'n': 1, 'norm': 1.0}]
      >>> rows({"text": Text(np.array([[104, 105]]), lambda t: "".join(map(chr, t)))})
      [{'text': 'hi'}]
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
    if not any(isinstance(column, Due) for column in stream.values()):
        return [dict(zip(plain, row, strict=True)) for row in every]
    return [
        {n: v for n, v in zip(plain, row, strict=True) if v is not _ABSENT}
        for row in every
    ]


def _plain(column: Any) -> list[Any]:
    if isinstance(column, Due):
        is_due = np.asarray(column.is_due).tolist()
        values = (
            [None] * len(is_due) if column.column is None else _plain(column.column)
        )
        return [
            value if due else _ABSENT for value, due in zip(values, is_due, strict=True)
        ]
    if isinstance(column, Text):
        return [column.decode(tokens) for tokens in np.asarray(column.tokens)]
    if isinstance(column, Maybe):
        plain = np.asarray(column.value).astype(object)
        plain[~np.asarray(column.is_known)] = None
        return plain.tolist()
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
