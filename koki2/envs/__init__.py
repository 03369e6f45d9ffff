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
        "configs": ["ChemotaxisConfig", "GymnaxConfig", "ObstaclesConfig"],
        "gymnax_world": ["gymnax_world", "GymnaxState"],
        "obstacles": ["obstacles", "ObstaclesState"],
        "registry": ["CONFIGS", "find", "Level", "LEVELS", "make"],
    },
)
