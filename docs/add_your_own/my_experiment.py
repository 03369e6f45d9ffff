"""Is memory worth anything on the line?

Question    Does the recurrent agent earn more than a reflex, which has no memory?
Prediction  No: what is observed says where the agent is, and nothing else matters. The
            95% interval of the difference in fitness includes 0.
Cost        Ten runs of 0.5 million steps: a few minutes on two cores.
Command     python docs/add_your_own/my_experiment.py
"""

import pathlib
import sys
from collections.abc import Sequence

import numpy as np
from my_agent import make, shapes
from my_world import line

import koki2
from koki2.reports import statistics

EVAL_SEED = 424242


def main(
    out: pathlib.Path,
    seeds: Sequence[int] = (10, 11, 12, 13, 14),
    generations: int = 60,
    episodes: int = 512,
) -> dict[str, object]:
    """Evolves both agents, one run folder per seed, and compares them.

    Returns:
      Mean difference of fitness, recurrent - reflex, over the seeds, interval and p.
    """
    world = koki2.register_world("line", line, replace=True)
    koki2.register_agent("reflex", make, shapes=shapes, replace=True)
    fitness = {}
    for agent in ("recurrent", "reflex"):
        config = koki2.EvolutionConfig(
            env=world.config,
            agent=koki2.AgentConfig(agent=agent, n_neurons=16, k_edges=4),
            search=koki2.SearchConfig(sigma=0.3, lr=0.5),
            loop=koki2.LoopConfig(generations=generations),
        )
        runs = [(config, seed) for seed in seeds]
        programs = koki2.evolution.build_many(runs)  # compiled once
        fitness[agent] = []
        for seed, program in zip(seeds, programs, strict=True):
            run = koki2.run(program, out=out / f"{agent}_seed{seed}")
            unseen = koki2.evaluate(run, episodes=episodes, seed=EVAL_SEED)
            fitness[agent].append(unseen["genomes"]["mean"]["mean_fitness"])
        print(f"{agent}: {np.round(fitness[agent], 1)}")
    found = statistics.paired(*fitness.values())
    interval = f"[{found['low']:.1f}, {found['high']:.1f}]"
    print(f"recurrent - reflex, mean over seeds: {found['mean']:.1f} {interval}")
    return found


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "runs/memory_on_the_line"))
