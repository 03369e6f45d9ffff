"""evolution: lives and generations of them: viability, rungs, nursing, ES and QD loops.

May import every room below but `runlog` and `pictures`: metrics are returned, the edge
writes. Start at `episode` (one life), `rollout` (many), `evaluation` (a
population) and `evolve` (a whole search).
The door is lazy, so that `evolution.configs` costs no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "build": ["build", "build_many", "setting"],
        "configs": ["EvolutionConfig", "QDConfig"],
        "descriptors": ["descriptors"],
        "episode": [
            "episode",
            "Episode",
            "EpisodeState",
            "EpisodeStats",
            "run_episode",
        ],
        "evaluation": ["Evaluation", "Evaluator", "full_episodes"],
        "evolve": ["evolve", "evolve_many"],
        "heldout": ["difference", "interval"],
        "judging": [
            "behaviours",
            "evaluate_baseline",
            "evaluate_genome",
            "judge",
            "judge_task",
            "named_elite",
            "watch_baseline",
            "watch_genome",
        ],
        "measures": ["fitness", "report", "reports", "score"],
        "qd": ["illuminate", "illuminate_many"],
        "rollout": ["Layout", "rollout", "WIDE"],
        "successive_halving": ["successive_halving"],
        "task": ["make_task", "Task"],
        "viability": ["viability", "Viability", "with_viability"],
        "watch": ["NoMapError", "watch"],
    },
)
