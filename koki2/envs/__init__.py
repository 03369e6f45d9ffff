"""envs: worlds an agent can live in. May import: core. Start at `base.Env`.

Worlds from outside enter by `register_world`, ours by `ladder.LEVELS`; every one is
under the contract of `contract`. The door is lazy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "as_gymnax": ["as_gymnax"],
        "base": [
            "AnyEnv",
            "BodyFeedback",
            "Care",
            "counted",
            "Env",
            "Feedback",
            "has_map",
            "MapEnv",
            "Policy",
            "PrivilegedState",
        ],
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
            "ObjectConfig",
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
        "registry": [
            "find",
            "is_env",
            "Level",
            "LEVELS",
            "make",
            "register_world",
            "World",
            "WORLDS",
        ],
        "seasons": ["seasons", "SeasonsState"],
        "sparse": ["sparse", "SparseState"],
        "storms": ["StormState"],
        "trade_offs": ["trade_offs", "TradeOffsState"],
        "two_needs": ["two_needs", "TwoNeedsState"],
    },
)
