"""Frames to a GIF: small, and the same bytes for the same frames.

All frames share 255 colours: those of the house with their tints, greys, and a coarse
cube of all others; one index more stands for what stayed as it was. What is drawn in
house colours stays as it is; every other colour becomes the nearest. Units: seconds,
frames.
"""

import io
import os
import pathlib
from collections.abc import Iterable, Iterator

import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image

from koki2.pictures.look import COLORS, Number
from koki2.pictures.saving import write

_TINTS = 16  # of each colour of the house
_GREYS = 32
_CUBE = 4  # levels of red, green and blue
_SAME = 255  # the index of what stayed as it was
_BATCH = 2**14  # colours looked for at once


def save_gif(
    frames: Iterable[np.ndarray],
    path: str | os.PathLike[str],
    *,
    fps: Number = 12.0,
    hold: Number = 1.0,
) -> int:
    """Writes frames as a GIF that repeats for ever; returns how many came.

    Args:
      frames: uint8 arrays [H, W, 3], all of one size; at least one. An iterator is
        read as it goes: a film takes a byte of memory per pixel and frame.
      path: where to, ending in .gif.
      fps: frames per second, 1 to 50; GIFs count in hundredths of a second.
      hold: how long the last frame stays, > 0.

    Raises:
      ValueError: no frames, or a number out of range.
      OSError: the disk refused; what was there before still is.

    Example:
      >>> import tempfile
      >>> black = np.zeros((8, 8, 3), np.uint8)
      >>> path = pathlib.Path(tempfile.mkdtemp()) / "blink.gif"
      >>> save_gif([black, 255 - black], path)
      2
      >>> path.read_bytes()[:6]
      b'GIF89a'
    """
    path = pathlib.Path(path)
    if not (1 <= fps <= 50 and hold > 0 and path.suffix.lower() == ".gif"):
        raise ValueError(
            "a film must have 1 <= fps <= 50, hold > 0 and a name that ends in .gif, "
            f"got {fps=}, {hold=}, {path}."
        )
    palette = np.array(list(_colors()), np.uint8)
    nearest = np.full(2**24, -1, np.int16)  # by colour; filled as colours come
    images = []
    for frame in frames:
        image = Image.fromarray(_indices(frame, palette[:_SAME], nearest))
        image.putpalette(palette.tobytes())
        images.append(image)
    if not images:
        raise ValueError(f"a film must have at least one frame, got none for {path}.")
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
        palette=palette.tobytes(),  # once, not with every frame
        transparency=_SAME,
        optimize=True,  # of a frame, keep what changed
    )
    write(path, buffer.getvalue())
    return len(images)


def _indices(frame: np.ndarray, palette: np.ndarray, nearest: np.ndarray) -> np.ndarray:
    """For each pixel the first of the nearest colours of the palette: uint8 [H, W]."""
    red, green, blue = np.moveaxis(frame.astype(np.int32), -1, 0)
    code = (red << 16) | (green << 8) | blue
    new = np.unique(code[nearest[code] < 0])
    for start in range(0, new.size, _BATCH):
        batch = new[start : start + _BATCH]
        color = np.stack([batch >> 16, (batch >> 8) & 255, batch & 255], axis=1)
        apart = color[:, None] - palette.astype(np.int32)[None]
        nearest[batch] = np.argmin(np.sum(apart * apart, axis=2), axis=1)
    return nearest[code].astype(np.uint8)


def _colors() -> Iterator[tuple[int, ...]]:
    """The 256 colours."""
    byte = lambda color: tuple(int(round(255 * v)) for v in color)
    for level in np.linspace(0, 1, _GREYS):
        yield byte([level] * 3)
    for color in COLORS:
        for share in np.arange(1, _TINTS + 1) / _TINTS:
            yield byte([share * v + (1 - share) for v in to_rgb(color)])
    cube = np.linspace(0, 1, _CUBE)
    for red in cube:
        for green in cube:
            for blue in cube:
                yield byte([red, green, blue])
    for _ in range(256 - _GREYS - _TINTS * len(COLORS) - _CUBE**3):
        yield (0, 0, 0)
