"""Golden files: a set of runs as people write it, and the digests beside it.

    NAME.toml           the set: a sweep file, or several under [[case]], with names
    NAME.digests.json   an entry per environment: its facts, and what every run came to

The cells of one case that share a program are built together, as a sweep does it.
Imports no JAX.
"""

import dataclasses
import pathlib
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from koki2 import runlog
from koki2.core.configs import plain
from koki2.runlog import atomic, digests, jsontext, opening, variables
from koki2.runlog.manifest import check as check_manifest
from koki2.session import files, schema, sweep_file, xla_flags
from koki2.session.sweep_cells import Cell

_FORMAT = 1
_MAX_BYTES = 2**26
_KIND = re.compile(r"\((.*)\)$")  # of a device, behind its name
_VECTORS = ("avx512f", "avx2", "avx", "sve2", "sve", "asimd")
_KEPT = ("git", "versions", "platform", "cpu", "devices", "environment", "strict_bits")


class GoldenSet(NamedTuple):
    """What a set file asks for."""

    path: pathlib.Path
    runs: dict[str, Cell]
    """By name: the case, its settings and the seed."""
    together: list[list[str]]
    """The names of the runs that share a program and are built together."""

    @property
    def digests(self) -> pathlib.Path:
        """Where the digests are."""
        return self.path.with_suffix(".digests.json")


@dataclasses.dataclass(frozen=True, kw_only=True)
class RowDigests:
    """What the rows of a stream were."""

    columns: dict[str, str]
    """The digest of every column over all rows; rows are compared in these columns."""
    units: dict[str, str]
    """The digest of the rows of every unit, as of generation 3."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunDigests:
    """What a run came to."""

    kind: str
    seed: int
    config: str
    """The name of its config in the entry."""
    objects: dict[str, dict[str, str]]
    """From outside the package, by role."""
    rows: dict[str, RowDigests]
    """By stream."""
    artifacts: dict[str, dict[str, str]]
    """By artifact and array."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """The digests of one environment."""

    environment: dict[str, Any]
    """The facts of a manifest that may change bits."""
    written: list[dict[str, Any]]
    """When it was written and why, and which runs moved."""
    configs: dict[str, dict[str, Any]]
    runs: dict[str, RunDigests]


def read_set(path: pathlib.Path, *, named: Collection[str] | None = None) -> GoldenSet:
    """Reads a set file. What it names as FILE.py:NAME is looked for beside it.

    Args:
      path: the file, .toml or .json.
      named: the objects from outside koki2 that may be loaded; None: all.

    Raises:
      InputError: all that is wrong with it.
    """
    values = files.read_config(path)
    runs: dict[str, Cell] = {}
    together: list[list[str]] = []
    for name, case in _cases(values, path).items():
        where = f"{path}, case {name}" if name else str(path)
        plan = sweep_file.plan(case, where=where, named=named, root=path.parent)
        by_shape: dict[str, list[str]] = {}
        for cell in plan.cells:
            label = f"{name}: {cell.label}" if name else cell.label
            runs[label] = cell
            by_shape.setdefault(cell.shape, []).append(label)
        together += by_shape.values()
    return GoldenSet(path, runs, together)


def _cases(
    values: Mapping[str, Any], path: pathlib.Path
) -> dict[str, Mapping[str, Any]]:
    """The sweeps of a file, by the name of each; a file that is one has no names."""
    if "case" not in values:
        return {"": values}
    cases, beside = values["case"], sorted(values.keys() - {"case"})
    if not isinstance(cases, list) or not all(isinstance(c, Mapping) for c in cases):
        raise runlog.InputError(
            f"{path}: case must be tables, each written under [[case]]."
        )
    if beside or not cases:
        raise runlog.InputError(
            f"{path} must hold [[case]] tables and nothing beside them, got "
            f"{', '.join(beside) or 'none'}."
        )
    names = [case.get("name") for case in cases]
    if len({*map(str, names)}) < len(names) or not all(
        isinstance(name, str) and name for name in names
    ):
        raise runlog.InputError(
            f"{path}: every case must have a name, a different text each, got "
            f"{schema.show(names)}."
        )
    without = [{k: v for k, v in case.items() if k != "name"} for case in cases]
    return dict(zip(names, without, strict=True))


def config_name(cell: Cell) -> str:
    """The name under which an entry keeps the config of a run."""
    return jsontext.digest(plain(cell.config))[: digests.SHORT]


def read_entries(path: pathlib.Path) -> list[Entry]:
    """Reads the digests of all environments; none where there is no such file.

    Raises:
      BrokenRunError: it is not what `write_entries` wrote.
    """
    if not opening.is_there(path):
        return []
    import pydantic

    values = jsontext.decode(
        opening.read_bytes(path, limit=_MAX_BYTES), where=str(path)
    )
    if not isinstance(values, dict) or values.get("format") != _FORMAT:
        raise runlog.BrokenRunError(
            f"{path} should hold digests of format {_FORMAT}, as koki2 golden make "
            "writes them."
        )
    try:
        entries = pydantic.TypeAdapter(list[Entry]).validate_python(values["entries"])
    except (KeyError, pydantic.ValidationError) as error:
        raise runlog.BrokenRunError(
            f"{path} should hold digests as koki2 golden make writes them, but does "
            f"not: {_first_line(error)}."
        ) from error
    for entry in entries:
        check_manifest(entry.environment, str(path))
        variables.check(entry.environment.get("environment", {}), path)
        unknown = {run.config for run in entry.runs.values()} - entry.configs.keys()
        if unknown:
            raise runlog.BrokenRunError(
                f"{path} should have the config of every run, lacks "
                f"{', '.join(sorted(unknown))}."
            )
    return entries


def _first_line(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    if errors is None:
        return f"it has no {error}"
    first = errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def write_entries(path: pathlib.Path, entries: list[Entry]) -> None:
    """Writes the digests of all environments, whole or not at all."""
    plain_entries = [dataclasses.asdict(entry) for entry in entries]
    atomic.write_json(path, {"format": _FORMAT, "entries": plain_entries})


def environment(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry keeps of a manifest: what may change bits."""
    kept = {name: facts[name] for name in _KEPT}
    for section, name in (("platform", "release"), ("cpu", "count")):
        kept[section] = {n: v for n, v in kept[section].items() if n != name}
    return kept


def key(environment: Mapping[str, Any]) -> dict[str, Any]:
    """What makes environments the same, as far as bits are promised, in plain values.

    The number of devices does not count, nor do the XLA flags that koki2 sets itself.

    Example:
      >>> facts = {"devices": ["TFRT_CPU_0 (cpu)", "TFRT_CPU_1 (cpu)"]}
      >>> key(facts)["devices"], key(facts)["instruction set"]
      ('cpu', 'any')
    """
    section = lambda name: environment.get(name) or {}
    flags = section("cpu").get("flags") or ()
    devices = environment.get("devices") or ()
    kinds = {match[1] for match in map(_KIND.search, devices) if match}
    heard = dict(section("environment"))
    heard["XLA_FLAGS"] = xla_flags.without_fast(heard.get("XLA_FLAGS", ""))
    return {
        "system": section("platform").get("system"),
        "machine": section("platform").get("machine"),
        "instruction set": next((name for name in _VECTORS if name in flags), "any"),
        "jax": section("versions").get("jax"),
        "jaxlib": section("versions").get("jaxlib"),
        "devices": ", ".join(sorted(kinds)),
        "strict bits": environment.get("strict_bits"),
        **{name: value for name, value in sorted(heard.items()) if value},
    }


def nearest(
    entries: list[Entry], current: Mapping[str, Any]
) -> tuple[Entry, list[str]]:
    """The entry made in the environment that is most like this one.

    Args:
      entries: one or more.
      current: the environment of this process.

    Returns:
      The entry, and what keeps it from being of this environment, in words; nothing
      where it is.
    """

    def apart(entry: Entry) -> tuple[int, int]:
        facts = runlog.differences(entry.environment, dict(current))
        return len(_differences(entry.environment, current)), len(facts)

    entry = min(entries, key=apart)
    return entry, _differences(entry.environment, current)


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    then, now = key(then), key(now)
    names = dict.fromkeys([*then, *now])
    show = lambda value: "none" if value in (None, "") else value
    return [
        f"{name}: {show(then.get(name))} then, {show(now.get(name))} now"
        for name in names
        if then.get(name) != now.get(name)
    ]
