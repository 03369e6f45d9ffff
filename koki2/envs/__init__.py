"""envs: worlds an agent can live in. May import: core. Start at `base.Env`.

A new world enters `registry.LEVELS` and is tested by that. The door is lazy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "as_gymnax": ["as_gymnax"],
        "base": ["Care", "Env", "Feedback", "Policy", "Revealed"],
        "chemotaxis": ["chemotaxis", "ChemotaxisState"],
        "configs": [
            "ChemotaxisConfig",
            "DetourConfig",
            "FamilyConfig",
            "GymnaxConfig",
            "HazardZonesConfig",
            "LayoutShiftConfig",
            "MisleadingCuesConfig",
            "MovingNeedsConfig",
            "ObstaclesConfig",
            "PredictiveCuesConfig",
            "SeasonsConfig",
            "SparseConfig",
            "TradeOffsConfig",
            "TwoNeedsConfig",
        ],
        "detour": ["detour", "DetourState"],
        "family": ["family", "FamilyState"],
        "gymnax_world": ["gymnax_world", "GymnaxState"],
        "hazard_zones": ["hazard_zones", "HazardZonesState"],
        "layout_shift": ["layout_shift", "LayoutShiftState"],
        "misleading_cues": ["misleading_cues"],
        "moving_needs": ["moving_needs", "MovingNeedsState"],
        "obstacles": ["obstacles", "ObstaclesState"],
        "predictive_cues": ["predictive_cues"],
        "registry": ["CONFIGS", "find", "Level", "LEVELS", "make"],
        "seasons": ["seasons", "SeasonsState"],
        "sparse": ["sparse", "SparseState"],
        "storms": ["StormState"],
        "trade_offs": ["trade_offs", "TradeOffsState"],
        "two_needs": ["two_needs", "TwoNeedsState"],
    },
)
