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

COMBINATIONS: Mapping[str, Settings] = MappingProxyType(
    {
        "bold, unit vector, deficits": {
            "search": {"pop_size": 128, "sigma": 0.3, "lr": 1.0},
            "agent": {"tau_m": 0.5},
            "senses": {"gradients": "unit", "needs": "deficit"},
            "loop": {"generations": 200, "episodes": 8},
        },
        "bold, unit vector": {
            "search": {"pop_size": 128, "sigma": 0.3, "lr": 1.0},
            "agent": {"tau_m": 0.5},
            "senses": {"gradients": "unit"},
            "loop": {"generations": 200, "episodes": 8},
        },
        "bold, unit vector, 4 ticks": {
            "search": {"pop_size": 128, "sigma": 0.3, "lr": 1.0},
            "agent": {"tau_m": 0.5, "ticks": 4},
            "senses": {"gradients": "unit"},
            "loop": {"generations": 200, "episodes": 8},
        },
        "default, unit vector, 4 ticks": {
            "search": {"pop_size": 128},
            "agent": {"ticks": 4},
            "senses": {"gradients": "unit"},
            "loop": {"generations": 200, "episodes": 8},
        },
    }
)
"""Settings that belong together, by name: group -> name -> value."""

COMBINATION_OF: Mapping[str, str] = MappingProxyType(
    {
        "chemotaxis-l0.0": "bold, unit vector, deficits",
        "chemotaxis-l0.1": "bold, unit vector",
        "chemotaxis-l0.2": "bold, unit vector, deficits",
        "chemotaxis-l1.0": "bold, unit vector, 4 ticks",
        "chemotaxis-l1.1": "default, unit vector, 4 ticks",
        "obstacles-l1.2": "bold, unit vector, 4 ticks",
        "detour-l1.3": "bold, unit vector, deficits",
        "two-needs-l2.0": "default, unit vector, 4 ticks",
        "trade-offs-l2.1": "bold, unit vector, deficits",
        "layout-shift-l2.2": "bold, unit vector, 4 ticks",
        "hazard-zones-l3.0": "bold, unit vector, 4 ticks",
        "predictive-cues-l3.1": "bold, unit vector, 4 ticks",
        "misleading-cues-l3.2": "bold, unit vector",
        "sparse-l4.0": "bold, unit vector, 4 ticks",
        "seasons-l4.1": "bold, unit vector",
        "moving-needs-l4.2": "default, unit vector, 4 ticks",
        "family-l5": "bold, unit vector, 4 ticks",
    }
)
"""The name of the combination of each level that has one."""

LEVEL_SETTINGS: Mapping[str, Settings] = MappingProxyType(
    {level: COMBINATIONS[name] for level, name in COMBINATION_OF.items()}
)
"""The settings of each level that has some."""
