"""`koki2 descriptors`: is the behaviour space of a run worth anything?"""

import dataclasses
import math
import pathlib
from collections.abc import Mapping
from typing import Annotated, Any

import tyro
from annotated_types import Ge, Gt, Le

from koki2 import evolution, runlog
from koki2.cli import output, settings
from koki2.cli.settings import Seed
from koki2.evolution.configs import QDConfig

Share = Annotated[float, Ge(0), Le(1)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Judge the descriptors of a run of koki2 qd on unseen lives of its elites.

    The elites live again; all that can be measured of a life is set against the
    descriptors that span the archive. Have the metrics anything in common (sampling
    adequacy, sphericity)? Do the descriptors tell it (reconstruction)? Are those near
    in the archive alike (trustworthiness), and those alike near (continuity)?
    """

    run: tyro.conf.Positional[pathlib.Path]
    """The run folder."""
    samples: Annotated[int, Ge(3), Le(4096)] = 512
    """Elites judged at most, spread evenly over the archive."""
    episodes: Annotated[int, Ge(1)] = 16
    """Lives of each."""
    eval_seed: Seed = 0
    """Which lives."""
    neighbours: Annotated[int, Ge(1)] = 5
    """Size of a neighbourhood."""
    kmo_min: Share = 0.6
    """Least sampling adequacy (Kaiser, Meyer, Olkin)."""
    p_max: Share = 0.05
    """Greatest p-value of Bartlett's test of sphericity."""
    error_max: Annotated[float, Gt(0)] = 0.5
    """Greatest share of the metrics' variance that descriptors may fail to tell."""
    preserved_min: Share = 0.7
    """Least trustworthiness, and least continuity."""
    json: bool = False
    """Print one JSON object instead of a table."""


def run(options: Options) -> int:
    """Judges."""
    config, seed = settings.of_run(options.run)
    if not isinstance(config, QDConfig):
        raise runlog.InputError(
            f"koki2 descriptors wants a run of koki2 qd, for only an archive has "
            f"descriptors; {options.run} is one of evolution."
        )
    if runlog.read_summary(options.run) is None:
        raise runlog.InputError(
            f"{options.run} has no archive yet, as it is not complete: koki2 resume "
            f"{options.run}"
        )
    archive = runlog.read_artifact(options.run, "archive")
    found = _judge(options, config, seed, archive)
    if options.json:
        output.print_json(found)
    else:
        _print(found)
    return 0


def _judge(options: Options, config: QDConfig, seed: int, archive) -> dict[str, Any]:
    import jax
    import numpy as np

    from koki2.measures import DescriptorConfig, judge

    cells = np.flatnonzero(archive["filled"])
    if len(cells) < 3:
        raise runlog.InputError(
            f"koki2 descriptors wants 3 elites or more to compare, got {len(cells)}."
        )
    some = cells[
        np.linspace(0, len(cells) - 1, min(len(cells), options.samples)).astype(int)
    ]
    behaved = evolution.behaviours(
        config,
        seed,
        archive["genome"][some],
        eval_seed=options.eval_seed,
        episodes=options.episodes,
    )
    names = [name for name in behaved if name != "fitness"]
    metrics = np.stack([behaved[name] for name in names], axis=1)
    own = np.stack([behaved[name] for name in config.behaviour.descriptors], axis=1)
    knobs = DescriptorConfig(
        kmo_min=options.kmo_min,
        p_max=options.p_max,
        error_max=options.error_max,
        preserved_min=options.preserved_min,
        preserved_warn=max(options.preserved_min, 0.85),
        neighbours=options.neighbours,
    )
    report = jax.device_get(
        jax.jit(judge, static_argnames="config")(metrics, own, config=knobs)
    )
    drift = np.abs(own - archive["descriptor"][some]).mean(axis=0)
    verdict = dataclasses.asdict(report.verdict)
    return {
        "run": str(options.run),
        "descriptors": list(config.behaviour.descriptors),
        "elites": len(some),
        "episodes": options.episodes,
        "eval_seed": options.eval_seed,
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
        "reconstruction_error": _number(report.told.left_out),
        "reconstruction_best": _number(report.best.left_out),
        "trustworthiness": _number(report.trustworthiness),
        "continuity": _number(report.continuity),
        "unseen_drift": dict(
            zip(config.behaviour.descriptors, map(float, drift), strict=True)
        ),
        "thresholds": {
            "kmo": options.kmo_min,
            "sphericity_p": options.p_max,
            "reconstruction_error": options.error_max,
            "trustworthiness": options.preserved_min,
            "continuity": options.preserved_min,
        },
        "verdict": {name: bool(held) for name, held in verdict.items()},
    }


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _print(found: Mapping[str, Any]) -> None:
    print(
        f"{' x '.join(found['descriptors'])}, {found['elites']} elites in "
        f"{found['episodes']} unseen lives, evaluation seed {found['eval_seed']}"
    )
    held, limits = found["verdict"], found["thresholds"]
    rows = []
    for name, figure, sign, key in (
        ("sampling adequacy (KMO)", "kmo", ">=", "kmo"),
        ("sphericity, p", "sphericity_p", "<=", "sphericity"),
        ("variance not told", "reconstruction_error", "<=", "reconstruction"),
        ("trustworthiness", "trustworthiness", ">=", "trustworthiness"),
        ("continuity", "continuity", ">=", "continuity"),
    ):
        word = "yes" if held[key] else "NO"
        if held.get(f"{key}_doubtful"):
            word = "just"
        rows.append((name, found[figure], f"{sign} {limits[figure]:g}", word))
    output.print_table(("", "figure", "wanted", "held"), rows)
    left = [name for name, metric in found["metrics"].items() if not metric["used"]]
    used = len(found["metrics"]) - len(left)
    print(
        f"{used} metrics"
        + (f"; all alike, so not used: {', '.join(left)}" if left else "")
    )
    best = output.text(found["reconstruction_best"])
    print(f"as many axes chosen for it would leave {best} of the variance untold")
    moved = ", ".join(f"{n} {v:.3f}" for n, v in found["unseen_drift"].items())
    print(f"on unseen lives elites are off their cell by, on average: {moved}")
    passed = "is" if held["passed"] else "is NOT"
    print(f"verdict: this behaviour space {passed} worth exploring by these measures")
