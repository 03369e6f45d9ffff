"""The catalogue: every family of tokenizers by name.

Imports neither JAX nor NumPy, so that a config can check a name without them: what
makes tokenizers is imported when one is made.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from koki2.core.configs import AS_MARKED
from koki2.core.registry import entry_of, load, Registry


class TokenizerFamily(NamedTuple):
    """A family of tokenizers: how one is made from texts, and made anew."""

    fit: Callable[..., Any]
    """(TokenizerConfig, training documents, all documents) -> Tokenizer."""
    restore: Callable[[Mapping[str, Any]], Any]
    """`Tokenizer.spec` -> the same Tokenizer."""
    reads: tuple[str, ...] | None = None
    """The fields of `TokenizerConfig` that it reads, or `AS_MARKED`; None: all."""
    is_for_text: bool = False
    """Whether it takes text in UTF-8 alone, so that binary files are refused."""


TOKENIZERS: Registry[TokenizerFamily] = Registry(
    "tokenizer", "koki2.tokenizers", accept=entry_of(TokenizerFamily, wraps=False)
)
"""Every family; installed packages add theirs as entry points koki2.tokenizers."""


def register_tokenizer(
    name: str,
    fit: Callable[..., Any],
    restore: Callable[[Mapping[str, Any]], Any],
    *,
    reads: tuple[str, ...] | None = None,
    is_for_text: bool = False,
    replace: bool = False,
) -> None:
    """Registers a family, so that `TokenizerConfig(tokenizer=name)` finds it.

    Args:
      name: what configs and command lines call it.
      fit: (TokenizerConfig, training documents, all documents) -> Tokenizer; each a
        sequence of bytes.
      restore: `Tokenizer.spec` -> the same Tokenizer.
      reads: the fields of `TokenizerConfig` that it reads; None: all.
      is_for_text: whether it takes text in UTF-8 alone.
      replace: let it take the place of a family of that name.

    Raises:
      ValueError: the name is taken, unless `replace`.

    Example:
      >>> import numpy as np
      >>> from koki2 import data
      >>> bits = lambda text: np.unpackbits(np.frombuffer(text, np.uint8))
      >>> made = lambda *_: data.Tokenizer(
      ...     "bits", 2, bits, lambda tokens: np.packbits(tokens).tobytes(),
      ...     {"tokenizer": "bits"})
      >>> register_tokenizer("bits", made, made)
      >>> config = data.TokenizerConfig(tokenizer="bits")
      >>> data.fit_tokenizer(config, [], []).encode(b"!").tolist()
      [0, 0, 1, 0, 0, 0, 0, 1]
      >>> TOKENIZERS.remove("bits")
    """
    family = TokenizerFamily(fit, restore, reads, is_for_text)
    TOKENIZERS.register(name, family, replace=replace)


def _fit_bytes(config: Any, train: Sequence[bytes], every: Sequence[bytes]) -> Any:
    return load("koki2.data.byte_level:byte_tokens")(config.specials)


def _restore_bytes(spec: Mapping[str, Any]) -> Any:
    return load("koki2.data.byte_level:byte_tokens")(spec["specials"])


def _fit_characters(config: Any, train: Sequence[bytes], every: Sequence[bytes]) -> Any:
    return load("koki2.data.character_level:fit_characters")(every, config.specials)


def _restore_characters(spec: Mapping[str, Any]) -> Any:
    make = load("koki2.data.character_level:characters")
    return make(spec["alphabet"], spec["specials"])


def _fit_bpe(config: Any, train: Sequence[bytes], every: Sequence[bytes]) -> Any:
    make = load("koki2.data.byte_pair_encoding:fit_byte_pairs")
    return make(train, config.vocab_size, config.specials)


def _restore_bpe(spec: Mapping[str, Any]) -> Any:
    return load("koki2.data.byte_pair_encoding:byte_pairs")(
        spec["model"], spec["specials"]
    )


register_tokenizer("bytes", _fit_bytes, _restore_bytes, reads=AS_MARKED)
for _name, _fit, _restore in (
    ("characters", _fit_characters, _restore_characters),
    ("bpe", _fit_bpe, _restore_bpe),
):
    register_tokenizer(_name, _fit, _restore, reads=AS_MARKED, is_for_text=True)
