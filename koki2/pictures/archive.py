"""An archive as a map: what each cell of a behaviour space holds, in the space's units.

A grid is drawn as pixels, centroids in two dimensions as their Voronoi cells, in more
as dots where their elites behaved. One dimension makes steps. Cells without an elite
are grey. Takes plain arrays: C cells, B dimensions.
"""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import Normalize
from matplotlib.ticker import Locator

from koki2.pictures.cells import Elites, intervals, nearest, pixels, Space, voronoi
from koki2.pictures.look import figure_of, SMALL

EMPTY = "#E4E4E4"
_DOT = 9.0  # points: the widest dot of an elite
_MANY = 5000  # more polygons than this are drawn as pixels,
_SIDE = 800  # so many by so many


def archive_map(
    axes: Axes,
    space: Space,
    elites: Elites,
    values: np.ndarray,
    *,
    dims: tuple[int, int],
    cmap: str,
) -> ScalarMappable:
    """Draws a number of every elite as a colour, over two dimensions of the space.

    On a grid of more dimensions each pixel is the fittest elite over all others. Of
    centroids in more dimensions the elites are dots, the fittest on top.

    Args:
      axes: where to; made square.
      space: of two dimensions or more.
      elites: in its cells.
      values: the number of each, [C].
      dims: which dimension lies across, which one upwards.
      cmap: the colours, by matplotlib's name.

    Returns:
      What a colour bar needs.
    """
    across, up = dims
    axes.set_box_aspect(1)
    axes.grid(False)
    axes.set_xlim(space.low[across], space.high[across])
    axes.set_ylim(space.low[up], space.high[up])
    axes.set_xlabel(space.names[across])
    axes.set_ylabel(space.names[up])
    axes.spines[["top", "right"]].set_visible(True)
    norm = _norm(values[elites.filled])
    if space.shape is not None:
        return _pixels(axes, space.shape, elites, values, dims, cmap, norm)
    if len(space.names) == 2:
        return _polygons(axes, space, elites, values, dims, cmap, norm)
    return _dots(axes, space, elites, values, dims, cmap, norm)


def archive_steps(
    axes: Axes, space: Space, elites: Elites, values: np.ndarray, *, color: str
) -> None:
    """Draws a number of every elite as a step over the one dimension of the space."""
    low, high = intervals(space)
    axes.set_xlabel(space.names[0])
    axes.set_xlim(space.low[0], space.high[0])
    empty = [
        [(low[c], 0), (high[c], 0), (high[c], 1), (low[c], 1)]
        for c in np.flatnonzero(~elites.filled)
    ]
    shade = PolyCollection(
        empty, color=EMPTY, linewidths=0, transform=axes.get_xaxis_transform(), zorder=0
    )
    axes.add_collection(shade, autolim=False)
    found = np.flatnonzero(elites.filled)
    ends = [[(low[c], values[c]), (high[c], values[c])] for c in found]
    axes.add_collection(
        LineCollection(ends, colors=color, linewidths=2.5, capstyle="butt")
    )
    axes.margins(x=0, y=0.08)
    axes.autoscale_view(scalex=False)


def _pixels(
    axes: Axes,
    shape: Sequence[int],
    elites: Elites,
    values: np.ndarray,
    dims: tuple[int, int],
    cmap: str,
    norm: Normalize,
) -> ScalarMappable:
    cell = pixels(elites.fitness, elites.filled, shape, dims)
    return _image(axes, values, ~elites.filled, cell, cmap, norm)


def _image(
    axes: Axes,
    values: np.ndarray,
    is_empty: np.ndarray,
    cell: np.ndarray,
    cmap: str,
    norm: Normalize,
) -> ScalarMappable:
    """Pixels, each of the colour of a cell, over all of the axes; -1 is none."""
    return axes.imshow(
        np.ma.masked_array(values[cell], (cell < 0) | is_empty[cell]).T,
        cmap=matplotlib.colormaps[cmap].with_extremes(bad=EMPTY),
        norm=norm,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(*axes.get_xlim(), *axes.get_ylim()),
    )


def _polygons(
    axes: Axes,
    space: Space,
    elites: Elites,
    values: np.ndarray,
    dims: tuple[int, int],
    cmap: str,
    norm: Normalize,
) -> ScalarMappable:
    span = space.high - space.low
    unit = ((space.centre - space.low) / span).astype(float)
    if len(unit) > _MANY:
        return _image(
            axes,
            values,
            ~elites.filled,
            nearest(unit[:, list(dims)], _SIDE),
            cmap,
            norm,
        )
    corners = [(space.low + cell * span)[:, list(dims)] for cell in voronoi(unit)]
    drawn = PolyCollection(
        corners,
        array=np.ma.masked_array(values, ~elites.filled),
        cmap=matplotlib.colormaps[cmap].with_extremes(bad=EMPTY),
        norm=norm,
        edgecolors="white",
        linewidths=min(0.6, 12.0 / len(corners) ** 0.5),
    )
    axes.add_collection(drawn)
    return drawn


def _dots(
    axes: Axes,
    space: Space,
    elites: Elites,
    values: np.ndarray,
    dims: tuple[int, int],
    cmap: str,
    norm: Normalize,
) -> ScalarMappable:
    found = np.flatnonzero(elites.filled)
    found = found[np.argsort(elites.fitness[found], kind="stable")]
    wide = min(_DOT, 120.0 / max(len(found), 1) ** 0.5)
    axes.grid(True)
    return axes.scatter(
        *elites.descriptor[found][:, list(dims)].T,
        c=values[found],
        s=wide**2,
        cmap=cmap,
        norm=norm,
        edgecolors="white",
        linewidths=0.5,
        clip_on=False,
        zorder=3,
    )


def _norm(values: np.ndarray) -> Normalize:
    """From the lowest to the highest, with some room where these are one."""
    if not values.size:
        return Normalize(0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    room = 0.0 if low < high else max(abs(low) * 0.01, 0.5)
    return Normalize(low - room, high + room)


def colour_bar(
    axes: Axes, drawn: ScalarMappable, label: str, *, ticks: Locator | None = None
) -> None:
    """Puts a colour bar as high as the axes at their right."""
    bar = axes.inset_axes((1.03, 0.0, 0.045, 1.0))
    figure_of(axes).colorbar(drawn, cax=bar, label=label, ticks=ticks)
    bar.grid(False)
    bar.tick_params(labelsize=SMALL)
