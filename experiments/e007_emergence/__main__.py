"""E007: does avoidance by cue emerge, and does it hang on modulation?

Plastic agents where strikes are announced, and negative controls: a clamped and a
shuffled third factor, weights that never move. Question and plan stand in README.md
beside this file.

    python -m experiments.e007_emergence [--smoke] [--report]
"""

import pathlib

from experiments import lab, page
from koki2.agents.configs import AgentConfig
from koki2.envs.registry import find
from koki2.evolution.configs import EvolutionConfig, LoopConfig
from koki2.search.configs import SearchConfig

WORLD = "predictive-cues-l3.1"
PLASTIC = {"plast_enabled": True, "plast_eta": 0.1, "modulator_kind": "drive"}
CONTROLS = ("none", "clamped", "shuffled", "frozen")


def study() -> lab.Study:
    """An arm per control, and the same controls on the genomes of the plastic arm."""
    loop = LoopConfig(generations=200, episodes=8)
    env = find(WORLD).config
    arms = {
        f"cues/{control}": EvolutionConfig(
            env=env,
            agent=AgentConfig(**PLASTIC, control=control),
            search=SearchConfig(pop_size=128),
            loop=loop,
        )
        for control in CONTROLS
    }
    probes = {
        f"cues/none, then {control}": lab.Probe("cues/none", {"control": control})
        for control in CONTROLS[1:]
    }
    others = [name for name in [*arms, *probes] if name != "cues/none"]
    return lab.Study(
        name="e007",
        arms=arms,
        seeds=tuple(range(70, 80)),
        episodes=512,
        probes=probes,
        contrasts=tuple(lab.Contrast("cues/none", name) for name in others),
        baselines={
            "cues": (EvolutionConfig(env=env), ("random", "competent", "planner"))
        },
    )


def main() -> None:
    """Runs everything and writes the page."""
    options = lab.read_options(pathlib.Path(__file__).parent, __doc__)
    results = lab.run_study(study(), options)
    title = "E007: does avoidance by cue emerge, and does it hang on modulation?"
    verdict = [page.say(contrast) for contrast in results["contrasts"]]
    page.write(options.out, results, title=title, verdict=verdict)


if __name__ == "__main__":
    main()
