"""The knobs of text: which, in which tokens, and what is held out. Imports no JAX."""

import dataclasses
from typing import Annotated

from annotated_types import Ge, Le

from koki2.core.configs import check, Named, ReadWhen
from koki2.data.catalogue import TOKENIZERS


@dataclasses.dataclass(frozen=True, kw_only=True)
class TokenizerConfig:
    """In which tokens a text is read. Static."""

    tokenizer: Annotated[str, Named(TOKENIZERS)] = "bytes"
    """bytes, characters (those that occur), bpe (byte pairs, learnt from the text), or
    one that was registered."""
    vocab_size: Annotated[
        int,
        Ge(256),
        Le(65_536),
        ReadWhen("tokenizer", is_none_of=("bytes", "characters")),
    ] = 1024
    """Tokens of the vocabulary at most, special ones included (bpe)."""
    specials: tuple[str, ...] = ()
    """Texts that are one token each wherever they occur. `<|endoftext|>` among them
    ends every document."""

    def __post_init__(self) -> None:
        check(self)
        TOKENIZERS.find(self.tokenizer)
        if "" in self.specials or len(set(self.specials)) < len(self.specials):
            raise ValueError(
                "specials must be different texts of a character or more, got "
                f"{self.specials}."
            )
