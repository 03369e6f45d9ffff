"""From a config to the tokenizer it names, and from what a run kept of one."""

from collections.abc import Mapping, Sequence
from typing import Any

from koki2.data.catalogue import TOKENIZERS
from koki2.data.configs import TokenizerConfig
from koki2.data.tokenizer import Tokenizer


def fit_tokenizer(
    config: TokenizerConfig, train: Sequence[bytes], every: Sequence[bytes]
) -> Tokenizer:
    """Builds the tokenizer that a config names, from texts where it needs them.

    Args:
      config: which family, and its settings.
      train: documents of the training part: merges are learnt from these alone.
      every: documents of all parts: their characters make the alphabet.

    Raises:
      ValueError: an unknown family, with the nearest known ones; or documents that
        it cannot be made from.

    Example:
      >>> config = TokenizerConfig(tokenizer="characters")
      >>> fit_tokenizer(config, [b"ab"], [b"ab", b"c"]).size
      3
    """
    return TOKENIZERS.find(config.tokenizer).fit(config, train, every)


def restore_tokenizer(spec: Mapping[str, Any]) -> Tokenizer:
    """Builds a tokenizer anew from its `spec`, as a run keeps it.

    Raises:
      ValueError: the values are of no tokenizer.

    Example:
      >>> restore_tokenizer({"tokenizer": "bytes", "specials": []}).size
      256
    """
    name = spec.get("tokenizer")
    if not isinstance(name, str):
        raise ValueError(f"a tokenizer must have a name, got {name!r:.60}.")
    family = TOKENIZERS.find(name)
    try:
        return family.restore(spec)
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"the tokenizer {name} must be kept with all its values, but is not: "
            f"{type(error).__name__} {error}."
        ) from error
