"""One life as arrays, and what can be said of it in words.

A life of T steps among K sources is a mapping with

    position [T+1, 2]   cells, (x, y) from the north-west corner, before step t
    source [T+1, K, 2]  cells;   bad [K] bool;   active [T+1, K] bool
    energy, integrity [T+1]      1 is full
    action [T]                   0 stay, 1 up, 2 down, 3 left, 4 right
    alive [T+1] bool             before step t
    width, height                cells

and, where there is such a thing,

    observation [T+1, O]         first the gradient that is sensed (gx, gy), in worlds
    spike [T, N]                 0 or 1
    modulator [T]                the third factor of learning

What it holds after death is not looked at.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

ACTIONS = ("stays", "↑ up", "↓ down", "← left", "→ right")

_NEEDED = {  # shapes; T1 is T + 1, None is any length
    "position": ("T1", 2),
    "source": ("T1", "K", 2),
    "bad": ("K",),
    "active": ("T1", "K"),
    "energy": ("T1",),
    "integrity": ("T1",),
    "action": ("T",),
    "alive": ("T1",),
    "width": (),
    "height": (),
}
_OPTIONAL = {"observation": ("T1", None), "spike": ("T", None), "modulator": ("T",)}

Life = Mapping[str, np.ndarray]


def checked(life: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The life as NumPy arrays.

    Raises:
      ValueError: something is missing or of another shape than the rest; says all.
    """
    arrays = {name: np.asarray(value) for name, value in life.items()}
    missing = sorted(_NEEDED.keys() - arrays.keys())
    if missing:
        raise ValueError(f"a life wants {', '.join(missing)}, which it has not.")
    steps, sources = arrays["action"].shape[:1] or (0,), arrays["bad"].shape[:1] or (0,)
    sizes = {"T": steps[0], "T1": steps[0] + 1, "K": sources[0], 2: 2}
    problems = []
    for name, wanted in (_NEEDED | _OPTIONAL).items():
        if name not in arrays:
            continue
        came = arrays[name].shape
        fits = len(came) == len(wanted) and all(
            size is None or sizes[size] == n
            for size, n in zip(wanted, came, strict=True)
        )
        if not fits:
            shape = tuple(sizes.get(size, "any") for size in wanted)
            problems.append(f"{name} wants shape {shape}, got {came}")
    if problems or steps[0] == 0:
        found = "; ".join(problems) or "no steps"
        raise ValueError(f"a life of {steps[0]} steps, {sources[0]} sources: {found}.")
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


def ending(life: Life) -> str:
    """How the life ended, in words.

    Example:
      >>> ending({"alive": np.array([1, 1, 0, 0]), "action": np.zeros(3),
      ...         "energy": np.array([0.2, 0.1, 0, 0]), "integrity": np.ones(4)})
      'Starved after 2 of 3 steps.'
    """
    lived, steps = steps_lived(life), len(life["action"])
    after = f"after {lived} of {steps} steps."
    if life["integrity"][lived] <= 0:
        return f"Died of harm {after}"
    if lived == steps:
        return f"Lived all {steps} steps: the clock ran out."
    if life["energy"][lived] <= 0:
        return f"Starved {after}"
    return f"Reached food {after} That ends it here."


def life_facts(life: Mapping[str, Any]) -> dict[str, Any]:
    """What a life came to, in plain values, for whoever does not watch the film.

    Returns:
      steps lived, the ending in words, how often food and harm were entered, and the
      energy and integrity that were left.

    Raises:
      ValueError: arrays missing, or that do not fit together.
    """
    life = checked(life)
    lived, bad = steps_lived(life), life["bad"].astype(bool)
    entered = arrivals(life)[: lived + 1].sum(axis=0)
    return {
        "steps": lived,
        "ending": ending(life),
        "food": int(entered[~bad].sum()),
        "harm": int(entered[bad].sum()),
        "energy": float(life["energy"][lived]),
        "integrity": float(life["integrity"][lived]),
    }
