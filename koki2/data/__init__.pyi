"""What `koki2.data` exports: for its door, type checkers and editors."""

from .batching import (
    Batches as Batches,
    batches as batches,
    check_length as check_length,
    consecutive as consecutive,
    draw_starts as draw_starts,
    Feed as Feed,
    ON_DEVICE as ON_DEVICE,
)
from .byte_level import byte_tokens as byte_tokens
from .byte_pair_encoding import (
    byte_pairs as byte_pairs,
    fit_byte_pairs as fit_byte_pairs,
)
from .catalogue import (
    register_tokenizer as register_tokenizer,
    TokenizerFamily as TokenizerFamily,
    TOKENIZERS as TOKENIZERS,
)
from .character_level import characters as characters, fit_characters as fit_characters
from .configs import (
    DataConfig as DataConfig,
    PlanLimits as PlanLimits,
    TokenizerConfig as TokenizerConfig,
)
from .documents import (
    check_text as check_text,
    CUTS as CUTS,
    find_cut as find_cut,
    finished as finished,
    parts as parts,
    pieces as pieces,
    scenes as scenes,
)
from .grammar import (
    entropy_rate as entropy_rate,
    Grammar as Grammar,
    Rate as Rate,
    write as write,
)
from .planning import Plan as Plan, plan as plan
from .registry import (
    fit_tokenizer as fit_tokenizer,
    restore_tokenizer as restore_tokenizer,
)
from .sentence_grammar import (
    sentence_documents as sentence_documents,
    sentence_rate as sentence_rate,
    sentences as sentences,
)
from .split import deal as deal, Parts as Parts, with_validation as with_validation
from .tokenizer import (
    CHAT_TOKENS as CHAT_TOKENS,
    END_OF_TEXT as END_OF_TEXT,
    from_table as from_table,
    token_dtype as token_dtype,
    Tokenizer as Tokenizer,
    Tokens as Tokens,
)
