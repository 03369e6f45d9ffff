"""What a command says at the end of a run: a few lines, or facts for `--json`."""

import shlex
from typing import Any

from koki2 import runlog


def facts(run: runlog.Run) -> dict[str, Any]:
    """A run in plain values, for `--json`."""
    return {
        "run": str(run.path),
        "seed": run.manifest["seed"],
        "status": "interrupted" if run.summary is None else "complete",
        "summary": run.summary,
    }


def print_end(run: runlog.Run) -> None:
    """Says how a run ended, and what to do next."""
    path = shlex.quote(str(run.path))
    if run.summary is None:
        print(f"stopped: {run.path} has all it needs to go on")
        print(f"next: koki2 resume {path}")
        return
    found = [f"complete: {run.summary['generations']} generations"]
    for name in ("best_fitness", "mean_fitness"):
        if isinstance(value := run.summary.get(name), float):
            found.append(f"{name} {value:.4f}")
    if isinstance(coverage := run.summary.get("coverage"), float):
        found.append(f"coverage {coverage:.1%}")
        found.append(f"qd_score {run.summary['qd_score']:.1f}")
    print(", ".join(found))
    print(f"run: {run.path}")
    mapless = run.config["env"]["world"] == "gymnax_world"  # nothing to be greedy for
    print(
        f"next: koki2 eval-run --run-dir {path} --episodes 512 --seed 0 "
        f"--baseline-policy {'random' if mapless else 'greedy'}"
    )
