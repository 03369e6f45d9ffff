"""What experiments share: arms, seeds, unseen lives, paired contrasts.

An experiment is data: arms (configs by name), probes (the same genomes with something
changed at evaluation), contrasts (which two to set against each other, seed by seed).
Every arm runs the same seeds, and all genomes live the same unseen lives, so that
contrasts are paired. Used by `experiments.eNNN`; the page is written by `page`.
"""

import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tyro
from koki2.cli.signals import Stop

from koki2 import evolution, runlog
from koki2.cli import drive, startup
from koki2.cli.settings import Settings
from koki2.evolution.configs import Config, QDConfig

METRICS = (
    "fitness",
    "success",
    "t_alive",
    "energy_gained",
    "integrity_lost",
    "abs_dw_mean",
)
EVAL_SEEDS = (424242, 0)


class Probe(NamedTuple):
    """The genomes of an arm, evaluated with some settings of the agent changed."""

    arm: str
    agent: Mapping[str, Any]


class Contrast(NamedTuple):
    """Two arms or probes, paired by seed: is `ours` fitter than `theirs`?"""

    ours: str
    theirs: str


class Study(NamedTuple):
    """An experiment, whole. Genomes judged are the mean genomes; of an archive, the
    best."""

    name: str
    arms: Mapping[str, Config]
    seeds: list[int]
    episodes: int
    probes: Mapping[str, Probe] = {}
    contrasts: tuple[Contrast, ...] = ()
    baselines: Mapping[str, tuple[Config, tuple[str, ...]]] = {}
    """World's name -> a config of it, and the policies to live there."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Run an experiment and write its page."""

    smoke: bool = False
    """A minute's version: that it runs, not what it finds. Writes under runs/."""
    report: bool = False
    """Only write the page anew, from results.json."""
    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where run folders are made."""
    out: pathlib.Path | None = None
    """Where results and page go; none is beside the experiment (smoke: runs_dir)."""


def options(here: pathlib.Path, doc: str | None) -> Options:
    """Reads the command line of the experiment in folder `here`, and prepares JAX."""
    found = tyro.cli(Options, description=doc)
    out = found.out or (found.runs_dir / f"{here.name}_smoke" if found.smoke else here)
    startup.begin(None)
    startup.prepare(startup.XlaOptions(), startup.JaxOptions())
    out.mkdir(parents=True, exist_ok=True)
    return dataclasses.replace(found, out=out)


def results(study: Study, options: Options, more=None) -> dict:
    """Runs a study, or reads what an earlier run of it left.

    Args:
      study: what to run.
      options: how.
      more: a function of what was found to a second study that hangs on it, whose arms,
        probes and contrasts are added.
    """
    path = options.out / "results.json"
    if options.report:
        return json.loads(path.read_text())
    found: dict[str, Any] = {"arms": {}, "probes": {}, "baselines": {}}
    contrasts = list(study.contrasts)
    _run(study, options, found, path)
    if more is not None:
        second = more(found)
        _run(second, options, found, path)
        contrasts += second.contrasts
    found["contrasts"] = [_contrast(found, contrast) for contrast in contrasts]
    _write(path, found)
    return found


def _run(study: Study, options: Options, found: dict, path: pathlib.Path) -> None:
    """Adds a study's arms, probes and baselines to what was found, arm by arm."""
    for name, config in study.arms.items():
        if options.smoke:  # smaller brains compile faster
            agent = dataclasses.replace(config.agent, n_neurons=8, k_edges=4)
            config = dataclasses.replace(config, agent=agent)
        found["arms"][name] = arm(study, options, name, config)
        for probe, (of, agent) in study.probes.items():
            if of == name:
                which = judged(config)[0]
                genomes = _genomes(options, found["arms"][name]["runs"], which)
                changed = dataclasses.replace(config.agent, **agent)
                found["probes"][probe] = _lives(study, config, genomes, changed)
        _write(path, found)
    for world, (config, policies) in study.baselines.items():
        found["baselines"][world] = {p: _scripted(study, config, p) for p in policies}


def arm(study: Study, options: Options, name: str, config: Config) -> dict:
    """One arm: a run per seed, judged on the same unseen lives."""
    print(f"{study.name}: {name}", flush=True)
    built = drive.evolve_many(config, study.seeds)
    with Stop() as stop:
        paths = [
            _search(study, options, config, seed, one, stop)
            for seed, one in zip(study.seeds, built, strict=True)
        ]
    last = [list(runlog.read_rows(path))[-1] for path in paths]
    names = [path.name for path in paths]
    out: dict[str, Any] = {
        "runs": names,
        "env_steps": [row["env_steps"] for row in last],
        "training": [_known(row["mean_fitness"]) for row in last],
    }
    for which in judged(config):
        out[which] = _lives(study, config, _genomes(options, names, which))
    return out


def judged(config: Config) -> tuple[str, ...]:
    """Which genomes of a run are tried on unseen lives, the one that counts first."""
    return ("best",) if isinstance(config, QDConfig) else ("mean", "best")


def values(found: Mapping[str, Any], name: str, metric: str = "fitness") -> np.ndarray:
    """A metric on unseen lives per seed, [seeds], the mean of both eval seeds."""
    lives = found["probes"].get(name)
    if lives is None:
        arm = found["arms"][name]
        lives = arm["mean"] if "mean" in arm else arm["best"]
    return np.mean([lives[seed][metric] for seed in lives], axis=0)


def paired(ours: np.ndarray, theirs: np.ndarray) -> dict[str, float]:
    """Mean difference over seeds, its 95% bootstrap interval, and Cohen's d_z."""
    gap = np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)
    spread = float(np.std(gap, ddof=1)) if len(gap) > 1 else 0.0
    effect = float(np.mean(gap)) / spread if spread > 0 else float("nan")
    return evolution.interval(gap) | {
        "effect": effect if np.isfinite(effect) else None,
        "wins": int(np.sum(gap > 0)),
        "seeds": len(gap),
    }


def _contrast(found: Mapping[str, Any], contrast: Contrast) -> dict[str, Any]:
    ours, theirs = (values(found, name) for name in contrast)
    return {**contrast._asdict(), **paired(ours, theirs)}


def _search(study, options, config, seed, built, stop) -> pathlib.Path:
    settings = Settings(config=config, provenance={})
    with drive.start(study.name, settings, seed, options.runs_dir) as run:
        if not drive.finish(run, built, stop, log_every=1_000_000):
            raise SystemExit(stop.code)
        return run.path


def _genomes(options: Options, runs: list[str], which: str) -> list[dict]:
    return [runlog.read_genome(options.runs_dir / name, which) for name in runs]


def _lives(study, config, genomes, agent=None) -> dict[str, dict[str, list[float]]]:
    """Means over unseen lives: eval seed -> metric -> a number per seed."""
    out = {}
    for eval_seed in EVAL_SEEDS:
        lives = [
            evolution.evaluate_genome(
                config,
                seed,
                genome,
                eval_seed=eval_seed,
                episodes=study.episodes,
                agent=agent,
            )
            for seed, genome in zip(study.seeds, genomes, strict=True)
        ]
        out[str(eval_seed)] = {m: [_mean(x[m]) for x in lives] for m in METRICS}
    return out


def _scripted(study, config, policy: str) -> dict[str, float]:
    lives = [
        evolution.evaluate_baseline(
            config, policy, eval_seed=eval_seed, episodes=study.episodes
        )
        for eval_seed in EVAL_SEEDS
    ]
    return {m: float(np.mean([_mean(x[m]) for x in lives])) for m in METRICS}


def _mean(values) -> float:
    return float(np.mean(values, dtype=np.float64))


def _known(value: float) -> float | None:
    """A number, or None: the mean fitness of a generation of which nobody lived."""
    return value if value == value else None


def _write(path: pathlib.Path, found: dict) -> None:
    path.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
