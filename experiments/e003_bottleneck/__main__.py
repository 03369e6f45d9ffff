"""E003: does a genome that develops (CPPN) scale further than a direct one?

Direct and CPPN genomes at growing numbers of neurons, and how often a mutation of what
was evolved is catastrophic. Question and plan stand in README.md beside this file.

    python -m experiments.e003_bottleneck [--smoke] [--report]
"""

import math
import pathlib
from typing import Any

from experiments import lab, page
from koki2.agents.configs import AgentConfig
from koki2.envs.registry import find
from koki2.evolution.configs import EvolutionConfig, LoopConfig
from koki2.genomes.configs import GenomeConfig
from koki2.reports import statistics
from koki2.search.configs import SearchConfig

WORLD = "chemotaxis-l0.2"
SIZES = (32, 128, 512)
SIGMA = {"direct": 0.1, "cppn": 0.1}  # CPPN genes start at unit size, direct at 0.1
MUTANTS, EPISODES = 256, 64  # of each genome, and of each mutant


def study() -> lab.Study:
    """Encodings by sizes."""
    arms, contrasts = {}, []
    for n in SIZES:
        for encoding, sigma in SIGMA.items():
            arms[f"N = {n}/{encoding}"] = EvolutionConfig(
                env=find(WORLD).config,
                agent=AgentConfig(n_neurons=n),
                genome=GenomeConfig(encoding=encoding),
                search=SearchConfig(pop_size=128, sigma=sigma),
                loop=LoopConfig(generations=200, episodes=8),
            )
        contrasts.append(lab.Contrast(f"N = {n}/cppn", f"N = {n}/direct"))
    return lab.Study(
        name="e003",
        arms=arms,
        seeds=tuple(range(30, 40)),
        episodes=512,
        contrasts=tuple(contrasts),
    )


def robustness(
    study: lab.Study, options: lab.Options, results: lab.Results
) -> dict[str, Any]:
    """Measures the share of catastrophic mutants of every mean genome, per arm."""
    import jax

    from experiments.e003_bottleneck.mutants import catastrophic_share

    shares: dict[str, list[float | None]] = {}
    for arm, config in study.arms.items():
        share = catastrophic_share(
            config,
            mutants=16 if options.smoke else MUTANTS,
            eval_seed=lab.eval_seeds(study.name)[0],
            episodes=8 if options.smoke else EPISODES,
        )
        genomes = lab.read_genomes(options, results, arm)
        per_seed = [
            share(jax.random.key(seed), seed, genome)
            for seed, genome in zip(study.seeds, genomes, strict=True)
        ]
        shares[arm] = [None if math.isnan(value) else value for value in per_seed]
    return {"catastrophic": shares}


def contrasts(results: lab.Results) -> list[dict[str, Any]]:
    """Those of fitness, then those of the share of catastrophic mutants."""
    shares, found = results["catastrophic"], [*results["contrasts"]]
    for ours in (arm for arm in shares if arm.endswith("/cppn")):
        theirs = ours.replace("/cppn", "/direct")
        pairs = zip(shares[ours], shares[theirs], strict=True)
        both = [pair for pair in pairs if None not in pair]
        if not both:  # no pair of genomes that are fitter than staying
            continue
        gap = statistics.paired([c for c, _ in both], [d for _, d in both])
        names = {"ours": f"catastrophic mutants, {ours}", "theirs": theirs}
        found.append(names | gap)
    return statistics.with_holm(found)


def verdict(results: lab.Results) -> list[str]:
    """All contrasts, then the shares of catastrophic mutants."""
    lines = [page.say(contrast) for contrast in results["contrasts"]]
    shares = results["catastrophic"]
    for arm, per_seed in shares.items():
        known = [share for share in per_seed if share is not None]
        if known:
            mean = f"{sum(known) / len(known):.3f}"
            lines.append(f"catastrophic mutants, {arm}: {mean}, {len(known)} genomes")
    return lines


def main() -> None:
    """Runs everything and writes the page."""
    options = lab.read_options(pathlib.Path(__file__).parent, __doc__)
    results = lab.run_study(study(), options, extra=robustness)
    results["contrasts"] = contrasts(results)
    title = "E003: does a genome that develops scale further than a direct one?"
    page.write(options.out, results, title=title, verdict=verdict(results))


if __name__ == "__main__":
    main()
