"""Documents: a text cut where one thing ends and another begins. Sizes in bytes.

A document is never cut again when texts are dealt to training and validation, so
nothing that a model is tested on goes on where a training text ended.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from koki2.data.tokenizer import END_OF_TEXT

PIECE = 8192
"""About how long a piece is."""
_PIECES = 20  # into which a shorter text is cut,
_LEAST = 128  # unless they would be shorter than this
_BLANK = re.compile(rb"\n(?:\r?\n)+")
_LINE_END = re.compile(rb"\n")
_MARK = re.compile(rb"\s*" + re.escape(END_OF_TEXT.encode()) + rb"\s*")
_HEADING = re.compile(
    rb"^(?:[^\n]+\n+by William Shakespeare$"
    rb"|[ \t]*(?:ACT|Act|SCENE|Scene)\.?[ \t]+[IVXivx\d]+\b"
    rb"|EPILOGUE$)",
    re.MULTILINE,
)
_SCENE = 250  # a heading alone, as of an act, goes with what follows


def parts(text: bytes) -> list[bytes]:
    """Cuts a text at each `<|endoftext|>`, which no part keeps, nor blanks beside it.

    Example:
      >>> parts(b"to be\\n<|endoftext|>\\nor not\\n")
      [b'to be', b'or not\\n']
    """
    return [part for part in _MARK.split(text) if part]


def pieces(text: bytes, size: int | None = None) -> list[bytes]:
    """Cuts a text into pieces at blank lines; joined, they are the text.

    A piece ends with the first blank line from `size` on; where none comes within as
    much again, with a line, else wherever a character ends. The last may be half as
    long again.

    Args:
      text: of any bytes.
      size: bytes of a piece; by default `PIECE`, or of a short text a twentieth, but
        at least 128.

    Example:
      >>> pieces(b"one\\n\\ntwo\\nthree\\n\\nfour\\n\\n\\nfive\\n", size=8)
      [b'one\\n\\ntwo\\nthree\\n\\n', b'four\\n\\n\\nfive\\n']
    """
    if size is None:
        size = min(PIECE, max(_LEAST, -(-len(text) // _PIECES)))
    found, begin = [], 0
    while len(text) - begin > size + size // 2:
        end = _end_of_piece(text, begin + size, begin + 2 * size)
        found.append(text[begin:end])
        begin = end
    return found + [text[begin:]] * (begin < len(text))


def scenes(text: bytes) -> list[bytes]:
    """Cuts plays at their titles, acts and scenes; joined, they are the text.

    Example:
      >>> speech = b"Chor.\\n" + 50 * b"la la\\n"
      >>> play = b"ACT I.\\n\\nScene I. A street.\\n\\n%s\\nScene II. A hall.\\n\\n%s"
      >>> [scene[:8] for scene in scenes(play % (speech, speech))]
      [b'ACT I.\\n\\n', b'Scene II']
    """
    found, begin = [], 0
    for heading in _HEADING.finditer(text):
        if heading.start() - begin >= _SCENE:
            found.append(text[begin : heading.start()])
            begin = heading.start()
    return found + [text[begin:]] * (begin < len(text))


CUTS: Mapping[str, Callable[[bytes], list[bytes]]] = {
    "parts": parts,
    "pieces": pieces,
    "scenes": scenes,
    "whole": lambda text: [text],
}
"""The ways to cut a text, by name."""


def find_cut(text: bytes) -> str:
    """The way to cut a text of which nothing else is known.

    Example:
      >>> find_cut(b"one<|endoftext|>two"), find_cut(b"one")
      ('parts', 'pieces')
    """
    return "parts" if END_OF_TEXT.encode() in text else "pieces"


def finished(document: bytes) -> bytes:
    """A document as it stands among others: with a blank line after it.

    Example:
      >>> finished(b"a"), finished(b"a\\n"), finished(b"a\\n\\n\\n")
      (b'a\\n\\n', b'a\\n\\n', b'a\\n\\n\\n')
    """
    ends = len(document) - len(document.rstrip(b"\n"))
    return document + b"\n" * max(0, 2 - ends)


def check_text(name: str, documents: Iterable[bytes]) -> None:
    """Raises ValueError where a document is binary: not in UTF-8, or with zero bytes.

    Args:
      name: what the text is called, for errors.
      documents: of the text.

    Example:
      >>> check_text("a.bin", [b"a\\0"])
      Traceback (most recent call last):
      ...
      ValueError: a.bin must be text in UTF-8, got byte 0x00; bytes take any file.
    """
    for document in documents:
        place = document.find(0)
        if place < 0:
            try:
                document.decode()
                continue
            except UnicodeDecodeError as error:
                place = error.start
        raise ValueError(
            f"{name} must be text in UTF-8, got byte 0x{document[place]:02x}; bytes "
            "take any file."
        )


def _end_of_piece(text: bytes, least: int, most: int) -> int:
    """Where a piece ends, between two places of which the second is in the text."""
    for boundary in (_BLANK, _LINE_END):
        found = boundary.search(text, least, min(most, len(text)))
        if found:
            return found.end()
    end = least  # where a character of UTF-8 ends, of at most four bytes
    while end < min(least + 3, len(text)) and text[end] & 0xC0 == 0x80:
        end += 1
    return end
