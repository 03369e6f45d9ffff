"""The knobs of text: which, in which tokens, and what is held out. Imports no JAX."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from koki2.core.configs import check, Named, ReadWhen
from koki2.data.catalogue import TOKENIZERS

Share = Annotated[float, Ge(0), Lt(1)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Which text is trained on, and what of it is held out. Static."""

    data: str = "shakespeare"
    """A file, a folder of files, or the name of a corpus: grammar, shakespeare."""
    val_data: str | None = None
    """Another one to validate on; none holds out documents of `data`."""
    cut: Literal["auto", "parts", "pieces", "scenes", "whole"] = "auto"
    """Where documents of a file end: at <|endoftext|> (parts), at blank lines about
    every 8 KB (pieces), at acts and scenes of a play (scenes), or nowhere (whole).
    auto: parts where there is such a mark, else pieces; of a folder, whole files."""
    text_key: str = "text"
    """Where the text stands in a row of a .jsonl file."""
    validation_share: Share = 0.05
    """Of the bytes, held out to validate on while training; unless `val_data`."""
    test_share: Share = 0.05
    """Of the bytes, held out for the end."""

    def __post_init__(self) -> None:
        check(self)
        if self.validation_share + self.test_share >= 1:
            raise ValueError(
                "validation_share and test_share must be below 1 together, got "
                f"{self.validation_share} and {self.test_share}."
            )


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


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlanLimits:
    """When a training is remarked upon, and when it is refused. Static."""

    tokens_per_parameter: Annotated[float, Ge(0)] = 20.0
    """Tokens seen per parameter below which it is remarked that more would be better:
    about what gives the least loss at a given cost (Hoffmann et al., 2022)."""
    passes: Annotated[float, Gt(0)] = 4.0
    """Passes over the text above which it is remarked that they teach less than new
    text would (Muennighoff et al., 2023)."""
    most_passes: Annotated[float, Gt(0)] = 1000.0
    """Passes above which a training is refused: the text would be learnt by heart."""
    most_days: Annotated[float, Gt(0)] = 7.0
    """Days above which it is refused."""

    def __post_init__(self) -> None:
        check(self)
