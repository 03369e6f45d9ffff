"""The page of quality-diversity runs: archive, coverage, QD-score and fitness."""

import pathlib
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from koki2 import pictures, runlog
from koki2.evolution.configs import QDConfig
from koki2.reports import exchange, unseen_archive
from koki2.reports.series import series
from koki2.session.folders import RunFolder

COLUMNS = ("generation", "coverage", "qd_score", "best_fitness", "mean_fitness")


def archive_page(
    runs: Mapping[str, RunFolder], dims: Sequence[str] | None
) -> tuple[Any, dict[str, int]]:
    """Draws the page of some runs.

    Args:
      runs: the run folders, by what to call them.
      dims: over which two descriptors the archive is drawn; None takes the first two.

    Returns:
      The figure, and how many generations of each run are in it.

    Raises:
      InputError: a run without generations; dims that there are not, or for several.
      BrokenRunError: a run that is not as koki2 qd left it.
    """
    configs = {name: run.config for name, run in runs.items()}
    columns = {name: _columns(run) for name, run in runs.items()}
    archive, which, title, note = None, (0, 1), None, None
    unseen: dict[str, float] = {}
    if len(runs) == 1:
        ((name, run),) = runs.items()
        which = _which(run.config.behaviour.descriptors, dims)
        if run.is_complete:
            archive = _archive(run.path, run.config)
            unseen, note = _unseen(run.path)
        title = _title(name, run.config, columns[name], archive)
    elif dims is not None:
        raise runlog.InputError(
            "--dims must be left out for several runs, of which no archive is drawn, "
            f"got {len(runs)} of them."
        )
    elif len({(c.archive, c.behaviour) for c in configs.values()}) > 1:
        note = "Their archives differ, so coverage and QD-scores do not compare."
    figure = pictures.archive_figure(
        columns, archive, dims=which, title=title, note=note, unseen=unseen
    )
    return figure, {name: len(c["evaluations"]) for name, c in columns.items()}


def _columns(run: RunFolder) -> dict[str, list[Any]]:
    columns = series(run.path, COLUMNS)
    size = run.config.emitter.batch_size
    tried = [(g + 1) * size for g in columns.pop("generation")]
    return {"evaluations": tried, **columns}


def _unseen(run: pathlib.Path) -> tuple[dict[str, float], str]:
    """Coverage and QD-score on unseen episodes, means over eval seeds; and a note."""
    found = unseen_archive.read(run)
    if not found:
        return {}, (
            "What elites are worth shows in episodes that search never saw: koki2 "
            f"descriptors {shlex.quote(str(run))}"
        )
    mean = lambda name: sum(getattr(one, name) for one in found) / len(found)
    kept = mean("in_their_cell")
    note = f"Dashed: in unseen episodes, where {kept:.0%} of elites keep to their cell."
    return {"coverage": mean("coverage"), "qd_score": mean("qd_score")}, note


def _archive(run: pathlib.Path, config: QDConfig) -> tuple[Any, Any]:
    import numpy as np

    found, cut = exchange.archive_of(run, config), config.archive
    space = pictures.Space(
        names=config.behaviour.descriptors,
        low=np.array(cut.low),
        high=np.array(cut.high),
        centre=found["centre"].astype(float),
        shape=cut.shape if cut.archive == "grid" else None,
    )
    fields = ("fitness", "birth", "descriptor", "filled")
    return space, pictures.Elites(**{name: found[name] for name in fields})


def _which(names: Sequence[str], dims: Sequence[str] | None) -> tuple[int, int]:
    """The numbers of two dimensions, given by number or name.

    Raises:
      InputError: one is unknown, or there are not two.
    """
    if dims is None:
        return 0, 1
    numbers = {text: b for b, name in enumerate(names) for text in (str(b), name)}
    found = [numbers.get(word, -1) for word in dims]
    if len(found) != 2 or -1 in found or found[0] == found[1]:
        known = ", ".join(f"{b} ({name})" for b, name in enumerate(names))
        raise runlog.InputError(
            f"--dims must be two different dimensions of {known}, got {' '.join(dims)}."
        )
    return found[0], found[1]


def _title(
    name: str, config: QDConfig, columns: Mapping[str, Sequence[Any]], archive: Any
) -> str:
    count = len(columns["evaluations"])
    short = pictures.short_names([name], limit=60)[0]
    if archive is None:
        total = config.loop.generations
        return f"{short}: {count} of {total} generations; not complete, so no archive"
    filled = archive[1].filled
    said = f"{short}: {count} generation{'s' * (count > 1)}"
    return f"{said}, {int(filled.sum())} of {len(filled)} cells filled"
