"""What a cell is: walls as dark cells, danger as a shade that deepens with it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from koki2.pictures.life import Life
from koki2.pictures.look import INK, Show, VERMILLION

LEAST, MOST = 0.1, 0.5  # how opaque the shade is: of any danger, of the greatest


def fields(axes: Axes, life: Life) -> Show:
    """Draws walls and danger below everything else; they may change over time."""
    cells = shades(life)
    if cells is None:
        return lambda t: None
    changes = bool(np.any(cells[1:] != cells[:-1]))
    limits = axes.get_xlim(), axes.get_ylim()
    image = axes.imshow(
        _image(cells[0]), interpolation="nearest", zorder=0.5, animated=changes
    )
    axes.set(xlim=limits[0], ylim=limits[1], aspect="auto")
    if not changes:
        return lambda t: None
    return lambda t: image.set_data(_image(cells[t]))


def shades(life: Life) -> np.ndarray | None:
    """How dangerous each cell is, of the worst in this life; walls are 2, [T+1, H, W].

    Example:
      >>> shades({"danger": np.array([[[0.0, 0.1, 0.2]]])}).tolist()
      [[[0.0, 0.5, 1.0]]]
      >>> shades({}) is None
      True
    """
    if "wall" not in life and "danger" not in life:
        return None
    danger = life.get("danger", np.zeros(1))
    cells = np.maximum(danger, 0.0) / (float(danger.max()) or 1.0)
    if "wall" in life:
        cells = np.where(life["wall"].astype(bool), 2.0, cells)
    return cells


def _image(cells: np.ndarray) -> np.ndarray:
    """Colours with opacity, [H, W, 4]."""
    image = np.zeros((*cells.shape, 4))
    wall = cells > 1
    image[..., :3] = np.where(wall[..., None], to_rgb(INK), to_rgb(VERMILLION))
    shade = np.where(cells > 0, LEAST + (MOST - LEAST) * cells, 0.0)
    image[..., 3] = np.where(wall, 0.85, shade)
    return image
