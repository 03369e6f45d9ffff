"""Pages: what `koki2 plot` draws of runs of one kind, as a matplotlib figure."""

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from koki2 import pictures, runlog
from koki2.reports import heldout
from koki2.reports.series import series
from koki2.session.archive_page import archive_page
from koki2.session.folders import Given, read_folder, RunFolder
from koki2.session.printing import shell_word
from koki2.session.training_page import training_page

FITNESS = (
    "generation",
    "env_steps",
    "best_fitness",
    "generation_best",
    "median_fitness",
    "fitness_q25",
    "fitness_q75",
)


class Page(NamedTuple):
    """A figure, and what is in it."""

    figure: Any
    units: dict[str, int]
    """Units drawn, by run."""
    held_out: dict[str, dict[str, int]]
    """Episodes per eval seed, by run."""


def fitness_page(runs: Mapping[str, RunFolder], dims: Sequence[str] | None) -> Page:
    """Fitness over generations and env-steps, and on unseen episodes.

    Args:
      runs: run folders by what to call them.
      dims: not for this page.

    Raises:
      InputError: no rows yet; or `dims` were given.
    """
    if dims is not None:
        raise runlog.InputError(
            "--dims must be left out: only runs of koki2 qd have an archive."
        )
    columns = {
        name: series(run.path, FITNESS, maybe=("mvt_pass_rate",))
        for name, run in runs.items()
    }
    held_out = {name: heldout.read(run.path) for name, run in runs.items()}
    paths = [run.path for run in runs.values()]
    one = shell_word(paths[0]) if len(paths) == 1 else "RUN"
    figure = pictures.fitness_figure(
        columns,
        {name: lives.intervals for name, lives in held_out.items()},
        heldout.over_runs(held_out),
        advice="What this is worth shows on episodes that search never saw:\n"
        f"koki2 eval-run --run-dir {one} --episodes 512 --seed 0 424242",
    )
    return Page(
        figure,
        {name: len(c["generation"]) for name, c in columns.items()},
        {name: lives.episodes for name, lives in held_out.items()},
    )


def qd_page(runs: Mapping[str, RunFolder], dims: Sequence[str] | None) -> Page:
    """The archive, and its progress over evaluations; see `archive_page`."""
    figure, units = archive_page(runs, dims)
    return Page(figure, units, {})


def _training(runs: Mapping[str, RunFolder], dims: Sequence[str] | None) -> Page:
    """Loss, rate, norm and clipping; see `training_page`."""
    figure, units = training_page(runs, dims)
    return Page(figure, units, {})


class Drawing(NamedTuple):
    """How runs of a kind are drawn."""

    draw: Callable[[Mapping[str, RunFolder], Sequence[str] | None], Page]
    """(runs, dims) -> page."""
    file: str
    """What the picture is called."""
    rows_only: bool
    """Whether it is drawn of rows alone, so that no config is read."""


PAGES = {
    "evo": Drawing(fitness_page, "fitness.png", rows_only=True),
    "qd": Drawing(qd_page, "archive.png", rows_only=False),
    "train": Drawing(_training, "training.png", rows_only=True),
}
"""By kind of run."""


def read(
    paths: Mapping[str, pathlib.Path], given: Given | None = None
) -> tuple[Drawing, dict[str, RunFolder]]:
    """Reads runs that are to be drawn on one page, and finds how.

    Args:
      paths: run folders by what to call them.
      given: objects named on the command line.

    Raises:
      InputError: they are of several kinds, or of one that has no page.
    """
    runs = {n: read_folder(path, rows_only=True) for n, path in paths.items()}
    kinds = {run.kind.name: run.path for run in runs.values()}
    if len(kinds) > 1:
        told = " and ".join(f"{path} is of {kind}" for kind, path in kinds.items())
        raise runlog.InputError(
            "one picture must be of runs of one kind, for others share no curves, but "
            f"{told}."
        )
    (kind,) = kinds
    if kind not in PAGES:
        raise runlog.InputError(f"there is no page for runs of kind {kind}.")
    if not PAGES[kind].rows_only:
        runs = {n: read_folder(path, given) for n, path in paths.items()}
    return PAGES[kind], runs
