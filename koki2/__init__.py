"""koki2: a JAX laboratory for neuroevolution in which every run replays bit for bit.

    import koki2
    program = koki2.build(koki2.EvolutionConfig(), seed=0)
    run = koki2.run(program, out="runs/first")
    print(koki2.evaluate(run, episodes=512, seed=1))

The door is lazy: importing koki2 costs no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["agents", "envs", "evolution", "genomes", "search"],
    submod_attrs={
        "agents.configs": ["AgentConfig"],
        "agents.catalogue": ["register_agent"],
        "core.program": ["Program"],
        "envs.base": ["BodyFeedback", "Env", "Feedback", "MapEnv"],
        "envs.registry": ["register_world"],
        "evolution.build": ["build"],
        "evolution.configs": [
            "EvolutionConfig",
            "FitnessConfig",
            "LoopConfig",
            "QDConfig",
        ],
        "evolution.evaluation": ["full_episodes"],
        "evolution.evolve": ["evolve"],
        "evolution.measures": ["score"],
        "evolution.qd": ["illuminate"],
        "evolution.successive_halving": ["successive_halving"],
        "evolution.task": ["make_task"],
        "evolution.viability": ["with_viability"],
        "genomes.catalogue": ["register_genome"],
        "genomes.configs": ["GenomeConfig"],
        "search.configs": ["ArchiveConfig", "EmitterConfig", "SearchConfig"],
        "search.map_elites": ["map_elites"],
        "search.catalogue": ["register_strategy"],
        "search.emitters.catalogue": ["register_emitter"],
        "session.python": ["evaluate", "load", "run"],
    },
)
