"""E002: does learning within a life help, and where?

Plastic against fixed agents in four worlds, with controls. Question, prediction and
verdict stand in README.md beside this file.

    python -m experiments.e002_plasticity [--smoke] [--report]
"""

import pathlib

from experiments import lab, page
from koki2.agents.configs import AgentConfig
from koki2.envs.registry import find
from koki2.evolution.configs import EvolutionConfig, LoopConfig
from koki2.reports.statistics import is_significant
from koki2.search.configs import SearchConfig

WORLDS = {
    "L1.0": "chemotaxis-l1.0-seed",
    "L1.1": "chemotaxis-l1.1-seed",
    "L2.2": "layout-shift-l2.2",
    "L4.2": "moving-needs-l4.2",
}
SWIFT = {"tau_m": 3.0}  # neurons that keep up with a walk on a plane
PLASTIC = {
    "plast_enabled": True,
    "plast_eta": 0.5,
    "modulator_kind": "vector",
    "mod_drive_scale": 5.0,
}
ARMS = {
    "plastic": PLASTIC,
    "fixed": {},
    "shuffled": PLASTIC | {"control": "shuffled"},
    "random network": {"control": "random_network"},
}
PROBES = {
    "plastic, eta 0": {"plast_eta": 0.0},
    "plastic, shuffled": {"control": "shuffled"},
}
OTHERS = ("fixed", "plastic, eta 0", "plastic, shuffled", "shuffled")
POLICIES = ("random", "competent", "planner")


def study() -> lab.Study:
    """All arms, probes and contrasts."""
    loop = LoopConfig(generations=200, episodes=8, checkpoint_every=20)
    search = SearchConfig(pop_size=128, sigma=0.3, lr=1.0)
    arms, probes, contrasts, baselines = {}, {}, [], {}
    for label, level in WORLDS.items():
        env = find(level).config
        for name, knobs in ARMS.items():
            arms[f"{label}/{name}"] = EvolutionConfig(
                env=env, agent=AgentConfig(**SWIFT, **knobs), search=search, loop=loop
            )
        for name, knobs in PROBES.items():
            probes[f"{label}/{name}"] = lab.Probe(f"{label}/plastic", knobs)
        pairs = [("plastic", other) for other in OTHERS] + [("fixed", "random network")]
        for ours, theirs in pairs:
            contrasts.append(lab.Contrast(f"{label}/{ours}", f"{label}/{theirs}"))
        baselines[label] = (EvolutionConfig(env=env), POLICIES)
    return lab.Study(
        name="e002",
        arms=arms,
        seeds=tuple(range(20, 30)),
        episodes=512,
        probes=probes,
        contrasts=tuple(contrasts),
        baselines=baselines,
    )


def verdict(results: lab.Results) -> list[str]:
    """Per world: does plastic beat fixed, and does taking learning away undo it?"""
    lines = []
    by_name = {(c["ours"], c["theirs"]): c for c in results["contrasts"]}
    for label in dict.fromkeys(name.partition("/")[0] for name in results["arms"]):
        shown = [
            by_name[f"{label}/plastic", f"{label}/{other}"]
            for other in OTHERS
            if (f"{label}/plastic", f"{label}/{other}") in by_name
        ]
        gain, causal = shown[:2]
        both = [gain, causal]
        helps = all(c["mean"] > 0 and is_significant(c) for c in both)
        what = "helps" if helps else "is not shown to help"
        lines.append(f"{label}: learning {what}. {'; '.join(map(page.say, shown))}.")
    return lines


def main() -> None:
    """Runs everything and writes the page."""
    here = pathlib.Path(__file__).parent
    options = lab.read_options(here, __doc__)
    results = lab.run_study(study(), options)
    title = "E002: does learning within a life help, and where?"
    page.write(options.out, results, title=title, verdict=verdict(results))


if __name__ == "__main__":
    main()
