"""`koki2 plot` of quality-diversity runs: from run folders to numbers to a page."""

import pathlib
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from koki2 import pictures, runlog
from koki2.cli import exchange
from koki2.evolution.configs import QDConfig

_COLUMNS = ("coverage", "qd_score", "best_fitness", "mean_fitness")


def page(
    runs: Mapping[str, pathlib.Path], dims: Sequence[str] | None
) -> tuple[Any, dict[str, int]]:
    """The page of some runs, and how many generations each has.

    Args:
      runs: the folders, by what to call them.
      dims: over which two descriptors the archive is drawn; None takes the first two.

    Raises:
      InputError: a run without generations; dims that there are not, or for several.
      BrokenRunError: a run that is not as koki2 qd left it.
    """
    configs = {
        name: exchange.of_run(path, wanting="this picture")[0]
        for name, path in runs.items()
    }
    columns = {name: _columns(path, configs[name]) for name, path in runs.items()}
    archive, which, title, note = None, (0, 1), None, None
    if len(runs) == 1:
        ((name, path),) = runs.items()
        config = configs[name]
        which = _which(config.behaviour.descriptors, dims)
        if runlog.read_summary(path) is not None:
            archive = _archive(path, config)
        title = _title(name, config, columns[name], archive)
    elif dims is not None:
        raise runlog.InputError(
            "--dims wants one run, for of several no archive is drawn, got "
            f"{len(runs)} of them."
        )
    elif len({(c.archive, c.behaviour) for c in configs.values()}) > 1:
        note = "Their archives differ, so coverage and QD-scores do not compare."
    figure = pictures.archive_figure(
        columns, archive, dims=which, title=title, note=note
    )
    return figure, {name: len(c["evaluations"]) for name, c in columns.items()}


def _columns(run: pathlib.Path, config: QDConfig) -> dict[str, list[Any]]:
    """The columns that are drawn.

    Raises:
      InputError: no generations yet.
      BrokenRunError: a row that lacks a number.
    """
    found: dict[str, list[Any]] = {name: [] for name in ("evaluations", *_COLUMNS)}
    for i, row in enumerate(runlog.read_rows(run), start=1):
        for name in ("generation", *_COLUMNS):
            value = row.get(name)
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise runlog.BrokenRunError(
                    f"{run}/generations.jsonl, line {i}, should have a number {name}, "
                    f"got {value!r}."
                )
            if name != "generation":
                found[name].append(value)
        tried = (row["generation"] + 1) * config.emitter.batch_size
        found["evaluations"].append(tried)
    if not found["evaluations"]:
        raise runlog.InputError(
            f"{run} has no generations to draw yet; if nobody is writing it, "
            f"koki2 resume {shlex.quote(str(run))} goes on with it."
        )
    return found


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
      InputError: there are none such, or not two.
    """
    if dims is None:
        return 0, 1
    places = [str(b) for b in range(len(names))]
    found = [
        names.index(d) if d in names else places.index(d) if d in places else -1
        for d in dims
    ]
    if len(found) != 2 or -1 in found or found[0] == found[1]:
        known = ", ".join(f"{b} ({name})" for b, name in enumerate(names))
        raise runlog.InputError(
            f"--dims wants two different dimensions of {known}, got {' '.join(dims)}."
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
