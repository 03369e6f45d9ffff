"""`koki2 descriptors`: is the behaviour space of a run worth anything?"""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le

from koki2 import runlog
from koki2.cli import output
from koki2.cli.arguments import Episodes, Json, RunPath
from koki2.cli.named import Named
from koki2.measures.configs import DescriptorConfig
from koki2.reports import behaviour
from koki2.session import folders
from koki2.session.settings import Seed

Share = Annotated[float, Ge(0), Le(1)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(Named):
    """Judge the descriptors of a run of koki2 qd on unseen lives of its elites.

    The elites live again; all that can be measured of a life is set against the
    descriptors that span the archive. Have the metrics anything in common (sampling
    adequacy, sphericity)? Do the descriptors tell it (reconstruction)? Are those near
    in the archive alike (trustworthiness), and those alike near (continuity)?
    """

    run: RunPath
    samples: Annotated[int, Ge(3), Le(4096)] = 512
    """Elites judged at most, spread evenly over the archive."""
    episodes: Episodes = 16
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
    json: Json = False


def run(options: Options) -> int:
    """Judges."""
    read = folders.with_archive(options.run, "koki2 descriptors", options.given)
    folders.check_complete(options.run, "archive")
    limits = DescriptorConfig(
        kmo_min=options.kmo_min,
        p_max=options.p_max,
        error_max=options.error_max,
        preserved_min=options.preserved_min,
        preserved_warn=max(options.preserved_min, 0.85),
        neighbours=options.neighbours,
    )
    found = {"run": str(options.run)} | behaviour.judge(
        read.config,
        read.seed,
        runlog.read_artifact(options.run, "archive"),
        limits,
        samples=options.samples,
        episodes=options.episodes,
        eval_seed=options.eval_seed,
    )
    output.show(found, options.json, lambda: _print(found))
    return 0


def _print(found: Mapping[str, Any]) -> None:
    title = (
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
    output.print_table(("", "figure", "required", "held"), rows, title=title)
    left = [name for name, metric in found["metrics"].items() if not metric["used"]]
    used = len(found["metrics"]) - len(left)
    alike = f"; all alike, so not used: {', '.join(left)}" if left else ""
    print(f"{used} metrics{alike}")
    best = output.text(found["reconstruction_best"])
    print(f"as many axes chosen for it would leave {best} of the variance untold")
    moved = ", ".join(f"{n} {v:.3f}" for n, v in found["unseen_drift"].items())
    print(f"on unseen lives elites are off their cell by, on average: {moved}")
    passed = "is" if held["passed"] else "is NOT"
    print(f"verdict: this behaviour space {passed} worth exploring by these measures")
