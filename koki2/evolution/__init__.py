"""evolution: lives and generations of them: viability, rungs, nursing, ES and QD loops.

May import every room below but `runlog` and `pictures`: metrics are returned, the edge
writes. Start at `episode` (one life), `rollout` (many) and `loop` (a whole search).
The door is lazy, so that `evolution.configs` costs no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "configs": ["EvolutionConfig", "QDConfig"],
        "elites": ["behaviours", "elite"],
        "heldout": ["difference", "evaluate_baseline", "evaluate_genome", "interval"],
        "episode": [
            "episode",
            "Episode",
            "EpisodeState",
            "EpisodeStats",
            "run_episode",
        ],
        "loop": ["Evolution", "evolve", "evolve_many"],
        "measures": ["fitness", "report", "reports"],
        "qd": ["illuminate", "illuminate_many"],
        "rollout": ["Layout", "rollout", "WIDE"],
        "viability": ["viability", "Viability"],
        "watch": ["NoMapError", "watch"],
    },
)
