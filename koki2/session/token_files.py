"""Token files: the tokens of a text, kept on disk and mapped, so that one is read once.

    tokens/<digest>/{train,validation,test}.npy  corpus.json

The digest is of the documents of every part and of the tokenizer's settings, so what
lies there can never be of another text. A folder is whole or not there; one that was
damaged is made anew.
"""

import contextlib
import errno
import hashlib
import os
import pathlib
import secrets
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from koki2 import data, runlog
from koki2.runlog import atomic, jsontext, opening
from koki2.session import compile_cache

_VERSION = 1
_FACTS = "corpus.json"
_ABANDONED = 3600.0  # seconds after which nothing is written any more
_MAX_FACTS = 2**28  # bytes; the merges of a large vocabulary are megabytes


class Part(NamedTuple):
    """The tokens of one part, and what they are of."""

    tokens: data.Tokens
    documents: int
    bytes: int
    """Of the text, with what stands between documents."""


class Encoded(NamedTuple):
    """A text in tokens."""

    tokenizer: data.Tokenizer
    parts: Mapping[str, Part]


def digest(parts: data.Parts, config: data.TokenizerConfig) -> str:
    """The digest of a text as it is dealt, and of how it becomes tokens; 64 digits.

    Example:
      >>> one = data.Parts(train=(b"a", b"b"), validation=(), test=())
      >>> two = data.Parts(train=(b"a",), validation=(b"b",), test=())
      >>> config = data.TokenizerConfig()
      >>> digest(one, config) == digest(two, config)
      False
    """
    settings = {**vars(config), "version": _VERSION}
    sha256 = hashlib.sha256(jsontext.digest(settings).encode())
    for part in parts:
        sha256.update(b"%d " % len(part))
        for document in part:
            sha256.update(b"%d " % len(document))
            sha256.update(document)
    return sha256.hexdigest()


def encode(parts: data.Parts, config: data.TokenizerConfig) -> Encoded:
    """Turns documents into tokens, each ended by its end token or a blank line.

    Raises:
      ValueError: documents of which the tokenizer cannot be made.
    """
    every = [document for part in parts for document in part]
    tokenizer = data.fit_tokenizer(config, parts.train, [*every, b"\n"])
    encoded = {
        name: _part(tokenizer, documents)
        for name, documents in parts._asdict().items()
        if documents
    }
    return Encoded(tokenizer, encoded)


def save(folder: pathlib.Path, encoded: Encoded) -> None:
    """Writes a folder of token files, all of it or nothing.

    Raises:
      OSError: the disk refused.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _clean(folder.parent)
    temporary = folder.with_name(f".{folder.name[:16]}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.mkdir()
        facts: dict[str, Any] = {}
        for name, part in encoded.parts.items():
            file = temporary / f"{name}.npy"
            write = lambda out, part=part: np.lib.format.write_array(
                out, part.tokens, allow_pickle=False
            )
            atomic.write_with(file, write)
            facts[name] = {
                "documents": part.documents,
                "bytes": part.bytes,
                "sha256": _sha256(file),
            }
        spec = dict(encoded.tokenizer.spec)
        atomic.write_json(temporary / _FACTS, {"tokenizer": spec, "parts": facts})
        atomic.sync_tree(temporary)
        os.rename(temporary, folder)
    except OSError as error:
        atomic.remove_tree(temporary)
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # another was first
            raise


def load(folder: pathlib.Path) -> Encoded:
    """Maps a folder of token files.

    Raises:
      BrokenRunError: it is not as it was written.
      FileNotFoundError: there is none.
    """
    where = folder / _FACTS
    facts = jsontext.decode(
        opening.read_bytes(where, limit=_MAX_FACTS), where=str(where)
    )
    with runlog.raising(runlog.BrokenRunError, f"{where}: "):
        try:
            tokenizer = data.restore_tokenizer(facts["tokenizer"])
            parts = {
                name: _mapped(folder, name, p) for name, p in facts["parts"].items()
            }
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__} {error}.") from error
    return Encoded(tokenizer, parts)


def make(
    folder: pathlib.Path | None, parts: data.Parts, config: data.TokenizerConfig
) -> Encoded:
    """Maps the token files of a text, which are made where they are not there.

    Args:
      folder: where they are kept, each text in a folder of its own; None keeps tokens
        in memory.
      parts: the documents.
      config: the tokenizer's settings.

    Raises:
      ValueError: documents of which the tokenizer cannot be made.
      OSError: the disk refused.
    """
    if folder is None:
        return encode(parts, config)
    own = folder / digest(parts, config)
    try:
        return load(own)
    except FileNotFoundError:
        pass
    except runlog.BrokenRunError:  # it holds nothing but what is made now
        atomic.remove_tree(own)
    save(own, encode(parts, config))
    return load(own)


def user_folder() -> pathlib.Path | None:
    """Where token files are kept by default: koki2/tokens in the user's cache."""
    return compile_cache.user_folder("tokens")


def _clean(folder: pathlib.Path) -> None:
    """Removes what killed writers left; what is written now began within the hour."""
    for path in folder.glob(".*.tmp"):
        with contextlib.suppress(FileNotFoundError):  # another cleans, too
            if time.time() - path.stat().st_mtime > _ABANDONED:
                atomic.remove_tree(path)


def _part(tokenizer: data.Tokenizer, documents: tuple[bytes, ...]) -> Part:
    end = tokenizer.end
    texts = documents if end is not None else [data.finished(d) for d in documents]
    pieces = []
    for text in texts:
        tokens = tokenizer.encode(text)
        pieces += [tokens] if end is None else [tokens, np.array([end], tokens.dtype)]
    size = sum(map(len, texts))
    return Part(np.concatenate(pieces), documents=len(documents), bytes=size)


def _mapped(folder: pathlib.Path, name: str, facts: Mapping[str, Any]) -> Part:
    if name not in data.Parts._fields:
        raise ValueError(f"a part must be one of {data.Parts._fields}, got {name!r}.")
    file = folder / f"{name}.npy"
    if not file.is_file() or _sha256(file) != facts["sha256"]:
        raise ValueError(f"{file.name} must have SHA-256 {facts['sha256']}.")
    tokens = np.load(file, mmap_mode="r", allow_pickle=False)
    return Part(tokens, documents=facts["documents"], bytes=facts["bytes"])


def _sha256(path: pathlib.Path) -> str:
    with opening.to_read(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
