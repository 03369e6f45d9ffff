"""Bytes as tokens: the tokenizer that needs no text to be made, and takes any file."""

from collections.abc import Sequence

import numpy as np

from koki2.data.tokenizer import from_table, Tokenizer


def byte_tokens(specials: Sequence[str] = ()) -> Tokenizer:
    """Builds the tokenizer: token i is byte i; special tokens are those from 256 on.

    Example:
      >>> tokenizer = byte_tokens()
      >>> tokenizer.encode(b"koki").tolist(), tokenizer.decode([107, 255])
      ([107, 111, 107, 105], b'k\\xff')
    """
    return from_table(
        "bytes",
        [bytes([byte]) for byte in range(256)],
        lambda text: np.frombuffer(text, np.uint8),
        specials=specials,
        spec={},
    )
