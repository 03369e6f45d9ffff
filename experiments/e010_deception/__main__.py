"""E010: does an archive of behaviours find the detour that the gradient misses?

MAP-Elites, two OpenAI-ES, elitism without an archive, and random search, in a deceptive
world: for equal evaluations, and for equal wall time. Question, prediction and verdict
stand in README.md beside this file.

    python -m experiments.e010_deception [--smoke] [--report]
"""

import pathlib

import numpy as np

from experiments import lab, page
from koki2 import runlog
from koki2.envs.registry import find
from koki2.evolution.configs import (
    BehaviourConfig,
    EvolutionConfig,
    LoopConfig,
    QDConfig,
)
from koki2.reports.statistics import is_significant
from koki2.search.configs import ArchiveConfig, EmitterConfig, SearchConfig

WORLD = "detour-l1.3"
OURS, EQUAL = "L1.3/MAP-Elites", ", equal time"
SEARCHES = {
    "ES": {"strategy": "openai_es", "sigma": 0.1, "lr": 0.05},
    "ES, wide": {"strategy": "openai_es", "sigma": 0.3, "lr": 0.3},
    "mu + lambda": {"strategy": "mu_plus_lambda", "sigma": 0.1},
    "random": {"strategy": "random_search", "sigma": 0.3},
    "random, wide": {"strategy": "random_search", "sigma": 1.0},
}


def config(name: str, generations: int) -> EvolutionConfig | QDConfig:
    """The config of an arm."""
    loop = LoopConfig(generations=generations, episodes=16, checkpoint_every=20)
    env = find(WORLD).config
    if name in SEARCHES:
        search = SearchConfig(pop_size=128, **SEARCHES[name])
        return EvolutionConfig(env=env, search=search, loop=loop)
    return QDConfig(
        env=env,
        archive=ArchiveConfig(shape=(16, 16)),
        emitter=EmitterConfig(
            emitter="gaussian", batch_size=128, sigma=0.1, init_sigma=0.3
        ),
        behaviour=BehaviourConfig(descriptors=("end_x", "end_y")),
        loop=loop,
    )


def study(generations: dict[str, int]) -> lab.Study:
    """The arms named, each for so many generations, against MAP-Elites."""
    arms, contrasts = {}, []
    for arm, count in generations.items():
        name = arm.removesuffix(EQUAL).partition("/")[2]
        arms[arm] = config(name, count)
        if arm != OURS:
            contrasts.append(lab.Contrast(OURS, arm))
    policies = ("greedy", "random", "competent")
    return lab.Study(
        name="e010",
        arms=arms,
        seeds=tuple(range(60, 70)),
        episodes=512,
        contrasts=tuple(contrasts),
        baselines={"L1.3": (arms[OURS], policies)} if OURS in arms else {},
        smoke_arms=(OURS, "L1.3/ES", "L1.3/random") if OURS in arms else (),
    )


def seconds(options: lab.Options, results: lab.Results, arm: str) -> float:
    """Seconds per generation of an arm once it is compiled: the median over seeds."""
    rates = []
    for name in results["arms"][arm]["runs"]:
        rows = list(runlog.read_timing(options.runs_dir / name))
        done = [row["generation"] for row in rows]
        spent = sum(row["seconds"] for row in rows[1:])
        rates.append(spent / (done[-1] - done[0]))
    return float(np.median(rates))


def verdict(results: lab.Results) -> list[str]:
    """One line per contrast: does MAP-Elites win, and by how much?"""
    lines = []
    for contrast in results["contrasts"]:
        word = "beats" if contrast["mean"] > 0 else "loses to"
        word = word if is_significant(contrast) else "cannot be told from"
        lines.append(f"MAP-Elites {word} {contrast['theirs']}. {page.say(contrast)}.")
    budget = results["generations"]
    counts = ", ".join(
        f"{arm.partition('/')[2].removesuffix(EQUAL)} {count}"
        for arm, count in budget.items()
        if arm.endswith(EQUAL)
    )
    lines.append(f"Equal time means generations: {counts}; {budget[OURS]} of ours.")
    return lines


def main() -> None:
    """Runs both parts, equal evaluations and then equal wall time; writes the page."""
    options = lab.read_options(pathlib.Path(__file__).parent, __doc__)
    first = dict.fromkeys([OURS, *(f"L1.3/{name}" for name in SEARCHES)], 200)

    def longer(results: lab.Results) -> lab.Study:
        ours = seconds(options, results, OURS)
        equal = {
            arm + EQUAL: max(
                1, round(first[arm] * ours / seconds(options, results, arm))
            )
            for arm in results["arms"]
            if arm != OURS
        }
        results["generations"] = first | equal
        return study(equal)

    results = lab.run_study(study(first), options, longer)
    title = "E010: does an archive find the detour that the gradient misses?"
    page.write(options.out, results, title=title, verdict=verdict(results))


if __name__ == "__main__":
    main()
