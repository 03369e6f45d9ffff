"""Corpora: a text by its name or place, dealt, in tokens, and checked before any work.

    corpus = read_corpus(DataConfig(data="grammar"), TokenizerConfig(), block=64)
    corpus.parts["train"].tokens, corpus.floors["validation"]

By name there are `grammar`, sentences of known entropy that are written anew each time,
and `shakespeare`, ten plays that lie in the package; others are registered
(`register_corpus`).
"""

import importlib.resources
import os
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from koki2 import data, runlog
from koki2.core.given import given
from koki2.core.registry import entry_of, Registry
from koki2.data.catalogue import TOKENIZERS
from koki2.session import token_files
from koki2.session.printing import printable
from koki2.session.text_files import read_documents

_PLAYS = "shakespeare.txt"


class Source(NamedTuple):
    """A text that has a name."""

    documents: Callable[[], Iterable[bytes]]
    """() -> its documents; the same ones each time."""
    nats_per_byte: Callable[[], float] | None = None
    """() -> its entropy, where it is known."""


class Corpus(NamedTuple):
    """A text in tokens, dealt to its parts."""

    name: str
    """As it was asked for."""
    digest: str
    """Of its documents, part by part, and of the tokenizer's settings."""
    tokenizer: data.Tokenizer
    parts: Mapping[str, token_files.Part]
    """train, validation and test; those that are empty are not there."""
    nats_per_byte: float | None = None
    """Entropy of the text, where it is known."""

    @property
    def floors(self) -> dict[str, float]:
        """By part, the least loss that any model can hope for: nats a token."""
        if self.nats_per_byte is None:
            return {}
        return {
            name: self.nats_per_byte * part.bytes / len(part.tokens)
            for name, part in self.parts.items()
        }


CORPORA: Registry[Source] = Registry("corpus", "koki2.corpora", entry_of(Source))
"""Texts by name; installed packages add theirs as entry points koki2.corpora."""


def register_corpus(
    name: str,
    documents: Callable[[], Iterable[bytes]],
    *,
    nats_per_byte: Callable[[], float] | None = None,
    replace: bool = False,
) -> None:
    """Registers a text, so that `DataConfig(data=name)` finds it.

    Args:
      name: what configs and command lines call it.
      documents: () -> its documents; the same ones each time.
      nats_per_byte: () -> its entropy, where it is known.
      replace: let it take the place of one of that name.

    Raises:
      ValueError: the name is taken, unless `replace`.
    """
    CORPORA.register(name, Source(documents, nats_per_byte), replace=replace)


def read_corpus(
    config: data.DataConfig,
    tokenizer: data.TokenizerConfig,
    *,
    block: int,
    folder: pathlib.Path | None = None,
) -> Corpus:
    """Reads the text that a config names, deals it and turns it into tokens.

    Args:
      config: which text, and what of it is held out.
      tokenizer: in which tokens.
      block: tokens that a model sees at once; every part must be longer.
      folder: where token files are kept, as `token_files.user_folder`; None keeps
        tokens in memory.

    Raises:
      InputError: there is no such text, or it is empty, binary for a tokenizer of
        text, or shorter than a block; or what is validated on is what is trained on.
      OSError: the disk refused.

    Example:
      >>> config = data.DataConfig(data="shakespeare")
      >>> corpus = read_corpus(config, data.TokenizerConfig(), block=64)
      >>> {name: len(part.tokens) for name, part in corpus.parts.items()}
      {'train': 1004575, 'validation': 62367, 'test': 60292}
    """
    with runlog.raising(runlog.InputError):
        is_for_text = TOKENIZERS.find(tokenizer.tokenizer).is_for_text
        parts = read_parts(config, is_for_text=is_for_text, block=block)
        encoded = token_files.make(folder, parts, tokenizer)
        for name, part in encoded.parts.items():
            text = f"the {name} part of {printable(config.data)}"
            data.check_length(text, len(part.tokens), block)
        source = CORPORA.get(config.data)
        entropy = source.nats_per_byte if source else None
        return Corpus(
            name=config.data,
            digest=token_files.digest(parts, tokenizer),
            tokenizer=encoded.tokenizer,
            parts=encoded.parts,
            nats_per_byte=None if entropy is None or config.val_data else entropy(),
        )


def read_parts(
    config: data.DataConfig, *, is_for_text: bool = False, block: int = 1
) -> data.Parts:
    """Reads the text that a config names, and deals its documents.

    Args:
      config: which text, and what of it is held out.
      is_for_text: whether binary files are refused.
      block: tokens that a model sees at once.

    Raises:
      InputError: as `read_corpus`.
    """
    with runlog.raising(runlog.InputError):
        documents, validation = (
            None if name is None else _checked(name, config, is_for_text, block)
            for name in (config.data, config.val_data)
        )
        return _deal(config, given(documents), validation)


def read_named(name: str, config: data.DataConfig) -> list[bytes]:
    """Reads the documents of a corpus by name, or of a file or folder; not all blank.

    Args:
      name: which text.
      config: how it is cut, and where it stands in rows.

    Raises:
      InputError: there is no such text, or it is empty.
    """
    if name not in CORPORA and os.path.exists(name):
        path = pathlib.Path(name)
        found = read_documents(path, cut=config.cut, text_key=config.text_key)
    else:
        try:
            found = list(CORPORA.find(name).documents())
        except ValueError as error:
            raise runlog.InputError(
                f"a text must be a file, a folder or the name of a corpus, but {error}"
            ) from None
    if not any(map(bytes.strip, found)):
        raise runlog.InputError(f"{printable(name)} must hold some text, but is empty.")
    return found


def _checked(
    name: str, config: data.DataConfig, is_for_text: bool, block: int
) -> list[bytes]:
    """The documents of a text that can be trained on."""
    found, called = read_named(name, config), printable(name)
    if is_for_text:
        data.check_text(called, found)
    data.check_length(called, sum(map(len, found)), block)
    return found


def _deal(
    config: data.DataConfig, documents: list[bytes], validation: list[bytes] | None
) -> data.Parts:
    share = config.validation_share if validation is None else 0.0
    least = 1 + (share > 0) + (config.test_share > 0)
    if len(set(filter(bytes.strip, documents))) < least:
        documents = [piece for text in documents for piece in data.pieces(text)]
    parts = data.deal(documents, validation=share, test=config.test_share)
    return parts if validation is None else data.with_validation(parts, validation)


def _plays() -> list[bytes]:
    text = importlib.resources.files("koki2.data").joinpath("texts", _PLAYS)
    return data.scenes(text.read_bytes())


def _sentences() -> list[bytes]:
    import jax

    return data.sentence_documents(jax.random.key(0))


register_corpus("shakespeare", _plays)
register_corpus(
    "grammar", _sentences, nats_per_byte=lambda: data.sentence_rate().nats_per_byte
)
