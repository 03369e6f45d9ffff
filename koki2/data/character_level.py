"""Characters as tokens: those that occur in a text, in the order of Unicode."""

from collections.abc import Sequence

import numpy as np

from koki2.data.tokenizer import as_text, from_table, Tokenizer


def characters(alphabet: str, specials: Sequence[str] = ()) -> Tokenizer:
    """Builds the tokenizer: token i is character i of the alphabet.

    Args:
      alphabet: every character once, in any order; they are sorted.
      specials: texts that are one token each, after the alphabet.

    Example:
      >>> tokenizer = characters("abé")
      >>> tokenizer.size, tokenizer.encode("bé".encode()).tolist()
      (3, [1, 2])
      >>> tokenizer.encode(b"c")
      Traceback (most recent call last):
      ...
      ValueError: 'c' must be one of the 3 characters of the training text.
    """
    points = np.unique(_code_points(alphabet))
    alphabet = _text(points)

    def encode(data: bytes) -> np.ndarray:
        wanted = _code_points(as_text(data, "characters"))
        tokens = np.searchsorted(points, wanted)
        known = np.append(points, np.uint32(0xFFFFFFFF))[tokens] == wanted
        if not known.all():
            unknown = chr(wanted[np.argmin(known)])
            raise ValueError(
                f"{unknown!r} must be one of the {len(points)} characters of the "
                "training text."
            )
        return tokens

    return from_table(
        "characters",
        [character.encode() for character in alphabet],
        encode,
        specials=specials,
        spec={"alphabet": alphabet},
    )


def fit_characters(
    documents: Sequence[bytes], specials: Sequence[str] = ()
) -> Tokenizer:
    """Builds the tokenizer of the characters that occur in some documents.

    Those of special tokens are of the alphabet too, where they occur in a document.

    Raises:
      ValueError: a document is no text in UTF-8.

    Example:
      >>> fit_characters([b"to be", b"or not"]).spec["alphabet"]
      ' benort'
    """
    found = [np.unique(_code_points(as_text(d, "characters"))) for d in documents]
    points = np.unique(np.concatenate(found)) if found else np.zeros(0, np.uint32)
    return characters(_text(points), specials)


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le"), "<u4")


def _text(points: np.ndarray) -> str:
    return points.astype("<u4").tobytes().decode("utf-32-le")
