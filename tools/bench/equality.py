"""Compares koki2's episodes with the plain twin's: bit for bit, but for one mean.

Of all episodes every count; of those that lasted to the clock also the whole final
state: world, observation, membrane potentials, spikes, weights and traces. (An episode
that ended early is frozen in the twin, and meaningless in koki2 but for its counts.)

Not the same bits: the mean size of a weight's change, over all synapses. koki2 takes
the modulator out of the mean and adds up in another order; `MEAN` bounds that. Nor,
where all four senses are other than zero (a world of more than one row), the membrane
potentials: in the first sum of two products, w1 o1 + w2 o2, the compiler fuses one of
them into a multiply-add, and which one it does not promise. `tolerance` is for that.
"""

from typing import Any

import numpy as np

MEAN = 1e-5  # relative

COUNTS = (
    "t_alive energy_gained integrity_lost integrity_min bad_arrivals success actions "
    "events"
).split()
WORLD = "t position source bad energy integrity".split()


def differences(
    ours: Any, theirs: Any, steps: int, *, tolerance: float = 0.0
) -> list[str]:
    """Lists where episodes differ; empty if nowhere.

    Args:
      ours: koki2's episodes, `rollout(..., keep="state")`: [P, E, ...].
      theirs: the twin's `State`, of the same keys and params.
      steps: length of an episode that lasted to the clock.
      tolerance: by how much floats may differ, absolutely and relatively; at 0 all
        bits are compared.
    """
    lines = counted(ours.stats, theirs.sums, tolerance=tolerance)
    lasted = np.asarray(theirs.sums.t_alive) == steps
    if not lasted.any():
        return [*lines, "no episode lasted to the clock: no final state compared"]
    pairs = {f"world.{n}": (ours.world[n], getattr(theirs.world, n)) for n in WORLD}
    pairs["observation"] = ours.observation, theirs.observation
    if ours.world.respawn is not None:
        pairs["world.respawn"] = ours.world.respawn, theirs.world.respawn
    for name in ("v", "spike", "rec_w", "trace"):
        if getattr(theirs.brain, name) is not None:
            pairs[name] = ours.body[name], getattr(theirs.brain, name)
    for name, (mine, other) in pairs.items():
        mine, other = np.asarray(mine)[lasted], np.asarray(other)[lasted]
        lines += _same(name, mine, other, tolerance)
    return lines


def counted(stats: Any, sums: Any, *, tolerance: float = 0.0) -> list[str]:
    """Lists where the counts differ: koki2's stats, the twin's sums."""
    lines = _same("alive", stats.alive, ~np.asarray(sums.done), 0.0)
    for name in COUNTS:
        lines += _same(name, getattr(stats, name), getattr(sums, name), tolerance)
    learning = stats.learning
    if learning is not None:
        mine, other = learning.abs_modulator, sums.abs_modulator
        lines += _same("abs_modulator", mine, other, tolerance)
        for name in ("abs_dw", "abs_dw_on_event"):
            mine, other = getattr(learning, name), getattr(sums, name)
            lines += _same(name, mine, other, tolerance, relative=MEAN)
    return lines


def _same(
    name: str, ours: Any, theirs: Any, tolerance: float, *, relative: float = 0.0
) -> list[str]:
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        kinds = f"{ours.dtype}{ours.shape} and {theirs.dtype}{theirs.shape}"
        return [f"{name} cannot be compared: {kinds}"]
    relative = max(relative, tolerance)
    if relative and ours.dtype.kind == "f":
        differ = ~np.isclose(ours, theirs, rtol=relative, atol=tolerance)
    else:
        words = f"u{ours.dtype.itemsize}"
        differ = ours.view(words) != theirs.view(words)
    if not differ.any():
        return []
    where = tuple(int(i) for i in np.argwhere(differ)[0])
    return [
        f"{name} differs in {differ.sum()} of {differ.size} places, "
        f"first at {where}: {ours[where]} and {theirs[where]}"
    ]
