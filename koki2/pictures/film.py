"""The film of one life: frames for `save_gif`, all of 640 pixels width.

A world of rows and columns is shown as a map, beside the gauges and the course of the
needs, and above the spikes. A world of one row is shown as a strip above its diagram of
space and time, in which the whole life can be read at once; the spikes stand beside it
on the same axis of time.
"""

import textwrap
from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from koki2.pictures.gauges import gauges, Plan, plan, ROW
from koki2.pictures.labels import short_names
from koki2.pictures.life import checked, ending, Life, steps_lived
from koki2.pictures.look import figure, house, Number, Show
from koki2.pictures.reserves import reserves
from koki2.pictures.traces import raster, space_time, window
from koki2.pictures.world import key_to, world_map

WIDTH = 640  # pixels
LONGEST = 400  # frames; of a longer life every second, third, ... step is shown
_DPI = 100
_LEFT, _RIGHT = 60, 14  # margins
_TITLE, _KEY = 26, 18  # heights of the title and of a row of the key
_SIDE = 398  # the longer side of a map that has the gauges beside it
_THIN = 12  # the shorter side at least
_LEAST = 250  # height of the gauges with the verdict
_VERDICT = 84  # height of the verdict beside a map
_COURSE = (26, 64)  # height of the course of a need: at least, at most
_AXIS = 42  # below axes


def frame_steps(lived: int) -> list[int]:
    """At which times so many steps are shown: evenly, and never without the last.

    Example:
      >>> frame_steps(3)
      [0, 1, 2, 3]
      >>> len(frame_steps(1_000_000)) <= LONGEST + 1
      True
    """
    stride = -(-lived // LONGEST) or 1
    return list(range(0, lived, stride)) + [lived]


def life_film(
    life: Mapping[str, ArrayLike], *, title: str, steps_max: int | None = None
) -> Iterator[np.ndarray]:
    """Draws a life, one frame per step from birth to the end, which is put in words.

    Args:
      life: arrays, as `koki2.pictures.life` names them.
      title: what is shown: whose life, and which.
      steps_max: only the first so many steps; None is the whole life.

    Yields:
      uint8 arrays [height, 640, 3].

    Raises:
      ValueError: arrays missing, or that do not fit together.
    """
    arrays = checked(life)
    with house():
        if int(arrays["height"]) == 1:
            made, shows = _strip(arrays, title)
        else:
            made, shows = _map(arrays, title)
        canvas = FigureCanvasAgg(made)
        canvas.draw()
        still = canvas.copy_from_bbox(made.bbox)
        moving = [
            (axes, artist)
            for axes in made.axes
            for artist in sorted(axes.get_children(), key=lambda a: a.get_zorder())
            if artist.get_animated()
        ]
    lived = steps_lived(arrays)
    for t in frame_steps(lived if steps_max is None else min(steps_max, lived)):
        with house():
            canvas.restore_region(still)
            for show in shows:
                show(t)
            for axes, artist in moving:
                axes.draw_artist(artist)
            frame = np.array(canvas.buffer_rgba())[..., :3]
        yield frame


def _map(life: Life, title: str) -> tuple[Figure, list[Show]]:
    """A world of rows and columns: map, spikes below; gauges where there is room."""
    width, height = int(life["width"]), int(life["height"])
    is_wide = width >= 2 * height
    room = WIDTH - _LEFT - _RIGHT if is_wide else _SIDE
    cell = room / max(width, height)
    across, tall = (max(round(cell * side), _THIN) for side in (width, height))
    planned = plan(life, columns=3 if is_wide else 1)
    needs = len(life["need_names"])
    start = _top(life)
    top = start + (_header_height(planned) if is_wide else 0)
    beside = 0 if is_wide else ROW * planned.rows
    high = tall if is_wide else max(tall, _LEAST, beside + _VERDICT)
    spikes = 175 if "spike" in life else 0
    course = needs * 36 + 44 if is_wide else 0
    total = top + high + _AXIS + course + spikes
    made = _sheet(life, title, total)
    axes = _axes(
        made, _LEFT + (room - across) // 2, top + (high - tall) // 2, across, tall
    )
    axes.set_xlabel("x (cells)", labelpad=-6)
    axes.set_ylabel("y (cells)", labelpad=-8)
    shows = [world_map(axes, life, cell=cell * 72 / _DPI)]
    if is_wide:
        shows += _header(made, life, start)
        below = _axes(made, _LEFT, top + high + 36, room, needs * 36)
        shows.append(reserves(below, life))
    else:
        left = _LEFT + _SIDE + 22
        wide = WIDTH - left - 4
        side = _axes(made, left, start, wide, beside)
        shows.append(gauges(side, life, planned))
        shows.append(_verdict(side, life, y=-12 / beside, letters=16))
        least, most = (needs * each for each in _COURSE)
        free = high - beside - _VERDICT
        if free >= least:
            tall_ = min(free, most)
            course_ = _axes(made, left, start + high - tall_, wide - 10, tall_)
            shows.append(reserves(course_, life))
    if spikes:
        below = _axes(made, _LEFT, total - spikes + 10, WIDTH - _LEFT - _RIGHT, 120)
        shows.append(raster(below, life, window(life), down=False))
    return made, shows


def _strip(life: Life, title: str) -> tuple[Figure, list[Show]]:
    """A world of one row: gauges, strip, space-time, spikes at its right."""
    start = _top(life)
    top = start + _header_height(plan(life, columns=3)) - 4
    made = _sheet(life, title, top + 418)
    wide = 390 if "spike" in life else WIDTH - _LEFT - _RIGHT
    strip = _axes(made, _LEFT, top, wide, 40)
    diagram = _axes(made, _LEFT, top + 52, wide, 318)
    shows = [
        *_header(made, life, start),
        world_map(strip, life, cell=min(wide / int(life["width"]), 18) * 72 / _DPI),
        space_time(diagram, life, window(life)),
    ]
    strip.set_xticks([])
    if "spike" in life:
        left = _LEFT + wide + 26
        beside = _axes(made, left, top + 52, WIDTH - left - _RIGHT, 318)
        shows.append(raster(beside, life, window(life), down=True))
        beside.tick_params(labelleft=False)
    return made, shows


def _header_height(planned: Plan) -> int:
    """Of gauges and verdict in a band."""
    return 26 * planned.rows + 32


def _header(made: Figure, life: Life, top: int) -> list[Show]:
    """Gauges and verdict in one band over the page."""
    planned = plan(life, columns=3)
    high = 26 * planned.rows
    axes = _axes(made, _LEFT, top - 4, WIDTH - _LEFT - _RIGHT, high)
    words = _verdict(axes, life, y=-10 / high, letters=70)
    return [gauges(axes, life, planned), words]


def _verdict(axes: Axes, life: Life, *, y: Number, letters: int) -> Show:
    """Says below the gauges, at the end, how it came."""
    verdict = textwrap.fill(ending(life), letters)
    words = axes.text(
        0,
        y,
        "",
        transform=axes.transAxes,
        va="top",
        fontsize=11,
        fontweight="bold",
        linespacing=1.4,
        animated=True,
    )
    end = steps_lived(life)
    return lambda t: words.set_text(verdict if t == end else "")


def _sheet(life: Life, title: str, height: int) -> Figure:
    """A page with its title and the key to the signs."""
    made = figure(WIDTH / _DPI, height / _DPI, dpi=_DPI, layout=None)
    heading = made.text(
        12 / WIDTH,
        1 - 8 / height,
        short_names([title], limit=100)[0],
        va="top",
        fontsize=10.5,
        fontweight="bold",
    )
    wide = heading.get_window_extent().width
    heading.set_fontsize(10.5 * min(1.0, (WIDTH - 24) / max(wide, 1)))
    for i, signs in enumerate(_key_rows(life)):
        made.legend(
            handles=[marks for _, marks in signs],
            labels=[name for name, _ in signs],
            ncols=len(signs),
            loc="upper left",
            bbox_to_anchor=(4 / WIDTH, 1 - (_TITLE + _KEY * i) / height),
            fontsize=9,
            handletextpad=0.5,
            columnspacing=1.2,
            borderpad=0.2,
        )
    return made


def _key_rows(life: Life) -> list[list[tuple[str, tuple[Artist, ...]]]]:
    """The key, in as many rows as it needs."""
    rows, free = [], 0.0
    for name, marks in key_to(life):
        wide = 50 + 6.5 * len(name)
        if free < wide:
            rows.append([])
            free = WIDTH - 8
        rows[-1].append((name, marks))
        free -= wide
    return rows


def _top(life: Life) -> int:
    """Where the page begins below title and key."""
    return _TITLE + _KEY + _KEY * len(_key_rows(life))


def _axes(made: Figure, left: int, top: int, width: int, height: int) -> Axes:
    """Axes at so many pixels from the left and the top."""
    total = made.get_figheight() * _DPI
    return made.add_axes(
        (left / WIDTH, 1 - (top + height) / total, width / WIDTH, height / total)
    )
