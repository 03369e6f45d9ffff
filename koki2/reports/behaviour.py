"""Is the behaviour space of an archive worth anything? Its verdict, in plain values."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from koki2 import evolution, runlog
from koki2.evolution.configs import QDConfig
from koki2.measures.configs import DescriptorConfig
from koki2.reports import unseen_archive


def judge(
    config: QDConfig,
    seed: int,
    archive: Mapping[str, Any],
    limits: DescriptorConfig,
    *,
    samples: int,
    episodes: int,
    eval_seed: int,
) -> dict[str, Any]:
    """Judges the descriptors of an archive on unseen episodes of its elites.

    Args:
      config: of the run.
      seed: of the run.
      archive: its arrays.
      limits: what must be reached.
      samples: elites judged at most, spread evenly over the archive.
      episodes: of each.
      eval_seed: which.

    Raises:
      InputError: fewer than three elites.
      BrokenRunError: elites with genes that are not finite numbers.
    """
    import jax
    import numpy as np

    from koki2.measures import judge as judge_space

    cells = np.flatnonzero(archive["filled"])
    if len(cells) < 3:
        raise runlog.InputError(
            f"the archive must have 3 elites or more to compare, got {len(cells)}."
        )
    which = {"eval_seed": eval_seed, "episodes": episodes}
    with runlog.raising(runlog.BrokenRunError, "the archive should be of agents, but "):
        every = evolution.behaviours(config, seed, archive["genome"][cells], **which)
    again = unseen_archive.measure_again(config, archive, every, **which)
    chosen = np.linspace(0, len(cells) - 1, min(len(cells), samples)).astype(int)
    some = cells[chosen]
    behaved = {name: values[chosen] for name, values in every.items()}
    names = [name for name in behaved if name != "fitness"]
    metrics = np.stack([behaved[name] for name in names], axis=1)
    own = np.stack([behaved[name] for name in config.behaviour.descriptors], axis=1)
    judged = jax.jit(judge_space, static_argnames="config")
    report = jax.device_get(judged(*jax.device_put((metrics, own)), config=limits))
    drift = np.abs(own - archive["descriptor"][some]).mean(axis=0)
    verdict = dataclasses.asdict(report.verdict)
    return {
        "descriptors": list(config.behaviour.descriptors),
        "elites": len(some),
        "episodes": episodes,
        "eval_seed": eval_seed,
        "metrics": {
            name: {"used": bool(used), "kmo": _number(each)}
            for name, used, each in zip(
                names, report.used, report.kmo_each, strict=True
            )
        },
        "enough_samples": bool(report.enough_samples),
        "singular": bool(report.singular),
        "kmo": _number(report.kmo),
        "sphericity_chi2": _number(report.chi2),
        "sphericity_df": _number(report.df),
        "sphericity_p": _number(report.p),
        "reconstruction_error": _number(report.from_descriptors.left_out),
        "reconstruction_best": _number(report.best.left_out),
        "trustworthiness": _number(report.trustworthiness),
        "continuity": _number(report.continuity),
        "unseen_drift": dict(
            zip(config.behaviour.descriptors, map(float, drift), strict=True)
        ),
        "archive": {
            "in_training": _in_training(config, archive),
            "unseen": again._asdict(),
        },
        "thresholds": {
            "kmo": limits.kmo_min,
            "sphericity_p": limits.p_max,
            "reconstruction_error": limits.error_max,
            "trustworthiness": limits.preserved_min,
            "continuity": limits.preserved_min,
        },
        "verdict": {name: bool(held) for name, held in verdict.items()},
    }


def _in_training(config: QDConfig, archive: Mapping[str, Any]) -> dict[str, float]:
    """Coverage and QD-score as search saw them."""
    import numpy as np

    filled = archive["filled"]
    worth = archive["fitness"][filled].astype(np.float64) - config.archive.qd_offset
    return {"coverage": float(np.mean(filled)), "qd_score": float(np.sum(worth))}


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
