"""One episode as arrays, and what can be said of it in words.

A life of T steps among K sources, of a body with M needs, in a world of W x H cells is
a mapping with

    position [T+1, 2]            cells, (x, y) from the north-west corner, before step t
    source [T+1, K, 2]           cells
    worth [T+1, K]               above zero feeds now, below harms, zero does neither
    active [T+1, K] bool
    needs [T+1, M]               1 is full
    need_names [M]               text
    action [T]                   0 stay, 1 up, 2 down, 3 left, 4 right
    alive [T+1] bool             before step t
    width, height                W and H

and, where there is such a thing,

    kind [T+1, K]                which of kind_names, text
    wall [T+1, H, W] bool        cells that cannot be entered
    danger [T+1, H, W]           harm per step there
    observation [T+1, O]         first the gradient that is sensed (gx, gy), in worlds
    spike [T, N]                 0 or 1; of rate neurons from -1 to 1
    modulator [T]                of plasticity

What it holds after death is not looked at.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

ACTIONS = ("stays", "↑ up", "↓ down", "← left", "→ right")

_NEEDED: dict[str, tuple[str, ...]] = {  # shapes; T1 is T + 1, None is any length
    "position": ("T1", "2"),
    "source": ("T1", "K", "2"),
    "worth": ("T1", "K"),
    "active": ("T1", "K"),
    "needs": ("T1", "M"),
    "need_names": ("M",),
    "action": ("T",),
    "alive": ("T1",),
    "width": (),
    "height": (),
}
_OPTIONAL: dict[str, tuple[str | None, ...]] = {
    "kind": ("T1", "K"),
    "kind_names": (None,),
    "wall": ("T1", "H", "W"),
    "danger": ("T1", "H", "W"),
    "observation": ("T1", None),
    "spike": ("T", None),
    "modulator": ("T",),
}
_NOTHING = 1e-7  # worth, either way, that is none

Life = Mapping[str, np.ndarray]


def checked(life: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """The life as NumPy arrays.

    Raises:
      ValueError: something is missing or of another shape than the rest; says all.
    """
    arrays = {name: np.asarray(value) for name, value in life.items()}
    missing = sorted(_NEEDED.keys() - arrays.keys())
    if missing:
        raise ValueError(
            f"an episode must have {', '.join(missing)}, which are missing."
        )
    count = lambda name, axis: (*arrays[name].shape, 0, 0)[axis]
    steps, sources = count("action", 0), count("worth", 1)
    sizes = {
        "2": 2,
        "T": steps,
        "T1": steps + 1,
        "K": sources,
        "M": count("need_names", 0),
    }
    sizes |= {"W": int(arrays["width"].max()), "H": int(arrays["height"].max())}
    problems = []
    for name, expected in (*_NEEDED.items(), *_OPTIONAL.items()):
        if name not in arrays:
            continue
        came = arrays[name].shape
        fits = len(came) == len(expected) and all(
            size is None or sizes[size] == n
            for size, n in zip(expected, came, strict=True)
        )
        if not fits:
            shape = tuple("any" if size is None else sizes[size] for size in expected)
            problems.append(f"{name} must have shape {shape}, got {came}")
    if not problems and "kind" in arrays:
        names = len(arrays.get("kind_names", ()))
        if not np.all((0 <= arrays["kind"]) & (arrays["kind"] < names)):
            problems.append(f"kind must be below {names}, one per kind_names")
    if problems or steps == 0:
        found = "; ".join(problems) or "no steps"
        raise ValueError(f"an episode of {steps} steps, {sources} sources: {found}.")
    return arrays


def steps_lived(life: Life) -> int:
    """Steps until death or the clock.

    Example:
      >>> steps_lived({"alive": np.array([True, True, False, False])})
      2
    """
    return int(np.sum(np.cumprod(life["alive"][:-1])))


def arrivals(life: Life) -> np.ndarray:
    """Which sources were entered: bool [T+1, K], at t the arrivals of step t - 1.

    A source counts when it is entered from elsewhere, and is active then.
    """
    position = life["position"][:, None]
    was = np.all(life["source"][:-1] == position[:-1], axis=2)
    now = np.all(life["source"][:-1] == position[1:], axis=2)
    entered = now & ~was & life["active"][:-1].astype(bool)
    return np.concatenate([np.zeros_like(entered[:1]), entered])


def signs(life: Life) -> np.ndarray:
    """What sources are good for before step t: 1 feeds, -1 harms, 0 neither; [T+1, K].

    Example:
      >>> signs({"worth": np.array([[0.05, -0.25, 0.0]])}).tolist()
      [[1, -1, 0]]
    """
    worth = life["worth"]
    return np.where(np.abs(worth) > _NOTHING, np.sign(worth), 0).astype(int)


def meals(life: Life) -> tuple[np.ndarray, np.ndarray]:
    """Which arrivals fed and which harmed, as the sources were when entered."""
    entered, sign = arrivals(life), signs(life)
    then = np.concatenate([sign[:1], sign[:-1]])
    return entered & (then > 0), entered & (then < 0)


def ending(life: Life) -> str:
    """How the episode ended, in words.

    Example:
      >>> ending({"alive": np.array([1, 1, 0, 0]), "action": np.zeros(3),
      ...         "needs": np.array([[0.2], [0.1], [0], [0]]),
      ...         "need_names": np.array(["energy"])})
      'Starved after 2 of 3 steps.'
    """
    lived, steps = steps_lived(life), len(life["action"])
    after = f"after {lived} of {steps} steps."
    left = dict(zip(life["need_names"], life["needs"][lived], strict=True))
    empty = [str(name) for name, value in left.items() if value <= 0]
    if "integrity" in empty:
        return f"Died of harm {after}"
    if lived == steps:
        return f"Lived all {steps} steps: the clock ran out."
    if "energy" in empty:
        return f"Starved {after}"
    if empty:
        return f"Ran out of {' and '.join(empty)} {after}"
    return f"Reached food {after} That ends it here."


def life_facts(life: Mapping[str, ArrayLike]) -> dict[str, int | float | str]:
    """What an episode came to, in plain values, for those who do not watch the film.

    Returns:
      steps lived, the ending in words, how often food and harm were entered, and, by
      its name, what was left of each need.

    Raises:
      ValueError: arrays missing, or that do not fit together.
    """
    arrays = checked(life)
    lived = steps_lived(arrays)
    fed, harmed = (int(came[: lived + 1].sum()) for came in meals(arrays))
    facts = {"steps": lived, "ending": ending(arrays), "food": fed, "harm": harmed}
    left = zip(arrays["need_names"], arrays["needs"][lived], strict=True)
    return facts | {str(name): float(value) for name, value in left}
