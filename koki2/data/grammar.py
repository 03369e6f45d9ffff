"""A stochastic grammar: texts of which the entropy is known, to the last digit.

A grammar has for each symbol some ways to go on, each with a weight; a text is what is
left when every symbol is written out. Where no text can be written in two ways, the
entropy of one is that of the choices that led to it, and with independent texts one
after the other, by the renewal theorem,

    H(A) = sum_r p_r (-ln p_r + sum_{B in r} H(B))          nats of what A becomes
    L(A) = sum_r p_r (bytes in r + sum_{B in r} L(B))       bytes of what A becomes
    rate = H(start) / L(start)                              nats a byte

No model of bytes has a lower expected loss than this rate. Both lines are systems of
linear equations, solved once.

Source: S. Soule, "Entropies of probabilistic grammars", 1974.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from koki2.core.types import Key

Symbol = str | bytes
"""A name of rules, or bytes that stand for themselves."""
Rules = Mapping[str, Sequence[tuple[int, Sequence[Symbol]]]]
"""Symbol -> its ways to go on: (weight, what it becomes)."""
_WORDS = 4096  # random words drawn at a time
_BITS = 16  # of a word that decide, so that weights add up to 2^16 at most


class Grammar(NamedTuple):
    """Rules, and the symbol that texts begin with."""

    rules: Rules
    """The weights of a symbol are whole numbers that add up to a power of two, so that
    a choice is as likely as they say, to the last bit."""
    start: str


class Rate(NamedTuple):
    """How much there is to learn of a grammar's texts, and how much cannot be."""

    nats_per_byte: float
    """The floor of any model's loss."""
    bytes_per_text: float
    """Bytes that the start becomes, on average."""

    @property
    def bits_per_byte(self) -> float:
        """The same floor in bits."""
        return self.nats_per_byte / math.log(2)


def entropy_rate(grammar: Grammar) -> Rate:
    """Computes the entropy of texts of a grammar, one after the other.

    It is that of the choices: exact where no text can be written in two ways.

    Raises:
      ValueError: rules that are none, or texts that never end.

    Example:
      >>> coin = Grammar({"S": [(1, [b"a"]), (1, [b"b", "S"])]}, "S")
      >>> entropy_rate(coin).bits_per_byte, entropy_rate(coin).bytes_per_text
      (1.0, 2.0)
    """
    check_grammar(grammar)
    names = list(grammar.rules)
    uses = np.zeros((len(names), len(names)))
    choices, sizes = np.zeros(len(names)), np.zeros(len(names))
    for row, name in enumerate(names):
        total = sum(weight for weight, _ in grammar.rules[name])
        for weight, symbols in grammar.rules[name]:
            share = weight / total
            choices[row] -= share * math.log(share)
            for symbol in symbols:
                if isinstance(symbol, bytes):
                    sizes[row] += share * len(symbol)
                else:
                    uses[row, names.index(symbol)] += share
    if max(abs(np.linalg.eigvals(uses))) >= 1:
        raise ValueError("a text of a grammar must end, but its rules go on for ever.")
    solved = np.linalg.solve(np.eye(len(names)) - uses, np.stack([choices, sizes], 1))
    nats, size = solved[names.index(grammar.start)]
    if size == 0:
        raise ValueError("a text of a grammar must hold something, got none.")
    return Rate(nats_per_byte=float(nats / size), bytes_per_text=float(size))


def write(key: Key, grammar: Grammar, size: int) -> bytes:
    """Writes texts of a grammar, one after the other, until they are so long.

    The same key gives the same bytes on every machine.

    Args:
      key: of what is written.
      grammar: its rules.
      size: bytes at least; the last text is written to its end.

    Raises:
      ValueError: as for `entropy_rate`.

    Example:
      >>> coin = Grammar({"S": [(1, [b"a"]), (1, [b"b", "S"])]}, "S")
      >>> write(jax.random.key(0), coin, size=12)
      b'baabbbabababba'
    """
    entropy_rate(grammar)  # which checks it
    tables = {name: _table(ways) for name, ways in grammar.rules.items()}
    words = _random_words(key)
    written: list[bytes] = []
    length = 0
    while length < size:
        open_: list[Symbol] = [grammar.start]
        while open_:
            symbol = open_.pop()
            if isinstance(symbol, bytes):
                written.append(symbol)
                length += len(symbol)
            else:
                shift, table = tables[symbol]
                open_.extend(table[next(words) >> shift])
    return b"".join(written)


def check_grammar(grammar: Grammar) -> None:
    """Raises ValueError where rules or weights are none.

    Example:
      >>> check_grammar(Grammar({"S": [(1, [b"a"]), (2, ["A"])]}, "S"))
      Traceback (most recent call last):
      ...
      ValueError: weights of S must be >= 1 and add up to a power of two, got [1, 2].
    """
    for name, ways in grammar.rules.items():
        weights = [weight for weight, _ in ways]
        total = sum(weights)
        is_power = 0 < total <= 2**_BITS and total & (total - 1) == 0
        if not is_power or min(weights) < 1:
            raise ValueError(
                f"weights of {name} must be >= 1 and add up to a power of two, "
                f"got {weights}."
            )
    used = {s for ways in grammar.rules.values() for _, way in ways for s in way}
    names = {grammar.start, *(symbol for symbol in used if isinstance(symbol, str))}
    if missing := sorted(names - grammar.rules.keys()):
        raise ValueError(f"a grammar must have rules for {', '.join(missing)}.")


def _table(
    ways: Sequence[tuple[int, Sequence[Symbol]]],
) -> tuple[int, list[Sequence[Symbol]]]:
    """How far a random word is shifted to be a place in a table of what comes next.

    Symbols are in reverse, for the next to be written is the last of a stack.
    """
    table: list[Sequence[Symbol]] = []
    for weight, way in ways:
        table += [tuple(reversed(way))] * weight
    return _BITS - (len(table).bit_length() - 1), table


def _random_words(key: Key) -> Iterator[int]:
    number = 0
    while True:
        key_now = jax.random.fold_in(key, number)
        yield from jax.random.bits(key_now, (_WORDS,), jnp.uint16).tolist()
        number += 1
