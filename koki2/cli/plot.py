"""`koki2 plot`: how runs went, as one picture.

Beside the rows of a run it reads what eval-run left there, in one file per evaluation:

    heldout/evalseed<k>_episodes<n>.json
    {"eval_seed": k, "episodes": n, "lives": {"best": MEAN, "greedy": MEAN, ...}, ...}

with who lived in "lives", and for each MEAN {"mean": ..., "low": ..., "high": ...}.
"""

import dataclasses
import math
import pathlib
import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import tyro
from annotated_types import MinLen

from koki2 import pictures, runlog
from koki2.cli import output, plot_qd
from koki2.runlog import jsontext

_COLUMNS = (
    "generation",
    "env_steps",
    "best_fitness",
    "generation_best",
    "median_fitness",
    "fitness_q25",
    "fitness_q75",
)
_MAYBE = "mvt_pass_rate"  # null where viability is not tested
_HELD_OUT = re.compile(r"evalseed(\d+)_episodes(\d+)\.json")
_ENDS = ("mean", "low", "high")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Draw fitness over generations and over environment steps, and on unseen lives.

    One run is shown with its population; of several runs, each is a thin line, and
    their median and quartiles are bold. Unseen lives are those of koki2 eval-run.

    Of runs of koki2 qd: a map of the archive, if it is one run that is complete, and
    coverage, QD-score and fitness over evaluations.
    """

    runs: Annotated[
        tyro.conf.Positional[tuple[pathlib.Path, ...]],
        MinLen(1),
        tyro.conf.arg(metavar="RUN [RUN ...]"),
    ]
    """The run folders."""
    out: pathlib.Path | None = None
    """Where to, as .png, .svg or .pdf; none is fitness.png, or archive.png of koki2 qd,
    in the folder of the run, or here if there are several. A file that is there is
    replaced."""
    dims: Annotated[tuple[str, ...] | None, tyro.conf.arg(metavar="I J")] = None
    """Of koki2 qd: over which two descriptors to draw the archive, by name or number;
    none takes the first two. Each place shows the fittest over all others."""
    json: bool = False
    """Print one JSON object instead of text."""


def run(options: Options) -> int:
    """Draws."""
    paths = _distinct(options.runs)
    if _are_qd(paths.values()):
        return _run_qd(options, paths)
    if options.dims is not None:
        raise runlog.InputError("--dims wants a run of koki2 qd, which has an archive.")
    columns = {name: _columns(path) for name, path in paths.items()}
    held_out = {name: _held_out(path) for name, path in paths.items()}
    out = _out(options, paths, "fitness.png")
    figure = pictures.fitness_figure(
        columns,
        {name: lives.intervals for name, lives in held_out.items()},
        advice=_advice(list(paths.values())),
    )
    pictures.save(figure, out)
    if options.json:
        rows = {str(paths[name]): len(columns[name]["generation"]) for name in paths}
        seeds = {str(paths[name]): held_out[name].episodes for name in paths}
        output.print_json({"out": str(out), "generations": rows, "held_out": seeds})
    else:
        print(f"wrote {out}")
    return 0


def _run_qd(options: Options, paths: Mapping[str, pathlib.Path]) -> int:
    out = _out(options, paths, "archive.png")
    figure, generations = plot_qd.page(paths, options.dims)
    pictures.save(figure, out)
    short = [p for p in paths.values() if runlog.read_summary(p) is None]
    if options.json:
        rows = {str(paths[name]): count for name, count in generations.items()}
        complete = {str(p): p not in short for p in paths.values()}
        output.print_json({"out": str(out), "generations": rows, "complete": complete})
    else:
        for path in short:
            print(f"{path} has no archive yet, as it is not complete")
        print(f"wrote {out}")
    return 0


def _are_qd(runs: Iterable[pathlib.Path]) -> bool:
    """Whether the runs are of quality-diversity, all or none.

    Raises:
      InputError: some of them.
    """
    kinds = {run: "archive" in runlog.read_config(run)["config"] for run in runs}
    if len(set(kinds.values())) > 1:
        qd, other = (
            next(r for r in kinds if kinds[r] is is_qd) for is_qd in (True, False)
        )
        raise runlog.InputError(
            "one picture wants runs of one kind, for others share no curves, but "
            f"{qd} is of koki2 qd and {other} is not."
        )
    return set(kinds.values()) == {True}


def _out(
    options: Options, paths: Mapping[str, pathlib.Path], name: str
) -> pathlib.Path:
    default = next(iter(paths.values())) if len(paths) == 1 else pathlib.Path()
    return checked_out(options.out, default / name, pictures.FORMATS)


def checked_out(
    out: pathlib.Path | None, default: pathlib.Path, endings: Collection[str]
) -> pathlib.Path:
    """Where a picture goes, once it is sure that it can.

    Raises:
      InputError: another ending, or no folder there.
    """
    path = default if out is None else out
    if path.suffix.lower() not in endings:
        raise runlog.InputError(
            f"--out wants a name in {', '.join(endings)}, got {path}."
        )
    if path.is_dir() or not path.parent.is_dir():
        raise runlog.InputError(
            f"--out wants a file in a folder that is there, got {path}."
        )
    return path


def _distinct(runs: Sequence[pathlib.Path]) -> dict[str, pathlib.Path]:
    """Each run once, by the shortest end of its path that names no other."""
    paths = list({path.resolve(): path for path in runs}.values())
    whole = [path.resolve().parts for path in paths]
    for length in range(1, max(map(len, whole)) + 1):
        names = ["/".join(parts[-length:]) for parts in whole]
        if len(set(names)) == len(names):
            break
    return dict(zip(names, paths, strict=True))


def _columns(run: pathlib.Path) -> dict[str, list[Any]]:
    """The columns that are drawn.

    Raises:
      InputError: no such run, or no generations yet.
      BrokenRunError: a row that lacks a number.
    """
    columns: dict[str, list[Any]] = {name: [] for name in (*_COLUMNS, _MAYBE)}
    for i, row in enumerate(runlog.read_rows(run), start=1):
        for name in _COLUMNS:
            if not _is_number(row.get(name)):
                raise runlog.BrokenRunError(
                    f"{run}/generations.jsonl, line {i}, should have a number {name}, "
                    f"got {row.get(name)!r}; koki2 plot draws runs of evolution."
                )
            columns[name].append(row[name])
        columns[_MAYBE].append(row.get(_MAYBE))
    if not columns["generation"]:
        raise runlog.InputError(
            f"{run} has no generations to draw yet; if nobody is writing it, "
            f"koki2 resume {shlex.quote(str(run))} goes on with it."
        )
    return columns


class _Lives(NamedTuple):
    """Unseen lives of a run, by eval seed."""

    intervals: dict[int, dict[str, tuple[float, float, float]]]
    """By who lived."""
    episodes: dict[str, int]
    """How many; of several evaluations with one seed the largest counts."""


def _held_out(run: pathlib.Path) -> _Lives:
    """Reads heldout/; files of other names are left alone.

    Raises:
      BrokenRunError: a file that is not as the head of this module says.
    """
    found: dict[int, tuple[int, dict[str, Any]]] = {}
    for path in sorted((run / "heldout").glob("*.json")):
        name = _HELD_OUT.fullmatch(path.name)
        if name is None:
            continue
        seed, episodes = int(name[1]), int(name[2])
        value = jsontext.decode(path.read_bytes(), where=str(path))
        lives = value.get("lives") if isinstance(value, dict) else None
        if not isinstance(lives, dict) or not lives:
            raise runlog.BrokenRunError(f'{path} should have an object "lives".')
        if (value.get("eval_seed"), value.get("episodes")) != (seed, episodes):
            raise runlog.BrokenRunError(
                f"{path} should be of the eval seed and episodes of its name, is of "
                f"{value.get('eval_seed')!r} and {value.get('episodes')!r}."
            )
        intervals = {who: _interval(lives[who], f"{path}, {who},") for who in lives}
        if episodes >= found.get(seed, (0, {}))[0]:
            found[seed] = (episodes, intervals)
    return _Lives(
        intervals={seed: intervals for seed, (_, intervals) in found.items()},
        episodes={str(seed): episodes for seed, (episodes, _) in found.items()},
    )


def _interval(value: Any, where: str) -> tuple[float, float, float]:
    ends = [value.get(name) for name in _ENDS] if isinstance(value, dict) else []
    if not ends or not all(_is_number(end) and math.isfinite(end) for end in ends):
        raise runlog.BrokenRunError(
            f"{where} should have finite numbers {', '.join(_ENDS)}, got {value!r:.80}."
        )
    mean, low, high = map(float, ends)
    return mean, low, high


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _advice(runs: Sequence[pathlib.Path]) -> str:
    one = shlex.quote(str(runs[0])) if len(runs) == 1 else "RUN"
    return (
        "What this is worth shows on lives that search never saw:\n"
        f"koki2 eval-run --run-dir {one} --episodes 512 --seed 0 424242"
    )
