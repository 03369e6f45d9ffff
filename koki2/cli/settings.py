"""Settings: defaults < level < preset < file < flags, and where each came from.

A command that wants them has a field `settings: Settings = layered("env", ...)`; see
`commands`. Provenance, by dotted path: "default", "level:NAME", "preset:NAME",
"file:PATH", "flag".
"""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le

from koki2 import runlog
from koki2.cli import files, schema
from koki2.cli.presets import PRESETS
from koki2.envs.configs import ChemotaxisConfig
from koki2.envs.registry import Level, WORLDS
from koki2.evolution.configs import (
    Config,
    EvolutionConfig,
    kind_of,
    QDConfig,
    shaped,
)
from koki2.search import check_strategy

GROUPS = tuple(field.name for field in dataclasses.fields(EvolutionConfig))
"""Every group of settings of an evolution."""
QD_GROUPS = tuple(field.name for field in dataclasses.fields(QDConfig))
"""Every group of settings of a quality-diversity run."""
Seed = Annotated[int, Ge(0), Le(2**31 - 1)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """A config and where each of its values came from."""

    config: Config
    provenance: Mapping[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layers:
    """Where settings come from: defaults < preset < config file < flags."""

    preset: Literal["none", *PRESETS] = "none"
    """Settings that belong together, by name."""
    config: pathlib.Path | None = None
    """A file of settings, .toml or .json, in a table per group ([env], [agent],
    [search], [fitness], ...); or the config.json of a run."""
    print_config: bool = False
    """Print all settings, and where each came from, and do nothing else."""


def layered(*groups: str) -> Any:
    """The field of an `Options` that holds settings; `groups` of them become flags."""
    return dataclasses.field(default=None, metadata={"groups": groups})


def resolve(
    layers: Layers,
    flags: Mapping[str, Mapping[str, Any]],
    level: Level | None = None,
    base: type = EvolutionConfig,
) -> tuple[Settings | None, list[str]]:
    """Lays the layers over each other, and says what will not do.

    Args:
      layers: which preset, which file.
      flags: the values of the flags that were given, by group and field.
      level: the world; None is chemotaxis, as it is from the box.
      base: the class of the config.

    Returns:
      The settings, or None if something will not do; and what, a line for each.

    Raises:
      InputError: a config file that cannot be read at all.

    Example:
      >>> found, problems = resolve(Layers(preset="smoke"), {"search": {"lr": 0.1}})
      >>> found.config.loop.generations, found.provenance["loop.generations"]
      (5, 'preset:smoke')
      >>> found.provenance["search.lr"], found.provenance["search.sigma"], problems
      ('flag', 'default', [])
    """
    world = ChemotaxisConfig if level is None else type(level.config)
    kind = shaped(world, base)
    groups = set(schema.hints(kind))  # levels and presets know of other searches too
    own = lambda values: {g: table for g, table in values.items() if g in groups}
    given: list[tuple[str, Mapping[str, Any]]] = []
    if level is not None:
        given.append((f"level:{level.name}", own(of_level(level))))
    if layers.preset != "none":
        given.append((f"preset:{layers.preset}", own(PRESETS[layers.preset])))
    if layers.config is not None:
        given.append((f"file:{layers.config}", files.read_config(layers.config)))
    given.append(("flag", flags))
    merged = dataclasses.asdict(kind())
    provenance = {".".join(p): "default" for p in schema.names(kind)}
    lines = []
    for source, values in given:
        faults = schema.problems(kind, values)
        lines += [_line(fault, source) for fault in faults]
        bad = {fault.path for fault in faults}
        for group, name, value in _leaves(values):
            if not bad & {(group,), (group, name)}:
                merged[group][name] = value
                provenance[f"{group}.{name}"] = source
            elif group in merged:
                merged[group].pop(name, None)  # neither good nor the default
    config, more = _build(kind, merged)
    lines += more
    if lines or config is None:
        return None, lines
    return Settings(config=config, provenance=provenance), lines


def of_level(level: Level) -> dict[str, dict[str, Any]]:
    """What a level sets otherwise than its world and everything else does."""
    plain, set_ = dataclasses.asdict(type(level.config)()), {}
    for name, value in dataclasses.asdict(level.config).items():
        if value != plain[name]:
            set_[name] = value
    return {"env": set_, **level.settings}


def of_run(run: str | pathlib.Path) -> tuple[Config, int]:
    """The config and the seed of a run folder.

    Raises:
      InputError: there is no such folder.
      BrokenRunError: it is no run of evolution, or its config is not for this koki2.
    """
    manifest = runlog.read_manifest(run)
    config = of_config(runlog.read_config(run)["config"], where=str(run))
    if not isinstance(manifest.get("seed"), int):
        raise runlog.BrokenRunError(f"the manifest of {run} should have a seed.")
    return config, manifest["seed"]


def of_config(values: dict[str, Any], *, where: str) -> Config:
    """A config from the plain values in a run folder.

    Raises:
      BrokenRunError: a value is missing, or will not do.
    """
    world = values["env"].get("world") if isinstance(values.get("env"), dict) else None
    known = WORLDS.get(world) if isinstance(world, str) else None
    world = ChemotaxisConfig if known is None else type(known.config)
    kind = shaped(world, kind_of(values))
    faults = schema.problems(kind, values)
    lines = [f"{'.'.join(path)} {text}" for path, text in faults]
    for group, name in schema.names(kind):
        table = values.get(group)
        if not isinstance(table, dict) or name not in table:
            lines.append(f"{group}.{name} is missing")
    config = None
    if not lines:
        config, lines = _build(kind, values)
    if config is None:
        raise runlog.BrokenRunError(
            f"{where} should have a config.json that this koki2 understands:\n"
            + "\n".join(f"  {line}" for line in dict.fromkeys(lines))
        )
    return config


def _build(shape: type, values: Mapping[str, Any]) -> tuple[Config | None, list[str]]:
    """The config, if the rules that tie several fields are kept; else what is not.

    A group in which a field is missing was at fault already, and is passed over.
    """
    groups, lines = {}, []
    for name, kind in schema.hints(shape).items():
        table = values[name]
        if len(table) < len(dataclasses.fields(kind)):
            continue
        try:
            groups[name] = kind(**schema.as_declared(kind, table))
            if name == "search":
                check_strategy(table["strategy"], table["pop_size"])
        except ValueError as error:
            lines.append(f"{name}: {error}")
    if len(groups) < len(dataclasses.fields(shape)):
        return None, lines
    try:
        return kind_of(groups)(**groups), lines
    except ValueError as error:
        return None, [*lines, str(error)]


def _leaves(values: Mapping[str, Any]):
    for group, table in values.items():
        if isinstance(table, Mapping):
            for name, value in table.items():
                yield group, name, value


def _line(fault: schema.Problem, source: str) -> str:
    kind, _, name = source.partition(":")
    origin = name or f"--{fault.path[-1].replace('_', '-')}"
    return f"{'.'.join(fault.path)} {fault.text} ({origin})"
