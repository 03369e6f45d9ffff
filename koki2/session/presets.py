"""Presets: settings that belong together, by name.

Grouped like `EvolutionConfig`; what a preset leaves out keeps its default, and files
and flags overrule it.
"""

import types
from collections.abc import Mapping
from typing import Any

_HAZARDS = {"num_sources": 4, "num_bad_sources": 2, "bad_source_integrity_loss": 0.25}
_VANISHING = {"deplete_sources": True, "respawn_delay": 4, "grad_dropout_p": 0.5}
_BUDGET = {"search": {"pop_size": 128}, "loop": {"generations": 200, "episodes": 8}}

PRESETS: Mapping[str, dict[str, dict[str, Any]]] = types.MappingProxyType(
    {
        # Seconds, compilation included: does anything work at all?
        "smoke": {"loop": {"generations": 5}},
        # Good and bad food that smell alike: the acceptance budget of seed 002.
        "l0-hazards": {"env": _HAZARDS, **_BUDGET},
        # The control: the gradient points at good food only.
        "l0-good-cue": {"env": _HAZARDS | {"good_only_gradient": True}, **_BUDGET},
        # Food vanishes and comes back elsewhere, and the gradient comes and goes.
        "l1-hazards": {"env": _HAZARDS | _VANISHING, **_BUDGET},
        # The same for agents whose weights move within a life.
        "l1-plastic": {
            "env": _HAZARDS | _VANISHING,
            "agent": {"plast_enabled": True, "plast_eta": 0.05},
            **_BUDGET,
        },
    }
)
"""Every preset, by name."""
