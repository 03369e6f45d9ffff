"""A tokenizer: bytes to tokens and back, and the plain values that make it anew.

Tokens are whole numbers below V, of the smallest unsigned type that holds them.
Special tokens are texts that are one token each wherever they occur, as
`<|endoftext|>`; they have the last numbers of the vocabulary.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Integer, UInt

Tokens = UInt[np.ndarray, " T"]
Numbers = Sequence[int] | Integer[np.ndarray, " T"]
END_OF_TEXT = "<|endoftext|>"
"""Stands between documents, in texts and among special tokens."""
CHAT_TOKENS = ("<|system|>", "<|user|>", "<|assistant|>", END_OF_TEXT)
"""Special tokens of talks: each message stands after its role."""


class Tokenizer(NamedTuple):
    """Pure functions between bytes and tokens."""

    name: str
    """Of its family, in `TOKENIZERS`."""
    size: int
    """Tokens of the vocabulary, V."""
    encode: Callable[[bytes], Tokens]
    """Bytes -> tokens. Raises ValueError for what it has no tokens for."""
    decode: Callable[[Numbers], bytes]
    """Tokens -> bytes: of what was encoded, the same bytes. Raises ValueError for a
    number that is no token."""
    spec: Mapping[str, Any]
    """Plain values, its name under "tokenizer": `restore_tokenizer` makes it anew."""
    end: int | None = None
    """The token that ends a document, if there is one."""


def from_table(
    name: str,
    table: Sequence[bytes],
    encode: Callable[[bytes], np.ndarray],
    *,
    specials: Sequence[str] = (),
    spec: Mapping[str, Any],
) -> Tokenizer:
    """Builds a tokenizer each of whose tokens stands for some bytes.

    Args:
      name: of its family.
      table: what each token stands for, but for the special ones.
      encode: bytes without special tokens -> their tokens.
      specials: texts that are one token each; of two that begin alike, the longer is
        looked for first.
      spec: what `restore` of its family needs beside the special tokens.

    Example:
      >>> nibble = from_table(
      ...     "nibble", [b"0", b"1"], lambda text: np.frombuffer(text, np.uint8) - 48,
      ...     specials=["<|endoftext|>"], spec={})
      >>> nibble.encode(b"01<|endoftext|>1").tolist(), nibble.decode([1, 2])
      ([0, 1, 2, 1], b'1<|endoftext|>')
    """
    marks = [text.encode() for text in specials]
    whole = (*table, *marks)
    dtype = token_dtype(len(whole))
    special = {mark: len(table) + i for i, mark in enumerate(marks)}
    any_mark = re.compile(b"(%s)" % b"|".join(map(re.escape, _longest_first(marks))))

    def encode_all(text: bytes) -> Tokens:
        if not marks:
            return np.asarray(encode(text), dtype)
        parts = any_mark.split(text)  # every second one is a mark
        tokens = [
            np.array([special[part]], dtype)
            if i % 2
            else np.asarray(encode(part), dtype)
            for i, part in enumerate(parts)
        ]
        return np.concatenate(tokens)

    def decode(tokens: Numbers) -> bytes:
        numbers = tokens.tolist() if isinstance(tokens, np.ndarray) else tokens
        outside = [token for token in numbers if not 0 <= token < len(whole)]
        if outside:
            raise ValueError(
                f"a token must be one of 0 to {len(whole) - 1}, got {outside[0]}."
            )
        return b"".join([whole[token] for token in numbers])

    return Tokenizer(
        name=name,
        size=len(whole),
        encode=encode_all,
        decode=decode,
        spec={"tokenizer": name, "specials": list(specials), **spec},
        end=special.get(END_OF_TEXT.encode()),
    )


def token_dtype(size: int) -> np.dtype:
    """The smallest unsigned type that holds the tokens of a vocabulary.

    Example:
      >>> token_dtype(256).name, token_dtype(257).name
      ('uint8', 'uint16')
    """
    return np.min_scalar_type(max(size - 1, 0))


def as_text(data: bytes, name: str) -> str:
    r"""The text that bytes are in UTF-8.

    Args:
      data: the bytes.
      name: of the tokenizer that needs text, for errors.

    Raises:
      ValueError: they are no text.

    Example:
      >>> as_text(b"a\xff", "characters")
      Traceback (most recent call last):
      ...
      ValueError: characters need UTF-8, got byte 0xff at 1; bytes take any file.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name} need UTF-8, got byte 0x{data[error.start]:02x} at "
            f"{error.start}; bytes take any file."
        ) from None


def _longest_first(marks: Sequence[bytes]) -> list[bytes]:
    return sorted(marks, key=lambda mark: (-len(mark), mark))
