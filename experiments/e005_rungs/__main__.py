"""E005: how much do viability and rungs save, and what do they cost in fitness?

None, MVT, MVT with rungs, with and without novelty, in two worlds: once for equally
many generations, once for equally many env-steps. Question, prediction and verdict
stand in README.md beside this file.

    python -m experiments.e005_rungs [--smoke] [--report]
"""

import dataclasses
import pathlib

import numpy as np

from experiments import lab, page
from koki2.envs.registry import find
from koki2.evolution.configs import (
    EvolutionConfig,
    LoopConfig,
    RungsConfig,
    ViabilityConfig,
)
from koki2.reports.statistics import is_significant
from koki2.search.configs import SearchConfig

WORLDS = {"L0.2": "chemotaxis-l0.2-seed", "L1.2": "obstacles-l1.2"}
MVT = ViabilityConfig(
    mvt=True,
    mvt_episodes=2,
    mvt_steps=32,
    mvt_min_alive_steps=32,
    mvt_min_action_entropy=0.05,
)
RUNGS = RungsConfig(
    rungs=True,
    rung1_steps=48,
    rung1_episodes=2,
    promote_top_p=0.3,
    promote_novel_q=0.0,
)
ARMS = {
    "none": {},
    "MVT": {"viability": MVT},
    "rungs": {"viability": MVT, "rungs": RUNGS},
    "rungs, novelty": {
        "viability": MVT,
        "rungs": dataclasses.replace(RUNGS, promote_top_p=0.2, promote_novel_q=0.1),
    },
}


GENERATIONS, EQUAL = 200, ", equal steps"


def study(generations: dict[str, int], smoke: tuple[str, ...] = ()) -> lab.Study:
    """The arms named, each for so many generations; a smoke keeps some."""
    arms, contrasts = {}, []
    for arm, count in generations.items():
        label, _, name = arm.removesuffix(EQUAL).partition("/")
        arms[arm] = EvolutionConfig(
            env=find(WORLDS[label]).config,
            search=SearchConfig(pop_size=128),
            loop=LoopConfig(generations=count, episodes=8, checkpoint_every=20),
            **ARMS[name],
        )
        if name != "none":
            contrasts.append(lab.Contrast(arm, f"{label}/none"))
    return lab.Study(
        name="e005",
        arms=arms,
        seeds=tuple(range(50, 60)),
        episodes=512,
        contrasts=tuple(contrasts),
        smoke_arms=smoke,
    )


def steps(results: lab.Results, arm: str) -> float:
    """Env-steps of a run of an arm, the mean over seeds."""
    return float(np.mean(results["arms"][arm]["env_steps"]))


def saved(results: lab.Results, arm: str) -> float:
    """Share of the env-steps that the same generations without MVT and rungs take."""
    return 1 - steps(results, arm) / steps(results, f"{arm.partition('/')[0]}/none")


def verdict(results: lab.Results) -> list[str]:
    """Per arm: what it saves, and what that costs in fitness."""
    lines = []
    for contrast in results["contrasts"]:
        arm = contrast["ours"]
        share, loses = saved(results, arm), contrast["mean"] < 0
        shown = loses and is_significant(contrast)
        cost = "at a loss of fitness" if shown else "at no loss of fitness that shows"
        what = "for equal env-steps" if arm.endswith(EQUAL) else f"saves {share:.0%}"
        lines.append(f"{arm}: {what}, {cost}. {page.say(contrast)}.")
    return lines


def main() -> None:
    """Runs both parts, equal generations and then equal env-steps; writes the page."""
    options = lab.read_options(pathlib.Path(__file__).parent, __doc__)
    names = [f"{label}/{name}" for label in WORLDS for name in ARMS]

    def longer(results: lab.Results) -> lab.Study:
        cheaper = [name for name in results["arms"] if not name.endswith("/none")]
        more = {
            n + EQUAL: round(GENERATIONS / (1 - saved(results, n))) for n in cheaper
        }
        return study(more)

    smoke = ("L0.2/none", "L0.2/rungs, novelty")
    first = study(dict.fromkeys(names, GENERATIONS), smoke)
    results = lab.run_study(first, options, longer)
    title = "E005: what do viability and rungs save, and at what price?"
    page.write(options.out, results, title=title, verdict=verdict(results))


if __name__ == "__main__":
    main()
