"""The corpus `grammar`: small English sentences in which verbs agree over a distance.

    The small dog that the cats chase sleeps.

A verb has the number of its noun, with whole clauses between them, and clauses may be
within clauses; so there is something to learn for a model that looks far back. No
sentence can be written in two ways (a test counts them), so that its entropy is known.
Sentences stand in paragraphs of eight on average, a blank line after each; documents
are of whole paragraphs, about 8 KB.
"""

import jax

from koki2.core.types import Key
from koki2.data.documents import PIECE
from koki2.data.grammar import entropy_rate, Grammar, Rate, Symbol, write

DOCUMENTS = 128
"""About a megabyte."""

_NOUNS = ("dog", "cat", "bird", "child", "fox", "king", "sailor", "bear")
_PLURALS = {"child": "children", "fox": "foxes"}
_ADJECTIVES = (
    *("old", "small", "quick", "quiet", "grey", "brave", "clever", "tired"),
    *("young", "kind", "proud", "happy", "lazy", "wild", "tall", "shy"),
)
_ACTS = ("sleep", "run", "sing", "wait", "laugh", "dream", "dance", "fall")
_DEEDS = ("chase", "see", "follow", "help", "hear", "know", "fear", "love")


def sentences() -> Grammar:
    """Builds the grammar of a paragraph.

    Example:
      >>> round(entropy_rate(sentences()).bits_per_byte, 4)
      0.6545
    """
    rules: dict[str, list[tuple[int, list[Symbol]]]] = {
        "paragraph": [(1, ["sentence", "more"])],
        "more": [(7, ["paragraph"]), (1, [b"\n"])],
        "sentence": [(5, ["First one"]), (3, ["First many"])],
        "First one": [(3, [b"The", "one", "does one"]), (1, [b"A", "one", "does one"])],
        "First many": [
            (3, [b"The", "many", "does many"]),
            (1, [b"Some", "many", "does many"]),
        ],
        "someone": [(5, ["a one"]), (3, ["a many"])],
        "a one": [(3, [b" the", "one"]), (1, [b" a", "one"])],
        "a many": [(3, [b" the", "many"]), (1, [b" some", "many"])],
        "adjective": [(1, [b" " + word.encode()]) for word in _ADJECTIVES],
    }
    plural = lambda noun: _PLURALS.get(noun, noun + "s")
    for number, nouns, ending in (
        ("one", _NOUNS, "s"),
        ("many", map(plural, _NOUNS), ""),
    ):
        spelt = lambda words, ending=ending: [
            (1, [b" " + word.encode() + ending.encode()]) for word in words
        ]
        rules |= {
            number: [
                (3, [f"noun {number}", f"clause {number}"]),
                (1, ["adjective", number]),
            ],
            f"noun {number}": [(1, [b" " + noun.encode()]) for noun in nouns],
            f"clause {number}": [
                (12, []),
                (2, [b" that", f"verbs {number}"]),
                (1, [b" that", "a one", "deed one"]),
                (1, [b" that", "a many", "deed many"]),
            ],
            f"does {number}": [(1, [f"verbs {number}", b".\n"])],
            f"verbs {number}": [
                (1, [f"act {number}"]),
                (1, [f"deed {number}", "someone"]),
            ],
            f"act {number}": spelt(_ACTS),
            f"deed {number}": spelt(_DEEDS),
        }
    return Grammar(rules, "paragraph")


def sentence_documents(key: Key, documents: int = DOCUMENTS) -> list[bytes]:
    """Writes documents of the grammar, each with a key of its own.

    Args:
      key: document i is of `fold_in(key, i)`.
      documents: how many, of about 8 KB each.

    Example:
      >>> sentence_documents(jax.random.key(0), documents=1)[0][:40]
      b'The children sing.\\nThe sailors follow th'
    """
    grammar = sentences()
    return [write(jax.random.fold_in(key, i), grammar, PIECE) for i in range(documents)]


def sentence_rate() -> Rate:
    """The entropy of the corpus: what no model can learn of it."""
    return entropy_rate(sentences())
