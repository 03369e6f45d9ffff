"""Settings: defaults < level < preset < file < flags, and where each came from.

A command that has them has a field `settings: Settings = layered("evo")`; see
`commands`. Provenance, by dotted path: "default", "level:NAME", "preset:NAME",
"file:PATH", "flag".
"""

import dataclasses
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le

from koki2 import runlog
from koki2.envs.registry import find, Level, WORLDS
from koki2.session import files, objects as objects_, schema
from koki2.session.kinds import Kind, kind_of
from koki2.session.presets import chosen, DOMAINS, PRESETS, TRAINING
from koki2.session.printing import printable

Seed = Annotated[int, Ge(0), Le(2**31 - 1)]


_BY_FLAG = {role.flag: name for name, role in objects_.ROLES.items()}
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")

Layer = tuple[str, Mapping[str, Any]]
"""Where settings come from, and their values by group and field."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """A config and where each of its values came from."""

    kind: Kind
    config: Any
    provenance: Mapping[str, str] = dataclasses.field(default_factory=dict)
    objects: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    """From outside the package, by role."""
    command: str = ""
    """The koki2 command that they are for."""
    world: str = ""
    """The name of the level."""
    notes: tuple[str, ...] = ()
    """What to say before anything is done with them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layers:
    """Where settings come from: defaults < preset < config file < flags."""

    preset: Literal["none", *PRESETS] = "none"  # pyrefly: ignore[invalid-literal]  # its names are those of a table
    """Settings that belong together, by name."""
    config: pathlib.Path | None = None
    """A file of settings, .toml or .json, in a table per group ([env], [agent],
    [search], [fitness], ...); or the config.json of a run."""
    print_config: bool = False
    """Print all settings, and where each came from, and do nothing else."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingLayers:
    """Where settings come from: defaults < domain < preset < config file < flags."""

    domain: Literal["none", *DOMAINS] = "none"  # pyrefly: ignore[invalid-literal]  # its names are those of a table
    """What the text is like: text (bytes), chars, or chat (with tokens of roles)."""
    preset: Literal["none", *TRAINING] = "none"  # pyrefly: ignore[invalid-literal]  # its names are those of a table
    """Settings that belong together, by name: tiny (seconds), char (nanoGPT's recipe
    for processors), small (10 M parameters)."""
    config: pathlib.Path | None = None
    """A file of settings, .toml or .json, in a table per group ([data], [model],
    [optimizer], [training], ...); or the config.json of a run."""
    print_config: bool = False
    """Print all settings, and where each came from, and do nothing else."""


AnyLayers = Layers | TrainingLayers
_LAYERS: Mapping[str, type[AnyLayers]] = {"train": TrainingLayers}


def layers_of(kind: str) -> type[AnyLayers]:
    """The class of the layers that settings of a kind of run have."""
    return _LAYERS.get(kind, Layers)


def label(settings: Settings) -> str | None:
    """What tells runs of one command apart in the names of their folders.

    Returns:
      The world and what searches in it, in letters that every file system takes; None
      of a command without a choice of world.
    """
    if not settings.world:
        return None
    chosen = [
        getattr(getattr(settings.config, group, None), field, None)
        for group, field in (("search", "strategy"), ("emitter", "emitter"))
    ]
    words = [pathlib.PurePath(word).name for word in (settings.world, *chosen) if word]
    safe = [_UNSAFE.sub("-", word).strip("-._")[:28] for word in words]
    return "_".join(word for word in safe if word) or None


def layered(kind: str, *groups: str) -> Any:
    """The field of an `Options` that holds settings of a kind of run.

    Args:
      kind: the name of the kind.
      *groups: those of its config that become flags; none given: all.
    """
    groups = groups or tuple(f.name for f in dataclasses.fields(kind_of(kind).config))
    return dataclasses.field(default=None, metadata={"kind": kind, "groups": groups})


def resolve(
    layers: AnyLayers,
    flags: Mapping[str, Mapping[str, Any]],
    level: Level | None = None,
    kind: Kind | None = None,
    objects: Mapping[str, Mapping[str, str]] | None = None,
) -> tuple[Settings | None, list[str]]:
    """Lays the layers over each other, and says what is not accepted.

    Args:
      layers: which preset, which file.
      flags: the values of the flags that were given, by group and field.
      level: the world; None is chemotaxis, as it is from the box.
      kind: the kind of run; None is evo.
      objects: from outside the package, by role.

    Returns:
      The settings, or None if something is not accepted; and what, a line for each. A
      flag that nothing reads in such a run is not accepted.

    Raises:
      InputError: a config file that cannot be read at all.

    Example:
      >>> found, problems = resolve(Layers(preset="smoke"), {"search": {"lr": 0.1}})
      >>> found.config.loop.generations, found.provenance["loop.generations"]
      (5, 'preset:smoke')
      >>> found.provenance["search.lr"], found.provenance["search.sigma"], problems
      ('flag', 'default', [])
    """
    kind = kind or kind_of("evo")
    given: list[Layer] = [
        (source, _own(kind, values)) for source, values in chosen(kind.name, layers)
    ]
    if layers.config is not None:
        given.append((f"file:{layers.config}", files.read_config(layers.config)))
    laid = lay(kind, level, [*given, ("flag", flags)], objects or {})
    return laid if laid[0] is None else _without_unread(laid[0])


def lay(
    kind: Kind,
    level: Level | None,
    layers: Sequence[Layer],
    objects: Mapping[str, Mapping[str, str]],
) -> tuple[Settings | None, list[str]]:
    """Lays settings over the defaults of a kind and a level.

    Args:
      kind: the kind of run.
      level: the world; None is the kind's own default.
      layers: origin and values by group and field, the later over the earlier.
      objects: from outside the package, by role.

    Returns:
      As `resolve`.
    """
    base, layers = vars(kind.config()), list(layers)
    if level is not None:
        base = base | {"env": _default(level)}
        layers.insert(0, (f"level:{level.name}", _own(kind, of_level(level))))
    shape = tuple((name, type(group)) for name, group in base.items())
    merged = {name: dataclasses.asdict(group) for name, group in base.items()}
    provenance = {".".join(p): "default" for p in schema.names(shape)}
    lines = []
    for source, values in layers:
        faults = schema.problems(shape, values)
        lines += [_line(kind.config, fault, source) for fault in faults]
        bad = {fault.path for fault in faults}
        for group, name, value in _leaves(values):
            if not bad & {(group,), (group, name)}:
                merged[group][name] = value
                provenance[f"{group}.{name}"] = source
            elif group in merged:
                merged[group].pop(name, None)  # neither good nor the default
    config, more = schema.construct(kind.config, shape, merged)
    if lines or config is None:
        return None, lines + more
    settings = Settings(
        kind=kind, config=config, provenance=provenance, objects=objects
    )
    return settings, []


def _without_unread(settings: Settings) -> tuple[Settings | None, list[str]]:
    """Refuses flags that nothing reads; notes such values of a file or a preset."""
    config, lines, notes = settings.config, [], []
    unread: dict[str, str] = getattr(config, "unread", dict)()
    if world := getattr(getattr(config, "env", None), "world", None):
        for group, names in WORLDS.find(world).ignores.items():
            unread |= {f"{group}.{name}": f"world is {world}" for name in names}
    for name, why in unread.items():
        group, _, field = name.partition(".")
        source, table = settings.provenance[name], getattr(config, group)
        value = getattr(table, field)
        line = f"{name} is not read where {why}; leave it out"
        if source == "flag":
            lines.append(f"{line} ({_origin(type(config), source, [group, field])})")
        elif source.startswith(("file:", "preset:", "domain:")):
            if value != type(table).__dataclass_fields__[field].default:
                notes.append(
                    f"{line} ({_origin(type(config), source, [group, field])})"
                )
    if lines:
        return None, lines
    return dataclasses.replace(settings, notes=tuple(notes)), []


def shared_names(config: type, group: str) -> dict[str, str]:
    """The flags of those fields that are not called as the field is, by field.

    Such that an earlier group has too have a prefix; others are named by `FLAGS` of
    the config.

    Example:
      >>> from koki2.evolution.configs import QDConfig
      >>> shared_names(QDConfig, "rungs")
      {'novelty_k': 'rungs-novelty-k'}
    """
    groups = vars(config())
    before = list(groups)[: list(groups).index(group)]
    taken = {f.name for g in before for f in dataclasses.fields(groups[g])} - {"world"}
    own = [f.name for f in dataclasses.fields(groups[group]) if f.name in taken]
    prefixed = {name: f"{group}-{name}".replace("_", "-") for name in own}
    return prefixed | dict(getattr(config, "FLAGS", {}).get(group, {}))


def find_level(
    text: str,
    objects: dict[str, dict[str, str]],
    root: pathlib.Path = pathlib.Path(),
) -> Level:
    """Finds a level by name; one from outside the package joins `objects`.

    Args:
      text: its name.
      objects: those from outside the package, by role.
      root: the folder from which their files are looked for.

    Raises:
      InputError: there is no such world, file or module.
    """
    if named_objects([("world", text)]):
        objects["world"] = objects_.declare("world", text, root=root)
    with runlog.raising(runlog.InputError):
        return find(text)


def declare_objects(
    values: Iterable[tuple[str, Any]],
    objects: dict[str, dict[str, str]],
    root: pathlib.Path = pathlib.Path(),
) -> None:
    """Declares the objects from outside the package that settings name.

    Args:
      values: field, or flag, and value.
      objects: what is declared joins these, by role.
      root: the folder from which their files are looked for.

    Raises:
      InputError: no such file or module.
    """
    for name, value in values:
        role = _BY_FLAG.get(name)
        if role is None or role == "world":
            continue
        for number, text in enumerate(named_objects([(name, value)]), 1):
            key = role if number == 1 else f"{role} {number}"
            objects[key] = objects_.declare(role, text, root=root)


def named_objects(values: Iterable[tuple[str, Any]]) -> list[str]:
    """The objects from outside the package that settings name; none is looked for.

    Example:
      >>> named_objects([("strategy", "mine.py:keep"), ("world", "gymnax:CartPole-v1")])
      ['mine.py:keep']
    """
    found = []
    for name, value in values:
        several = value if isinstance(value, tuple | list) else [value]
        found += [
            text
            for text in several
            if name in _BY_FLAG
            and isinstance(text, str)
            and objects_.is_reference(text)
            and not (name == "world" and _is_ours(text))
        ]
    return found


def _is_ours(world: str) -> bool:
    """Whether the name of a world begins as ours do, or those of gymnax."""
    return world.partition(":")[0] in {each.prefix for each in WORLDS.values()}


def _own(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the groups that a kind has; levels and presets know of others too."""
    groups = vars(kind.config())
    return {name: table for name, table in values.items() if name in groups}


def of_level(level: Level) -> dict[str, Mapping[str, Any]]:
    """What a level sets otherwise than its world and everything else does."""
    plain = dataclasses.asdict(_default(level))
    values = dataclasses.asdict(level.config)
    changed = {name: v for name, v in values.items() if v != plain[name]}
    return {"env": changed, **level.settings}


def level_note(
    settings: Settings, level: Level | None, groups: Sequence[str]
) -> tuple[str, ...]:
    """Says which settings of a level are in force, where there are any.

    Args:
      settings: what `resolve` made of the level.
      level: the world.
      groups: those that the command reads.
    """
    if level is None:
        return ()
    words = [
        f"{name} {getattr(getattr(settings.config, group), name)}"
        for group, table in level.settings.items()
        for name in table
        if group in groups
        and settings.provenance.get(f"{group}.{name}") == f"level:{level.name}"
    ]
    if not words:
        return ()
    return (printable(f"settings of the level {level.name}: {', '.join(words)}"),)


def _default(level: Level) -> Any:
    """The config of a level's world as it is from the box."""
    return WORLDS.find(level.config.world).config


def _leaves(values: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for group, table in values.items():
        if isinstance(table, Mapping):
            for name, value in table.items():
                yield group, name, value


def _line(config: type, fault: schema.Problem, source: str) -> str:
    return f"{fault.name} {fault.text} ({_origin(config, source, fault.path)})"


def _origin(config: type, source: str, path: Sequence[str]) -> str:
    """Where a value came from, as errors name it: a file, a preset, or a flag."""
    name = printable(source.partition(":")[2])
    if name:
        return name
    names = shared_names(config, path[0]) if len(path) > 1 else {}
    return f"--{names.get(path[-1], path[-1]).replace('_', '-')}"
