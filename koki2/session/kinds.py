"""Kinds of run: what driver, listing, plots and dashboard know of a loop.

A kind is registered once, by the loop's own entry here or by an installed package; who
runs, resumes, replays, lists or draws a run asks its kind. Imports no JAX.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from koki2 import evolution, runlog
from koki2.core.program import Estimate, Program
from koki2.core.registry import load, Registry
from koki2.envs.registry import WORLDS
from koki2.evolution.configs import EvolutionConfig, QDConfig
from koki2.reports.metrics import is_number
from koki2.training.configs import TrainConfig

Row = Mapping[str, Any]


class Column(NamedTuple):
    """A column of rows, for plots, index and dashboard."""

    group: str
    """Columns of one group share an axis."""
    unit: str = ""


class Kind(NamedTuple):
    """One kind of run."""

    name: str
    """Written into config.json."""
    config: type
    """The class of its config: a dataclass of groups."""
    build: Callable[[Sequence[tuple[Any, int]]], list[Program]]
    """(config, seed) of each run -> their programs, which share one compilation; the
    configs differ only in numbers that are data (`core.numbers`)."""
    unit: str
    """What a program counts."""
    streams: Mapping[str, str]
    """Row streams: the file of each, by its name."""
    artifacts: tuple[str, ...]
    """Files of arrays that a complete run leaves; some may be absent."""
    headline: Callable[[Row], dict[str, float]]
    """Last row or summary -> the few values that listings show."""
    columns: Mapping[str, Column]
    """What is known of the columns of "metrics"."""
    work: tuple[str, str] | None = None
    """The column that counts work done since the beginning, and its unit."""
    genomes: tuple[str, ...] = ()
    """Which of best and mean it leaves as genomes; the one that counts first."""
    shape: Callable[[Row], tuple[tuple[str, type], ...]] | None = None
    """Plain config -> the dataclass of every group, where it depends on the values."""
    advice: Callable[[Any, str], str] | None = None
    """(config, run folder as a shell word) -> the command to try next."""
    estimate: Callable[[Any, int], Estimate] | None = None
    """(config, runs in one process) -> what they need; computes nothing."""
    remark: Callable[[Any, Row], str | None] | None = None
    """(config, summary) -> what went wrong with a complete run, in place of advice; or
    None."""


KINDS: Registry[Kind] = Registry("kind of run", "koki2.kinds")
"""Every kind of run; installed packages add theirs as entry points koki2.kinds."""


def kind_of(name: str) -> Kind:
    """Finds a kind.

    Raises:
      InputError: none is registered under that name.
    """
    try:
        return KINDS.find(name)
    except ValueError as error:
        raise runlog.InputError(
            f"{error} An installed package may be missing."
        ) from None


def build(kind: Kind, runs: Sequence[tuple[Any, int]]) -> list[Program]:
    """Builds programs of a kind.

    Raises:
      InputError: a config from which no program can be built.
    """
    with runlog.raising(runlog.InputError):
        return kind.build(runs)


def _numbers(row: Row, *names: str) -> dict[str, float]:
    return {name: row[name] for name in names if is_number(row.get(name))}


def _with_world(config: type) -> Callable[[Row], tuple[tuple[str, type], ...]]:
    """The groups of a config whose env is of the class that its world says."""

    def shape(values: Row) -> tuple[tuple[str, type], ...]:
        groups = {name: type(value) for name, value in vars(config()).items()}
        env = values.get("env")
        world = env.get("world") if isinstance(env, Mapping) else None
        if isinstance(world, str):
            with runlog.raising(runlog.InputError):
                groups["env"] = type(WORLDS.find(world).config)
        return tuple(groups.items())

    return shape


def _evaluate_next(config: Any, run: str) -> str:
    from koki2 import envs

    has_map = envs.has_map(envs.make(config.env))
    policy = "greedy" if has_map else "random"  # without a map: nothing to go after
    return (
        f"koki2 eval-run --run-dir {run} --episodes 512 --seed 0 "
        f"--baseline-policy {policy}"
    )


def _empty_archive(config: QDConfig, summary: Row) -> str | None:
    if summary.get("coverage") != 0:
        return None
    low, high = config.archive.low, config.archive.high
    tried, outside = config.emitter.batch_size, summary.get("outside")
    return (
        f"the archive is empty: no genome that lived whole episodes behaved within low "
        f"{low} and high {high}; of the {tried} of the last generation {outside} were "
        f"outside and {summary.get('not_finite')} failed."
    )


_BEST = dict.fromkeys(
    ("best_fitness", "generation_best", "mean_fitness"), Column("fitness")
)
_SPREAD = dict.fromkeys(
    ("median_fitness", "fitness_q25", "fitness_q75"), Column("fitness")
)
_COMMON = {
    "generation": Column("count", "generations"),
    "env_steps": Column("count", "steps"),
    "mvt_pass_rate": Column("share"),
}

_EVO = Kind(
    name="evo",
    config=EvolutionConfig,
    build=lambda runs: evolution.build_many(runs),
    unit="generation",
    streams={"metrics": "generations.jsonl"},
    artifacts=("best_genome", "mean_genome"),
    headline=lambda row: _numbers(row, "best_fitness", "mean_fitness"),
    columns={**_COMMON, **_BEST, **_SPREAD, "mean_norm": Column("norm")},
    work=("env_steps", "env-steps"),
    genomes=("mean", "best"),
    shape=_with_world(EvolutionConfig),
    advice=_evaluate_next,
    estimate=lambda config, runs: evolution.estimate(config, runs),
)
_QD = _EVO._replace(
    name="qd",
    config=QDConfig,
    artifacts=("archive", "best_genome"),
    headline=lambda row: _numbers(
        row, "best_fitness", "mean_fitness", "coverage", "qd_score"
    ),
    columns={
        **_COMMON,
        **_BEST,
        "coverage": Column("share"),
        "qd_score": Column("qd-score"),
    },
    genomes=("best",),
    remark=_empty_archive,
    shape=_with_world(QDConfig),
)
_LOSS, _NORM = Column("loss", "nats a token"), Column("norm")
_TRAIN = Kind(
    name="train",
    config=TrainConfig,
    build=lambda runs: load("koki2.session.trainings:build_trainings")(runs),
    unit="step",
    streams={
        "metrics": "metrics.jsonl",
        "evaluations": "evaluations.jsonl",
        "samples": "samples.jsonl",
    },
    artifacts=("best_model", "last_model", "tokenizer"),
    headline=lambda row: _numbers(row, "loss", "val_loss", "lr", "grad_norm"),
    columns={
        "step": Column("count", "steps"),
        "tokens": Column("count", "tokens"),
        **dict.fromkeys(("loss", "val_loss", "best_val_loss"), _LOSS),
        "lr": Column("rate"),
        "lr_factor": Column("share"),
        "grad_norm": _NORM,
        **dict.fromkeys(("clip_coef", "clip_pct", "clipped_share"), Column("share")),
        "skipped": Column("count", "steps"),
    },
    work=("tokens", "tokens"),
    advice=lambda config, run: f"koki2 generate {run} --tokens 200",
    estimate=lambda config, runs: load("koki2.session.training_plan:estimate")(
        config, runs
    ),
)
for _kind in (_EVO, _QD, _TRAIN):
    KINDS.register(_kind.name, _kind)
