"""E001: OpenAI-ES on L0.2 against scripts, what sees nothing, and itself unsensing.

Question, prediction and verdict stand in README.md beside this file.

    python -m experiments.e001_l0_competence [--smoke] [--report]
"""

import dataclasses
import pathlib

from experiments import lab, page
from koki2.envs.registry import find
from koki2.evolution.configs import EvolutionConfig, FitnessConfig, LoopConfig
from koki2.search.configs import SearchConfig

BASELINES = ("greedy", "random", "stay", "left", "planner", "blind")
HARMFUL = find("chemotaxis-l0.2-seed").config
WORLDS = {
    "bonus 50": (HARMFUL, 50.0),
    "bonus 0": (HARMFUL, 0.0),
    "good cue": (dataclasses.replace(HARMFUL, good_only_gradient=True), 50.0),
}
"""World and success bonus; the good cue is a gradient of good sources alone."""


def study() -> lab.Study:
    """An arm per world: its genomes against baselines, and without their gradient."""
    arms, probes, baselines, contrasts = {}, {}, {}, []
    for world, (env, bonus) in WORLDS.items():
        config = EvolutionConfig(
            env=env,
            search=SearchConfig(pop_size=128),
            fitness=FitnessConfig(success_bonus=bonus),
            loop=LoopConfig(generations=200, episodes=8),
        )
        mean, best = f"{world}/ES", f"{world}/ES, best genome"
        zero, other = f"{world}/ES, gradient 0", f"{world}/ES, another's gradient"
        arms[mean], baselines[world] = config, (config, BASELINES)
        probes[best] = lab.Probe(mean, genome="best")
        probes[zero] = lab.Probe(mean, lesion="gradient")
        probes[other] = lab.Probe(mean, lesion="gradient@other")
        for ours in (mean, best):
            others = [f"{world}/{policy}" for policy in ("blind", "greedy", "random")]
            contrasts += [lab.Contrast(ours, theirs) for theirs in others]
        contrasts += [lab.Contrast(mean, theirs) for theirs in (best, zero, other)]
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
