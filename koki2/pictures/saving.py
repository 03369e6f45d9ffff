"""Pictures to files: whole or not at all, and the same bytes for the same picture.

Bytes depend on the versions of matplotlib and Pillow; dates and versions are kept out.
"""

import io
import os
import pathlib
from collections.abc import Iterable, Iterator

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from koki2.pictures.look import COLORS, house

FORMATS = {  # and what to leave out of each
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Writes a figure as .png, .svg or .pdf, whatever the ending says.

    Raises:
      ValueError: another ending.
      OSError: the disk refused; what was there before still is.

    Example:
      >>> import tempfile
      >>> from koki2 import pictures
      >>> path = pathlib.Path(tempfile.mkdtemp()) / "empty.png"
      >>> with pictures.house():
      ...     save(pictures.figure(2, 1), path)
      >>> Image.open(path).size
      (240, 120)
    """
    path = pathlib.Path(path)
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise ValueError(
            f"a figure's name wants to end in {list(FORMATS)}, got {path}."
        )
    buffer = io.BytesIO()
    with house():
        figure.savefig(buffer, format=ending[1:], metadata=FORMATS[ending])
    _write(path, buffer.getvalue())


def save_gif(
    frames: Iterable[np.ndarray],
    path: str | os.PathLike[str],
    *,
    fps: float = 12.0,
    hold: float = 1.0,
) -> int:
    """Writes frames as a GIF that repeats for ever; returns how many there were.

    All frames share 256 colours, the house's with their tints, the greys and a coarse
    cube of all others: what is drawn in house colours stays as it is.

    Args:
      frames: uint8 arrays [H, W, 3], all of one size; at least one. An iterator is
        read as it goes: a film takes a byte of memory per pixel and frame.
      path: where to, ending in .gif.
      fps: frames per second, 1 to 50; GIFs count in hundredths of a second.
      hold: seconds that the last frame stays, > 0.

    Raises:
      ValueError: no frames, or a number out of range.
      OSError: the disk refused; what was there before still is.

    Example:
      >>> import tempfile
      >>> path = pathlib.Path(tempfile.mkdtemp()) / "blink.gif"
      >>> black = np.zeros((8, 8, 3), np.uint8)
      >>> save_gif([black, 255 - black], path)
      2
      >>> Image.open(path).n_frames
      2
    """
    path = pathlib.Path(path)
    if not (1 <= fps <= 50 and hold > 0 and path.suffix.lower() == ".gif"):
        raise ValueError(
            "a film wants 1 <= fps <= 50, hold > 0 and a name that ends in .gif, got "
            f"{fps=}, {hold=}, {path}."
        )
    palette = _palette()
    images = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    if not images:
        raise ValueError(f"a film wants at least one frame, got none for {path}.")
    each = 10 * round(100 / fps)  # milliseconds
    times = [each] * (len(images) - 1) + [max(each, 10 * round(100 * hold))]
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=images[1:],
        duration=times,
        loop=0,
        optimize=False,
    )
    _write(path, buffer.getvalue())
    return len(images)


def _palette() -> Image.Image:
    image = Image.new("P", (1, 1))
    image.putpalette([v for color in _colors() for v in color])
    return image


def _colors() -> Iterator[tuple[int, ...]]:
    """256 colours: tints of the house's, greys, a cube."""
    byte = lambda color: tuple(int(round(255 * v)) for v in color)
    for level in range(32):
        yield byte([level / 31] * 3)
    for color in COLORS:
        for share in np.linspace(1, 0, 17)[:-1]:
            yield byte([share * v + (1 - share) for v in to_rgb(color)])
    cube = np.linspace(0, 1, 4)
    for red in cube:
        for green in cube:
            for blue in cube:
                yield byte([red, green, blue])
    for _ in range(256 - 32 - 16 * len(COLORS) - 64):
        yield (0, 0, 0)


def _write(path: pathlib.Path, data: bytes) -> None:
    """Puts data at path in one piece: whoever looks sees the old file or the new."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
