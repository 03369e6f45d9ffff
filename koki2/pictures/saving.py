"""Figures to files: whole or not at all, and the same bytes for the same figure.

The bytes depend on the version of matplotlib; dates and names of software are kept out.
"""

import io
import os
import pathlib
import warnings

from matplotlib.figure import Figure
from matplotlib.text import Text

from koki2.core.text import printable
from koki2.pictures.look import house

FORMATS = {  # and what to leave out of each
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    r"""Writes a figure as .png, .svg or .pdf, whatever the ending says.

    Characters of its texts that cannot be seen are written as backslash escapes.

    Raises:
      ValueError: another ending.
      OSError: the disk refused; what was there before still is.

    Example:
      >>> import tempfile
      >>> from koki2 import pictures
      >>> path = pathlib.Path(tempfile.mkdtemp()) / "empty.png"
      >>> with pictures.house():
      ...     save(pictures.figure(2, 1), path)
      >>> path.read_bytes()[:4]
      b'\x89PNG'
    """
    path = pathlib.Path(path)
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise ValueError(
            f"a figure's name must end in one of {list(FORMATS)}, got {path}."
        )
    for drawn in figure.findobj(Text):
        text = "\n".join(map(printable, drawn.get_text().split("\n")))
        if text != drawn.get_text():
            drawn.set_text(text)
    buffer = io.BytesIO()
    with house(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # a box
        figure.savefig(buffer, format=ending[1:], metadata=FORMATS[ending])
    write(path, buffer.getvalue())


def write(path: pathlib.Path, data: bytes) -> None:
    """Puts data at path in one piece: a reader sees the old file or the new."""
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    # "x": a link of that name, in a folder that may be a stranger's, is not followed.
    with open(temporary, "xb") as file:
        try:
            file.write(data)
            file.close()
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
