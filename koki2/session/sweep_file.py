"""Sweep files: from the values in a TOML or JSON file to the cells of a sweep.

    kind = "evo"                       # default
    world = "chemotaxis-l0.2"

    [search]                           # base settings, in a table per group
    pop_size = 32

    [grid]                             # every combination
    "search.sigma" = [0.05, 0.1]
    seed = [0, 1, 2]

    [zip]                              # first with first, second with second
    "loop.generations" = [20, 40]
    "loop.episodes" = [8, 4]

    [[list]]                           # one table per choice
    label = "plastic"
    "agent.plast_enabled" = true

    [slurm]                            # what jobs of a cluster are given
    partition = "gpu"

Settings lie over each other: defaults < world < base < axes. Imports no JAX.
"""

import dataclasses
import itertools
import math
import pathlib
import shlex
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from koki2 import runlog
from koki2.envs.registry import Level
from koki2.session import schema, settings as settings_
from koki2.session.kinds import Kind, kind_of
from koki2.session.slurm_config import SlurmConfig
from koki2.session.sweep_cells import Cell

Point = dict[str, Any]
"""Values by field: GROUP.FIELD, seed, world or label."""

_AXES = ("grid", "zip", "list")
_WORDS = ("kind", "world", "slurm", *_AXES)
_MAX_CELLS = 10_000
_SEED = dataclasses.make_dataclass("Seed", [("seed", settings_.Seed)])


class Plan(NamedTuple):
    """What a sweep file asks for."""

    kind: Kind
    cells: list[Cell]
    settings: list[str]
    """The columns that tell its configs apart, in the order of the file."""
    slurm: SlurmConfig = SlurmConfig()
    """What its jobs are given, where it is run as jobs."""


def plan(
    values: Mapping[str, Any],
    *,
    where: str,
    named: Collection[str] | None = None,
    root: pathlib.Path = pathlib.Path(),
) -> Plan:
    """Makes the cells of a sweep.

    Args:
      values: what the file holds.
      where: what to call it in errors.
      named: the objects from outside koki2 that may be loaded; None stands for all that
        the values name, for a caller in Python wrote these itself.
      root: the folder from which the files of such objects are looked for.

    Raises:
      InputError: all that is wrong with it.

    Example:
      >>> grid = {"search.sigma": [0.1, 0.2], "seed": [0, 1]}
      >>> sigmas = plan({"grid": grid}, where="sigma.toml")
      >>> [cell.label for cell in sigmas.cells][1:3]
      ['search.sigma 0.1, seed 1', 'search.sigma 0.2, seed 0']
    """
    problems: list[str] = []
    kind = _kind(values.get("kind", "evo"), where)
    axes = _axes(values, problems)
    slurm = _slurm(values.get("slurm", {}), problems)
    base = {name: value for name, value in values.items() if name not in _WORDS}
    count = math.prod(len(axis) for axis in axes)
    if count > _MAX_CELLS:
        problems.append(f"there must be at most {_MAX_CELLS} cells, got {count}.")
    if problems:
        raise _bad(where, problems)
    choices = itertools.product(*axes)
    points = [{n: v for part in choice for n, v in part.items()} for choice in choices]
    settings = list(dict.fromkeys(name for axis in axes for name in _shown(axis)))
    cells: dict[str, Cell] = {}
    made: dict[str, dict[str, Any] | None] = {}
    for point in points:
        seed = point.pop("seed", 0)
        key = repr(sorted(point.items()))
        if key not in made:
            world = point.get("world", values.get("world"))
            made[key] = None
            if not _unnamed(world, base, point, named, problems):
                made[key] = _facts(
                    kind, world, base, point, settings, where, root, problems
                )
        facts = made[key]
        faults = schema.problems(_SEED, {"seed": seed})
        problems += [f"seed {fault.text}" for fault in faults]
        if facts is not None and not faults:
            cell = Cell(kind=kind.name, seed=seed, **facts)
            if cells.setdefault(cell.folder, cell) is not cell:
                problems.append(
                    f"two cells must not be the same: {cell.label} is there twice."
                )
    if problems:
        raise _bad(where, problems)
    return Plan(kind, list(cells.values()), settings, slurm)


def _kind(name: Any, where: str) -> Kind:
    if not isinstance(name, str):
        raise _bad(where, [f"kind must be a name, got {schema.show(name)}"])
    try:
        return kind_of(name)
    except runlog.InputError as error:
        raise _bad(where, [f"kind: {error}"]) from None


def _bad(where: str, problems: list[str]) -> runlog.InputError:
    lines = list(dict.fromkeys(problems))
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    return runlog.InputError(
        "\n".join([f"{where} has {count}:", *(f"  {line}" for line in lines)])
    )


def _slurm(table: Any, problems: list[str]) -> SlurmConfig:
    """What jobs are given; what is wrong with it joins `problems`."""
    if not isinstance(table, Mapping):
        problems.append(f"slurm must be a table, got {schema.show(table)}.")
        return SlurmConfig()
    faults = schema.problems(SlurmConfig, table)
    problems += [f"slurm.{fault.name} {fault.text}" for fault in faults]
    try:
        return SlurmConfig(**({} if faults else schema.as_declared(SlurmConfig, table)))
    except ValueError as error:
        problems += [f"slurm.{line}" for line in str(error).split("\n")]
        return SlurmConfig()


def _axes(values: Mapping[str, Any], problems: list[str]) -> list[list[Point]]:
    """The axes of a file, each a list of points; what is wrong joins `problems`."""
    axes: list[list[Point]] = []
    table = values.get("list", [])
    if not isinstance(table, list) or not all(isinstance(p, Mapping) for p in table):
        problems.append("list must be tables, each written under [[list]].")
    elif table:
        axes.append([_flat(point) for point in table])
        _check_labels(axes[0], problems)
    zipped, grid = (_lists(values, name, problems) for name in ("zip", "grid"))
    lengths = {name: len(column) for name, column in zipped.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        problems.append(f"lists of zip must be equally long, got {shown}.")
    elif zipped:
        rows = zip(*zipped.values(), strict=True)
        axes.append([dict(zip(zipped, row, strict=True)) for row in rows])
    axes += [[{name: value} for value in column] for name, column in grid.items()]
    named = [{name for point in axis for name in point} for axis in axes]
    for one, other in itertools.combinations(named, 2):
        for name in sorted(one & other):
            problems.append(f"{name} must be on one axis, is on two.")
    return axes


def _lists(
    values: Mapping[str, Any], axis: str, problems: list[str]
) -> dict[str, list[Any]]:
    """The lists of grid or zip by field; nested tables are the same as dotted names."""
    table = values.get(axis, {})
    if not isinstance(table, Mapping):
        problems.append(f"{axis} must be a table of lists, got {schema.show(table)}.")
        return {}
    columns = _flat(table)
    for name, column in columns.items():
        if not isinstance(column, list) or not column:
            problems.append(
                f"{axis}: {name} must be a list of one value or more, got "
                f"{schema.show(column)}."
            )
    return {n: c for n, c in columns.items() if isinstance(c, list)}


def _check_labels(points: list[Point], problems: list[str]) -> None:
    labels = [point["label"] for point in points if "label" in point]
    if labels and (
        len(labels) < len(points)
        or not all(isinstance(label, str) for label in labels)
        or len(set(labels)) < len(labels)
    ):
        problems.append(
            "label must be given for every table of list or for none, a different text "
            f"each, got {schema.show(labels)}."
        )


def _flat(table: Mapping[str, Any]) -> Point:
    return {".".join(path): value for path, value in schema.leaves(table)}


def _shown(axis: list[Point]) -> Iterator[str]:
    """The fields of an axis that a table shows; a label stands for all of a point."""
    if any("label" in point for point in axis):
        yield "label"
        return
    for point in axis:
        yield from (name for name in point if name != "seed")


def _facts(
    kind: Kind,
    world: Any,
    base: Mapping[str, Any],
    point: Point,
    settings: list[str],
    where: str,
    root: pathlib.Path,
    problems: list[str],
) -> dict[str, Any] | None:
    """What the cells of a point share; None where it is not accepted."""
    objects: dict[str, dict[str, str]] = {}
    given = _nested({n: v for n, v in point.items() if n not in ("world", "label")})
    try:
        for layer in (base, given):
            fields = ((n.rpartition(".")[2], v) for n, v in _flat(layer).items())
            settings_.declare_objects(fields, objects, root)
        level = _level(kind, world, objects, root)
    except runlog.InputError as error:
        problems.append(str(error))
        return None
    source = f"sweep:{where}"
    layers = [(source, base), (source, given)]
    found, lines = settings_.lay(kind, level, layers, objects)
    if found is None:
        at = ", ".join(f"{name} {value}" for name, value in point.items())
        for line in lines:
            fault = line.removesuffix(f" ({where})")  # of one value, which it shows
            problems.append(fault if fault != line or not at else f"{line} (at {at})")
        return None
    return {
        "config": found.config,
        "settings": {n: _setting(n, found.config, point, world) for n in settings},
        "provenance": found.provenance,
        "objects": objects,
    }


def _unnamed(
    world: Any,
    base: Mapping[str, Any],
    point: Point,
    named: Collection[str] | None,
    problems: list[str],
) -> list[str]:
    """The objects of a point that nothing but the file names; they join `problems`."""
    flat = [*_flat(base).items(), *_flat(point).items(), ("world", world)]
    found = settings_.named_objects((n.rpartition(".")[2], v) for n, v in flat)
    unnamed = [] if named is None else [text for text in found if text not in named]
    if unnamed:
        again = " ".join(map(shlex.quote, dict.fromkeys(unnamed)))
        problems.append(
            f"{unnamed[0]} is from outside koki2; what a file names is not loaded "
            f"unless the command line names it again: --objects {again}"
        )
    return unnamed


def _level(
    kind: Kind, world: Any, objects: dict[str, Any], root: pathlib.Path
) -> Level | None:
    if world is None:
        return None
    if "env" not in vars(kind.config()):
        raise runlog.InputError(
            f"world must be left out: runs of {kind.name} have none."
        )
    if not isinstance(world, str):
        raise runlog.InputError(f"world must be a name, got {schema.show(world)}")
    return settings_.find_level(world, objects, root)


def _nested(point: Point) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in point.items():
        group, _, field = name.rpartition(".")
        table = nested.setdefault(group, {}) if group else nested
        if isinstance(table, dict):  # else both GROUP and GROUP.FIELD: GROUP is bad
            table[field] = value
    return nested


def _setting(name: str, config: Any, point: Point, world: Any) -> Any:
    """The value of a field as the config has it."""
    if name in ("world", "label"):
        return point.get(name, world if name == "world" else None)
    value = config
    for part in name.split("."):
        value = getattr(value, part, None)  # not every world has every field
    return list(value) if isinstance(value, tuple) else value
