"""E006: what do biological constraints cost, and what do they buy?

Strains (none, hard, soft, adaptive) with and without plasticity. Question and plan
stand in README.md beside this file.

    python -m experiments.e006_strains [--smoke] [--report]
"""

import pathlib

from experiments import lab, page
from koki2.agents.configs import AgentConfig
from koki2.agents.constraints import STRAINS
from koki2.envs.registry import find
from koki2.evolution.configs import EvolutionConfig, LoopConfig
from koki2.search.configs import SearchConfig

WORLD = "chemotaxis-l1.0"
LEARNING = {
    "fixed": {},
    "plastic": {"plast_enabled": True, "plast_eta": 0.1, "modulator_kind": "event"},
}


def study() -> lab.Study:
    """The ablation matrix: strains by learning."""
    loop = LoopConfig(generations=200, episodes=8)
    arms, contrasts = {}, []
    for label, knobs in LEARNING.items():
        for strain, constraint in STRAINS.items():
            arms[f"{label}/{strain}"] = EvolutionConfig(
                env=find(WORLD).config,
                agent=AgentConfig(**knobs, **constraint),
                search=SearchConfig(pop_size=128),
                loop=loop,
            )
        free, *bound = (f"{label}/{strain}" for strain in STRAINS)
        contrasts += [lab.Contrast(name, free) for name in bound]
    return lab.Study(
        name="e006",
        arms=arms,
        seeds=tuple(range(60, 70)),
        episodes=512,
        contrasts=tuple(contrasts),
    )


def main() -> None:
    """Runs everything and writes the page."""
    options = lab.read_options(pathlib.Path(__file__).parent, __doc__)
    results = lab.run_study(study(), options)
    title = "E006: what do biological constraints cost, and what do they buy?"
    verdict = [page.say(contrast) for contrast in results["contrasts"]]
    page.write(options.out, results, title=title, verdict=verdict)


if __name__ == "__main__":
    main()
