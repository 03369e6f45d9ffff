"""E001: OpenAI-ES on L0.2 against greedy, random, stay and planner, on unseen episodes.

Question, prediction and verdict stand in README.md beside this file.

    python -m experiments.e001_l0_competence [--smoke] [--report]
"""

import pathlib

from experiments import lab, page
from koki2.envs.registry import find
from koki2.evolution.configs import EvolutionConfig, FitnessConfig, LoopConfig
from koki2.search.configs import SearchConfig

BASELINES = ("greedy", "random", "stay", "planner")
BONUSES = (50.0, 0.0)


def study() -> lab.Study:
    """An arm per success bonus, its mean and best genomes against the baselines."""
    arms, probes, baselines, contrasts = {}, {}, {}, []
    for bonus in BONUSES:
        world = f"bonus {bonus:.0f}"
        config = EvolutionConfig(
            env=find("chemotaxis-l0.2-seed").config,
            search=SearchConfig(pop_size=128),
            fitness=FitnessConfig(success_bonus=bonus),
            loop=LoopConfig(generations=200, episodes=8),
        )
        mean, best = f"{world}/ES", f"{world}/ES, best genome"
        arms[mean], baselines[world] = config, (config, BASELINES)
        probes[best] = lab.Probe(mean, genome="best")
        for ours in (mean, best):
            others = [f"{world}/greedy", f"{world}/random"]
            contrasts += [lab.Contrast(ours, theirs) for theirs in others]
        contrasts.append(lab.Contrast(mean, best))
    return lab.Study(
        name="e001",
        arms=arms,
        seeds=(10, 11, 12, 13, 14),
        episodes=512,
        probes=probes,
        contrasts=tuple(contrasts),
        baselines=baselines,
    )


def main() -> None:
    """Runs everything and writes the page."""
    options = lab.read_options(pathlib.Path(__file__).parent, __doc__)
    results = lab.run_study(study(), options)
    verdict = [page.say(contrast) for contrast in results["contrasts"]]
    page.write(options.out, results, title="E001: competence at L0.2", verdict=verdict)


if __name__ == "__main__":
    main()
