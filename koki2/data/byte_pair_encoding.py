"""Byte pairs (BPE): frequent strings of bytes as tokens, by the package `tokenizers`.

The package learns the merges and encodes; it splits before words, as GPT-2 does, and
normalises nothing, so that what is decoded is what was encoded, byte for byte. It is an
extra, and is not imported before such a tokenizer is made.

Source: R. Sennrich, B. Haddow, A. Birch, "Neural machine translation of rare words with
subword units", 2016; the table of visible bytes is GPT-2's.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from koki2.data.tokenizer import as_text, from_table, Tokenizer

_NAME = "byte pairs"


def fit_byte_pairs(
    documents: Sequence[bytes], size: int, specials: Sequence[str] = ()
) -> Tokenizer:
    """Builds a tokenizer whose merges are learnt from some documents.

    Args:
      documents: text in UTF-8. Fewer merges than there is room for are learnt where
        the text is too short for more.
      size: tokens of the vocabulary at most, special ones included; at least 256 and
        these.
      specials: texts that are one token each, after all others.

    Raises:
      ValueError: a document is no text, the size is too small, or the package
        `tokenizers` is not installed.
    """
    package = require_tokenizers()
    least = 256 + len(specials)
    if size < least:
        raise ValueError(
            f"vocab_size must be at least {least}, the bytes and special tokens, "
            f"got {size}."
        )
    model = package.Tokenizer(package.models.BPE())
    model.pre_tokenizer = package.pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = package.decoders.ByteLevel()
    trainer = package.trainers.BpeTrainer(
        vocab_size=size - len(specials),
        initial_alphabet=package.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [as_text(document, _NAME) for document in documents]
    model.train_from_iterator(texts, trainer)
    return byte_pairs(model.to_str(), specials)


def byte_pairs(model: str, specials: Sequence[str] = ()) -> Tokenizer:
    """Builds the tokenizer of a model that the package `tokenizers` wrote as JSON.

    Args:
      model: of bytes, without special tokens of its own.
      specials: texts that are one token each, after all others.

    Raises:
      ValueError: it is no such model, or the package is not installed.
    """
    package = require_tokenizers()
    try:
        made = package.Tokenizer.from_str(model)
    except Exception as error:  # the package raises no narrower class
        raise ValueError(
            f"a model of byte pairs must be JSON of the package tokenizers: {error}."
        ) from error
    words = [made.id_to_token(i) for i in range(made.get_vocab_size())]
    byte_of = {character: byte for byte, character in _visible_bytes().items()}
    try:
        table = [bytes(byte_of[character] for character in word) for word in words]
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"a model of byte pairs must have tokens of bytes only, got {error}."
        ) from error

    def encode(data: bytes) -> np.ndarray:
        encoded = made.encode(as_text(data, _NAME), add_special_tokens=False)
        return np.array(encoded.ids, np.int64)

    return from_table("bpe", table, encode, specials=specials, spec={"model": model})


def require_tokenizers() -> Any:
    """The package `tokenizers`.

    Raises:
      ValueError: it is not installed; names what to install.
    """
    try:
        import tokenizers
    except ImportError as error:
        raise ValueError(
            "the tokenizer bpe needs the package tokenizers (pip install "
            f"'koki2[text]'): {error}."
        ) from error
    return tokenizers


def _visible_bytes() -> dict[int, str]:
    """GPT-2's character of each byte: itself if it can be seen, else from 256 on."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in seen]
    characters = {byte: chr(byte) for byte in seen}
    return characters | {byte: chr(256 + i) for i, byte in enumerate(others)}
