"""Curricula: genomes carried from an easier level to a harder one of the same senses.

Every stage has the settings of the last level, and starts from the mean genome of the
stage before of the same seed. A stage is a run folder, and is not run twice.
"""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import koki2
from experiments.lab.study import small
from koki2 import evolution, runlog
from koki2.envs.registry import find
from koki2.evolution.configs import EvolutionConfig
from koki2.reports import heldout
from koki2.session import sweep_file

GENERATIONS = 600  # of all stages together
ARM = "curriculum"


class Stage(NamedTuple):
    """A world to evolve in for a while."""

    level: str
    easier: Mapping[str, Any] = MappingProxyType({})
    """Knobs of the world in which it is otherwise than the level."""


STAGES: Mapping[str, tuple[Stage, ...]] = MappingProxyType(
    {
        "two-needs-l2.0": (
            Stage(
                "two-needs-l2.0", {"energy_decay": 0.0125, "hydration_decay": 0.0125}
            ),
            Stage("two-needs-l2.0"),
        ),
        "trade-offs-l2.1": (
            Stage("trade-offs-l2.1", {"energy_decay": 0.01, "hydration_decay": 0.01}),
            Stage("trade-offs-l2.1"),
        ),
        "layout-shift-l2.2": (
            Stage("layout-shift-l2.2", {"energy_decay": 0.0125, "swaps_within": False}),
            Stage("layout-shift-l2.2"),
        ),
        "moving-needs-l4.2": (Stage("two-needs-l2.0"), Stage("moving-needs-l4.2")),
        "family-l5": (
            Stage("chemotaxis-l0.1"),
            Stage("chemotaxis-l0.2"),
            Stage("chemotaxis-l1.0"),
            Stage("family-l5"),
        ),
    }
)
"""The stages that lead to each level."""


def configs(level: str, *, smoke: bool = False) -> list[EvolutionConfig]:
    """The config of each stage that leads to a level, which is the last.

    Example:
      >>> [config.env.world for config in configs("moving-needs-l4.2")]
      ['two_needs', 'moving_needs']
    """
    (cell,) = sweep_file.plan({"world": level}, where=ARM).cells
    found = []
    for stage in STAGES[level]:
        env = dataclasses.replace(find(stage.level).config, **stage.easier)
        loop = dataclasses.replace(
            cell.config.loop,
            generations=GENERATIONS // len(STAGES[level]),
            checkpoint_every=20,
        )
        config = dataclasses.replace(cell.config, env=env, loop=loop)
        found.append(small(config) if smoke else config)
    return found


def seconds(level: str, seeds: Sequence[int], *, smoke: bool = False) -> float:
    """Estimates what a whole curriculum takes."""
    needs = [evolution.estimate(c, len(seeds)) for c in configs(level, smoke=smoke)]
    return sum(each.seconds for each in needs)


def run(
    level: str, seeds: Sequence[int], root: pathlib.Path, *, smoke: bool = False
) -> list[pathlib.Path]:
    """Runs what is left of the curriculum of a level.

    Args:
      level: where it leads.
      seeds: of the lineages.
      root: folder of the run folders, LEVEL/STAGE_seedSEED.
      smoke: the minute's version.

    Returns:
      The run folder of the last stage of each seed.

    Raises:
      KeyboardInterrupt: it was stopped; the same call goes on.
      InputError: a folder is of another curriculum.
    """
    paths: list[pathlib.Path] = []
    for number, config in enumerate(configs(level, smoke=smoke), 1):
        runs = [(config, seed) for seed in seeds]
        if paths:
            before = [runlog.read_genome(path, "mean") for path in paths]
            programs = evolution.build_from(runs, before)
        else:
            programs = evolution.build_many(runs)
        paths = [root / level / f"{number}_seed{seed}" for seed in seeds]
        for path, program in zip(paths, programs, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            koki2.run(program, out=path, progress=False)
    return paths


def evaluate(
    level: str,
    paths: Sequence[pathlib.Path],
    seeds: Sequence[int],
    *,
    eval_seed: int,
    episodes: int,
    smoke: bool = False,
) -> None:
    """Evaluates the mean genomes of the last stage, and keeps that in their folders."""
    which = {"eval_seed": eval_seed, "episodes": episodes}
    judge = evolution.judge(configs(level, smoke=smoke)[-1])
    for path, seed in zip(paths, seeds, strict=True):
        if "mean" not in heldout.read_means(path, eval_seed, episodes):
            heldout.keep(
                path, heldout.live(judge, path, ("mean",), seed, **which), **which
            )
