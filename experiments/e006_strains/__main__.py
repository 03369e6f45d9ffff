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


def study(smoke: bool) -> lab.Study:
    """The ablation matrix: strains by learning."""
    loop = LoopConfig(generations=4 if smoke else 200, episodes=8)
    learning = {"fixed": {}} if smoke else LEARNING
    arms, contrasts = {}, []
    for label, knobs in learning.items():
        strains = dict([*STRAINS.items()][: 2 if smoke else None])
        for strain, constraint in strains.items():
            arms[f"{label}/{strain}"] = EvolutionConfig(
                env=find(WORLD).config,
                agent=AgentConfig(**knobs, **constraint),
                search=SearchConfig(pop_size=16 if smoke else 128),
                loop=loop,
            )
        free, *bound = (f"{label}/{strain}" for strain in strains)
        contrasts += [lab.Contrast(name, free) for name in bound]
    return lab.Study(
        name="e006",
        arms=arms,
        seeds=[60, 61] if smoke else list(range(60, 70)),
        episodes=32 if smoke else 512,
        contrasts=tuple(contrasts),
    )


def main() -> None:
    """Runs everything and writes the page."""
    options = lab.options(pathlib.Path(__file__).parent, __doc__)
    found = lab.results(study(options.smoke), options)
    title = "E006: what do biological constraints cost, and what do they buy?"
    verdict = [page.say(contrast) for contrast in found["contrasts"]]
    page.write(options.out, found, title=title, verdict=verdict)


if __name__ == "__main__":
    main()
