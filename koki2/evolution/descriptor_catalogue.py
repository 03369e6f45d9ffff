"""The catalogue: every descriptor of a life by name. Imports no JAX.

path_entropy     entropy of the time spent in the regions of the map / log regions
distance         steps that led to another cell / steps of a whole life
reach            greatest distance from where it began / the map's diagonal
end_x, end_y     where it ended / the map's last cell along that axis
hazard_exposure  1 - the lowest integrity
action_entropy   entropy of the actions / log of their number
monotony         share of the commonest action
lifetime         steps lived / steps of a whole life
events           share of the steps lived that brought a gain or a loss
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from koki2.core.registry import entry_of, load, Registry


class DescriptorEntry(NamedTuple):
    """A descriptor as it is registered."""

    describe: Callable[[Any, Any], Any]
    """(EpisodeStats, Env) -> a number in [0, 1], of one life."""
    needs_map: bool = False
    """Whether it reads `EpisodeStats.path`, for which the world must have a map."""


DESCRIPTORS: Registry[DescriptorEntry] = Registry(
    "descriptor", "koki2.descriptors", accept=entry_of(DescriptorEntry)
)
"""Every descriptor; installed packages add theirs as entry points koki2.descriptors."""


def register_descriptor(
    name: str,
    describe: Callable[[Any, Any], Any],
    *,
    needs_map: bool = False,
    replace: bool = False,
) -> None:
    """Registers a descriptor, so that `BehaviourConfig(descriptors=(name,))` finds it.

    Args:
      name: what configs and command lines call it.
      describe: (EpisodeStats, Env) -> a number in [0, 1], of one life, in JAX; what is
        beyond is cut to 0 or 1. An archive takes the mean over lives.
      needs_map: whether it reads `EpisodeStats.path`.
      replace: let it take the place of a descriptor of that name.

    Raises:
      ValueError: the name is taken, unless `replace`.

    Example:
      >>> def gain(stats, env):
      ...     return stats.energy_gained / (1.0 + stats.energy_gained)
      >>> register_descriptor("gain", gain)
      >>> from koki2.evolution import BehaviourConfig
      >>> BehaviourConfig(descriptors=("gain", "lifetime")).descriptors
      ('gain', 'lifetime')
      >>> DESCRIPTORS.remove("gain")
    """
    DESCRIPTORS.register(name, DescriptorEntry(describe, needs_map), replace=replace)


def _ours(name: str) -> Callable[[Any, Any], Any]:
    return lambda stats, env: load("koki2.evolution.descriptors:OURS")[name](stats, env)


for _name in ("path_entropy", "distance", "reach", "end_x", "end_y"):
    register_descriptor(_name, _ours(_name), needs_map=True)
for _name in ("hazard_exposure", "action_entropy", "monotony", "lifetime", "events"):
    register_descriptor(_name, _ours(_name))
