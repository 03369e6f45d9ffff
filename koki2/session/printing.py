"""What koki2 prints for people: the one way out, which no text from outside commands.

Names of folders, keys of config files and words of a command line may hold escape
sequences, newlines or controls of the writing direction. `say` prints all of them as
backslash escapes; `printable` does the same to a part of a line, newlines included.
"""

import contextlib
import io
import os
import re
import shlex
import sys

from koki2.core.text import printable as printable

_LONG = re.compile(r"\S{400,}")
_SHOWN = 60  # characters of a word that is longer than that


def shorten(text: str) -> str:
    """Cuts words of 400 characters and more, as a number of 5,000 digits is.

    Example:
      >>> len(shorten("got " + "9" * 5000)) < 100
      True
    """
    cut = lambda word: f"{word[0][:_SHOWN]}... ({len(word[0])} characters)"
    return _LONG.sub(cut, text)


def shell_word(value: object) -> str:
    r"""A word that a shell reads back as this text, and that is safe to look at.

    Example:
      >>> shell_word("my run"), shell_word("a\nb")
      ("'my run'", "$'a\\x0ab'")
    """
    text = str(value)
    if text.isprintable():
        return shlex.quote(text)
    seen = (
        chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\x{byte:02x}"
        for byte in os.fsencode(text)
    )
    return f"$'{''.join(seen)}'"


def write(text: str) -> None:
    """Prints a part of a text on stdout as it comes, and flushes; its lines are kept.

    Example:
      >>> write("a\\x1b[1mb\\n")
      a\\x1b[1mb
    """
    shown = "".join(c if c in "\n\t" else printable(c) for c in text)
    print(shown, end="", flush=True)


def say(text: str = "", *, error: bool = False, bold: bool = False) -> None:
    """Prints lines for people, on stdout or as an error on stderr, and flushes those.

    Args:
      text: of a line or more.
      error: whether it goes to stderr; what does not fit there is lost in silence.
      bold: whether a terminal shows it in bold.
    """
    lines = "\n".join(printable(line) for line in text.split("\n"))
    stream = sys.stderr if error else sys.stdout
    if stream is None:  # it was closed before this process began
        return
    if bold and stream.isatty() and "NO_COLOR" not in os.environ:
        lines = f"\x1b[1m{lines}\x1b[0m"
    if not error:
        print(lines, file=stream)
        return
    with contextlib.suppress(OSError, ValueError):  # it was closed since
        print(shorten(lines), file=stream, flush=True)


def open_streams() -> None:
    """Makes stdin, stdout and stderr safe to use, whatever this process was given.

    A closed one (`2>&-`, as daemons have it) leads to the null device, so that no file
    of a run gets its number; one of a narrow encoding writes escapes for what it lacks.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is not None:
            continue
        try:
            os.fstat(number)
        except OSError:  # the lowest free number is this one
            os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
        mode = "r" if number == 0 else "w"
        setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
