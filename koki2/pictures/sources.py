"""Sources as signs: the shape says which kind, the colour what it is good for now.

Where there are no kinds, food is a disc and harm a cross. Of kinds each has a shape of
its own, and wears a white cross while it harms. What is used up, or good for nothing
at the moment, is pale; a kind that never feeds or harms is a dark landmark.
"""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from koki2.pictures.life import Life, signs
from koki2.pictures.look import GREEN, GREY, INK, Number, Show, VERMILLION

SHAPES = ("o", "v", "s", "^", "p", "h")  # of kinds, again from the first
COLORS = {1: GREEN, -1: VERMILLION, 0: GREY}  # by sign
PALE = 0.25


class _Look(NamedTuple):
    """How the sources of one kind are drawn while they have one sign."""

    kind: int
    sign: int
    active: bool
    is_landmark: bool

    @property
    def is_pale(self) -> bool:
        return not (self.active and (self.sign or self.is_landmark))

    def style(self, *, has_kinds: bool) -> dict[str, Any]:
        plain = "X" if self.sign < 0 else "o"
        return {
            "marker": SHAPES[self.kind % len(SHAPES)] if has_kinds else plain,
            "color": INK if self.is_landmark else COLORS[self.sign],
            "alpha": PALE if self.is_pale else 1.0,
            "linestyle": "none",
        }


def sources(axes: Axes, life: Life, *, size: Number) -> Show:
    """Draws the sources, markers of so many points."""
    kind, sign, active, has_kinds = _read(life)
    drawn: list[tuple[_Look, list[Line2D]]] = []
    still = dict(animated=True, clip_on=False, zorder=3)
    for look in sorted(_looks(life), key=lambda look: not look.is_pale):
        style = look.style(has_kinds=has_kinds)
        lines = axes.plot([], [], markersize=size, **style, **still)
        if has_kinds and look.sign < 0:
            lines += axes.plot([], [], **_cross(size), **still)
        drawn.append((look, lines))

    def show(t: int) -> None:
        for look, lines in drawn:
            seen = (
                (kind[t] == look.kind)
                & (sign[t] == look.sign)
                & (active[t] == look.active)
            )
            for line in lines:
                line.set_data(*life["source"][t][seen].T)

    return show


def key_to_sources(life: Life) -> list[tuple[str, tuple[Artist, ...]]]:
    """What the signs mean: for a legend, names and what to draw beside each."""
    looks, has_kinds = _looks(life), _read(life)[3]
    plain: dict[str, Any] = {"linestyle": "none"}
    made = lambda **style: Line2D([], [], **plain | style)
    there = {look.sign for look in looks if look.active} or {1}
    key: list[tuple[str, tuple[Artist, ...]]] = []
    if has_kinds:
        changing = False
        for k in sorted({look.kind for look in looks}):
            found = {look.sign for look in looks if look.kind == k} - {0}
            changing = changing or len(found) > 1
            sign = found.pop() if len(found) == 1 else 0
            shape, color = SHAPES[k % len(SHAPES)], COLORS[sign] if sign else INK
            marks = [made(marker=shape, color=color)]
            if sign < 0:
                marks.append(made(**_cross(6.5)))
            key.append((str(life["kind_names"][k]), tuple(marks)))
        if changing:
            key.append(("feeds now", (made(marker="s", color=GREEN),)))
            harms = (made(marker="s", color=VERMILLION), made(**_cross(6.5)))
            key.append(("harms now", harms))
    else:
        for sign, name in ((1, "food"), (-1, "harm")):
            if sign in there:
                style = _Look(0, sign, True, False).style(has_kinds=False)
                key.append((name, (made(**style),)))
    if not all(look.active for look in looks):
        color = COLORS[max(there)] if not has_kinds else GREY
        key.append(("used up", (made(marker="o", color=color, alpha=PALE),)))
    if any(look.sign == 0 and look.active and look.is_pale for look in looks):
        key.append(("no use now", (made(marker="o", color=GREY, alpha=PALE),)))
    return key


def _cross(size: Number) -> dict[str, Any]:
    return {
        "marker": "x",
        "color": "white",
        "markersize": 0.44 * size,
        "markeredgewidth": 0.14 * size,
        "linestyle": "none",
    }


def _read(life: Life) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Kind, sign and whether active, each [T+1, K]; and whether kinds tell apart."""
    sign, active = signs(life), life["active"].astype(bool)
    has_kinds = "kind" in life
    kind = life["kind"] if has_kinds else np.zeros_like(sign)
    return kind, sign, active, has_kinds


def _looks(life: Life) -> list[_Look]:
    """All that the sources of this life ever look like."""
    kind, sign, active, has_kinds = _read(life)
    flat = [np.ravel(field).astype(int) for field in (kind, sign, active)]
    idle = {int(k) for k in np.unique(kind) if has_kinds and not sign[kind == k].any()}
    found = np.unique(np.stack(flat, axis=1), axis=0).tolist()
    return [_Look(k, s, bool(a), k in idle) for k, s, a in found]
