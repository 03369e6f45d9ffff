"""Settings with which evolution climbs the levels: what `koki2 evo LEVEL` sets. No JAX.

They lie over the defaults, and presets, files and flags over them. Each level takes one
of a few combinations of search settings and form of the senses, the best of experiment
E018 there (`experiments/e018_settings`, which writes both tables as presets.json). The
levels of seed 002, called `-seed`, have none.
"""

from collections.abc import Mapping
from types import MappingProxyType

from koki2.envs.world import Settings

GROUPS = ("agent", "senses", "search", "loop")
"""Those that a level's settings may be of."""

COMBINATIONS: Mapping[str, Settings] = MappingProxyType({})
"""Settings that belong together, by name: group -> name -> value."""

COMBINATION_OF: Mapping[str, str] = MappingProxyType({})
"""The name of the combination of each level that has one."""

LEVEL_SETTINGS: Mapping[str, Settings] = MappingProxyType(
    {level: COMBINATIONS[name] for level, name in COMBINATION_OF.items()}
)
"""The settings of each level that has some."""
