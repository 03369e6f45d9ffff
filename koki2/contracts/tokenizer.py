"""What every tokenizer promises, as checks that anyone can run on one of their own.

    for name, check in CHECKS.items():
        check(sample(tokenizer, [b"some text", b"some more"]))

What is decoded is what was encoded, byte for byte; tokens are numbers of the
vocabulary; and what a run keeps of a tokenizer makes the same one again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from koki2.contracts import requirements
from koki2.contracts.requirements import must
from koki2.data.registry import restore_tokenizer
from koki2.data.tokenizer import token_dtype, Tokenizer


class Sample(NamedTuple):
    """A tokenizer, and texts that it has tokens for."""

    tokenizer: Tokenizer
    texts: tuple[bytes, ...]


def sample(tokenizer: Tokenizer, texts: Sequence[bytes]) -> Sample:
    """Puts a tokenizer and some texts in the form that is checked; adds an empty one.

    Example:
      >>> from koki2 import data
      >>> case = sample(data.byte_tokens(), [b"to be"])
      >>> for check in CHECKS.values():
      ...     check(case)
    """
    return Sample(tokenizer, (b"", *texts))


def check_form(case: Sample) -> None:
    """It has the fields of a `Tokenizer`."""
    tokenizer = case.tokenizer
    requirements.must_be_a(Tokenizer, tokenizer, "koki2.data.Tokenizer")
    requirements.must_be_callable(tokenizer, "encode", "decode")
    requirements.must_count("size", tokenizer.size)
    end = tokenizer.end
    must(
        end is None or end in range(tokenizer.size),
        f"end must be None or one of 0 to {tokenizer.size - 1}, got {end!r}",
    )


def check_tokens(case: Sample) -> None:
    """Tokens are numbers of the vocabulary, of the smallest type that holds them."""
    size, dtype = case.tokenizer.size, token_dtype(case.tokenizer.size)
    for text in case.texts:
        tokens = case.tokenizer.encode(text)
        must(
            isinstance(tokens, np.ndarray)
            and tokens.ndim == 1
            and tokens.dtype == dtype,
            f"encode must return an array of {dtype} [T], got {tokens!r:.60}",
        )
        must(
            tokens < size,
            f"a token must be one of 0 to {size - 1}, got {max(tokens, default=0)}",
        )


def check_round_trip(case: Sample) -> None:
    """What is decoded is what was encoded, byte for byte."""
    for text in case.texts:
        back = case.tokenizer.decode(case.tokenizer.encode(text))
        must(
            back == text,
            f"decode must give back {text!r:.60}, which was encoded, got {back!r:.60}",
        )


def check_decoding(case: Sample) -> None:
    """Every token stands for some bytes, and no other number does."""
    size = case.tokenizer.size
    for token in range(size):
        must(
            isinstance(case.tokenizer.decode([token]), bytes),
            f"decode must give bytes of every token, got none of {token}",
        )
    for token in (-1, size):
        try:
            case.tokenizer.decode([token])
        except ValueError:
            continue
        raise AssertionError(f"decode must raise ValueError for {token}, no token.")


def check_restoring(case: Sample) -> None:
    """`spec` is plain, and makes a tokenizer with the same tokens."""
    must(_is_plain(case.tokenizer.spec), "spec must hold plain values only")
    again = restore_tokenizer(case.tokenizer.spec)
    same = [
        np.array_equal(again.encode(text), case.tokenizer.encode(text))
        for text in case.texts
    ]
    must(
        (again.name, again.size, again.end)
        == (case.tokenizer.name, case.tokenizer.size, case.tokenizer.end)
        and all(same),
        "restore must make a tokenizer with the same tokens from spec, got another",
    )


CHECKS: Mapping[str, Callable[[Sample], None]] = requirements.by_name(
    *(check_form, check_tokens, check_round_trip, check_decoding, check_restoring)
)
"""Every check by name; each raises AssertionError with a sentence."""


def _is_plain(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(k, str) and _is_plain(v) for k, v in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
