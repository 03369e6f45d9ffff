"""Text from outside - names of files, keys of configs - made safe to look at."""


def printable(value: object) -> str:
    r"""A text on one line, what cannot be seen written out as backslash escapes.

    Escape sequences, newlines, controls of the writing direction and bytes that are no
    text come out as what they are, not as what they do.

    Example:
      >>> printable("a\x1b[31m\nb")
      'a\\x1b[31m\\nb'
    """
    text = str(value)
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
