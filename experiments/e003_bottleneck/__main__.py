"""E003: does a genome that develops (CPPN) scale further than a direct one?

Direct and CPPN genomes at growing numbers of neurons, and how often a mutation of what
was evolved is catastrophic. Question and plan stand in README.md beside this file.

    python -m experiments.e003_bottleneck [--smoke] [--report]
"""

import pathlib

from experiments import lab, page
from koki2.agents.configs import AgentConfig
from koki2.envs.registry import find
from koki2.evolution.configs import EvolutionConfig, LoopConfig
from koki2.genomes.configs import GenomeConfig
from koki2.search.configs import SearchConfig

WORLD = "chemotaxis-l0.2"
SIZES = (32, 128, 512)
SIGMA = {"direct": 0.1, "cppn": 0.1}  # CPPN genes start at unit size, direct at 0.1


def study(smoke: bool) -> lab.Study:
    """Encodings by sizes."""
    arms, contrasts = {}, []
    for n in SIZES[:1] if smoke else SIZES:
        for encoding, sigma in SIGMA.items():
            arms[f"N = {n}/{encoding}"] = EvolutionConfig(
                env=find(WORLD).config,
                agent=AgentConfig(n_neurons=n),
                genome=GenomeConfig(encoding=encoding),
                search=SearchConfig(pop_size=16 if smoke else 128, sigma=sigma),
                loop=LoopConfig(generations=4 if smoke else 200, episodes=8),
            )
        contrasts.append(lab.Contrast(f"N = {n}/cppn", f"N = {n}/direct"))
    return lab.Study(
        name="e003",
        arms=arms,
        seeds=[30, 31] if smoke else list(range(30, 40)),
        episodes=32 if smoke else 512,
        contrasts=tuple(contrasts),
    )


def main() -> None:
    """Runs everything and writes the page."""
    options = lab.options(pathlib.Path(__file__).parent, __doc__)
    found = lab.results(study(options.smoke), options)
    title = "E003: does a genome that develops scale further than a direct one?"
    verdict = [page.say(contrast) for contrast in found["contrasts"]]
    page.write(options.out, found, title=title, verdict=verdict)


if __name__ == "__main__":
    main()
