"""From words on a command line to the `Options` of a command, by way of tyro.

The flags are the fields of the command's `Options`, of the groups of the config
that it asks for (prefixes left out), and of JAX's and XLA's switches. tyro knows types
and help; ranges, and rules between fields, are looked at afterwards, all at once.
"""

import contextlib
import dataclasses
import functools
import io
import re
import textwrap
import typing
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import tyro

from koki2 import runlog
from koki2.cli import words as words_
from koki2.cli.commands import Command
from koki2.envs.registry import Level, WORLDS
from koki2.session import help_text, printing, schema, settings as settings_
from koki2.session.kinds import kind_of
from koki2.session.objects import ROLES
from koki2.session.processes import ProcessOptions
from koki2.session.startup import JaxOptions, XlaOptions

_World = Annotated[
    tyro.conf.Positional[str],
    tyro.conf.arg(
        help="The world: `koki2 worlds` lists them, gymnax:NAME is one of gymnax, and "
        "FILE.py:NAME one of your own."
    ),
]
_RULES = re.compile(r"^ *-+ *\n", re.MULTILINE)
_TRAILING = re.compile(r" +$", re.MULTILINE)
# Said of the classes made here, it spares tyro the search for their source.
_NO_SOURCE = "builtins"


class Parsed(NamedTuple):
    """A command line, understood and found in order."""

    options: Any
    """The command's `Options`."""
    layers: settings_.AnyLayers
    xla: XlaOptions
    jax: JaxOptions
    processes: ProcessOptions


def parse(command: Command, options: type, argv: Sequence[str]) -> Parsed:
    """Understands the words behind a command.

    Args:
      command: which one.
      options: its `Options`.
      argv: the words.

    Raises:
      SystemExit: help was asked for (0), or tyro could not read the flags (2); either
        way it has been printed.
      InputError: values that are not accepted, all of them.
    """
    fields = {f.name: f for f in dataclasses.fields(options)}
    layered = fields.get("settings")
    behind, other = words_.behind_dashes(options), ()
    if behind is not None:
        argv, other = words_.cut(argv)
    objects = _objects(argv) if layered is not None else {}
    takes = _takes(command, options, layered)
    words = words_.sort(argv, takes)
    needed = _stand_alone(command, options)
    asked = words_.asks_help(argv)
    level = None
    if command.takes_world and words.alone:
        level = settings_.find_level(words.alone[0], objects)
    if asked is not None:
        made = _flags_class(command, options, layered, level, is_help=True)
        _, written = _ask_tyro(command, made, ["--help"])
        usage = " ".join(["koki2", command.name, *needed])
        example = f"koki2 {command.name} {command.example}"
        is_folded = asked == "short"
        printing.say(help_text.help_text(written, usage, example, is_folded=is_folded))
        raise SystemExit(0)
    _check_alone(command, needed, words.alone)
    used = {words_.name_of(word) for word in words.flags if words_.is_flag(word)}
    used = {name if name in takes else name.removeprefix("no_") for name in used}
    only = used if used <= takes.keys() else None  # all, to name the nearest
    made = _flags_class(command, options, layered, level, only=only)
    found, _ = _ask_tyro(command, made, words.in_order)
    own = {n: getattr(found, n) for n in fields if n != "settings"}
    if behind is not None:
        own[behind] = other
    layers = getattr(found, "layers", settings_.Layers())
    xla = getattr(found, "xla", XlaOptions())
    jax = getattr(found, "jax", JaxOptions())
    processes = getattr(found, "processes", ProcessOptions())
    alone = words_.positionals(options)
    lines = [
        f"{alone.get(path[-1], '--' + path[-1].replace('_', '-'))} {text}"
        for path, text in schema.problems(options, own)
    ]
    lines += [
        f"--{path[-1].replace('_', '-')} {text}"
        for group in (xla, jax, processes)
        for path, text in schema.problems(type(group), vars(group))
    ]
    if layered is not None:
        kind = kind_of(layered.metadata["kind"])
        given = _given(found, kind.config, layered.metadata["groups"], words.flags)
        settings, more = settings_.resolve(layers, given, level, kind, objects)
        lines += more
        if settings is not None:
            said = settings_.level_note(settings, level, layered.metadata["groups"])
            own["settings"] = dataclasses.replace(
                settings,
                command=command.name,
                world=level.name if level else "",
                notes=(*said, *settings.notes),
            )
    if lines:
        count = "1 setting" if len(lines) == 1 else f"{len(lines)} settings"
        raise runlog.InputError(
            "\n".join([f"{count} must be changed:", *(f"  {line}" for line in lines)])
        )
    return Parsed(options(**own), layers, xla, jax, processes)


def _takes(
    command: Command, options: type, layered: dataclasses.Field | None
) -> Mapping[str, int]:
    """How many words each flag takes that the command has in some world."""
    kinds = [options, XlaOptions, JaxOptions, ProcessOptions]
    named: dict[str, int] = {}
    if layered is None:
        kinds.append(settings_.Layers)
    else:
        config = kind_of(layered.metadata["kind"]).config()
        groups = layered.metadata["groups"]
        kinds += [settings_.layers_of(layered.metadata["kind"])]
        kinds += [type(getattr(config, group)) for group in groups]
        kinds += [type(world.config) for world in WORLDS.values()]
        flags = getattr(config, "FLAGS", {})
        named = {f: 1 for group in groups for f in flags.get(group, {}).values()}
    return words_.flags_of(kinds) | named


def _stand_alone(command: Command, options: type) -> list[str]:
    """The words that stand alone behind a command, as help calls them."""
    world = ["WORLD"] if command.takes_world else []
    return [*world, *words_.positionals(options).values()]


def _check_alone(command: Command, needed: Sequence[str], alone: Sequence[str]) -> None:
    """Raises InputError unless the words that stand alone are those that must."""
    takes_many = any("..." in name for name in needed)
    if len(alone) < len(needed):
        raise runlog.InputError(
            f"{needed[len(alone)]} is missing: koki2 {command.name} "
            f"{' '.join(needed)} ..., as in koki2 {command.name} {command.example}"
        )
    if needed and len(alone) > len(needed) and not takes_many:
        shown = ", ".join(schema.show(word) for word in alone)
        raise runlog.InputError(
            f"{' '.join(needed)} must be all that stands alone, got {shown}."
        )


def _objects(argv: Sequence[str]) -> dict[str, dict[str, str]]:
    """Declares the objects from outside the package that flags name, by role."""
    values: dict[str, list[str]] = {}
    flag = ""
    for word in argv:
        if word.startswith("--"):
            flag = words_.name_of(word)
            _, sign, value = word.partition("=")
            values[flag] = [value] if sign else []
        elif flag:
            values[flag].append(word)
    objects: dict[str, dict[str, str]] = {}
    for role in ROLES.values():
        words = values.get(role.flag, [])
        words = words if role.is_several else words[:1]
        settings_.declare_objects([(role.flag, words)], objects)
    return objects


def _flags_class(
    command: Command,
    options: type,
    layered: dataclasses.Field | None,
    level: Level | None,
    *,
    is_help: bool = False,
    only: Collection[str] | None = None,
) -> type:
    """`options`, with every flag there is, and checking nothing itself.

    For help, flags show their ranges. Of the config, groups that have none of the flags
    `only` are left out: tyro takes its time over each.
    """
    extra: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    doc = options.__doc__
    if command.takes_world:
        extra.append(("world", _World))
        if level is None:
            doc = f"{doc}\n    Name a world, and its settings are flags, too."
    if layered is not None:
        extra.append(("settings", tyro.conf.Suppress[Any], None))
        layers = settings_.layers_of(layered.metadata["kind"])
        extra.append(("layers", layers, layers()))
        config = kind_of(layered.metadata["kind"]).config
        default = config() if level is None else config(env=level.config)
        knobs = settings_.of_level(level) if level is not None else {}
        for group in layered.metadata["groups"]:
            value = getattr(default, group)
            shared = settings_.shared_names(config, group)
            own = {*schema.hints(type(value)), *shared.values()}
            if only is not None and not own & {*only}:
                continue
            kind = _unchecked(type(value), tuple(shared.items()), is_help)
            values = {**vars(value), **knobs.get(group, {})}
            extra.append((group, kind, kind(**values)))
    if command.starts:
        extra.append(("xla", XlaOptions, XlaOptions()))
    if command.uses_jax:
        extra.append(("jax", JaxOptions, JaxOptions()))
    if command.joins:
        extra.append(("processes", ProcessOptions, ProcessOptions()))
    if is_help:
        extra += _with_ranges(options, without={"settings"})
    return _made(options, extra, {"__doc__": doc})


def _made(base: type, fields: list[Any], names: dict[str, Any]) -> type:
    """A dataclass with more fields, of which tyro does not look for the source."""
    made = dataclasses.make_dataclass(
        base.__name__, fields, bases=(base,), namespace=names, frozen=True, kw_only=True
    )
    made.__module__ = _NO_SOURCE
    return made


@functools.cache
def _unchecked(
    kind: type, shared: tuple[tuple[str, str], ...] = (), is_help: bool = False
) -> type:
    """The class without its checks, and without a flag for what is fixed (`world`).

    `shared` gives the flags of fields that are not called as the field is.
    """
    hide = lambda hint: Annotated[hint, tyro.conf.Fixed, tyro.conf.Suppress]
    fixed: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for name, hint in schema.hints(kind).items():
        if typing.get_origin(hint) is Literal and len(typing.get_args(hint)) == 1:
            fixed.append((name, hide(hint), typing.get_args(hint)[0]))
        elif name == "world":  # of an object: which one says the first word
            fixed.append((name, hide(hint)))
        elif flag := dict(shared).get(name):
            named = Annotated[hint, tyro.conf.arg(name=flag)]
            fixed.append((name, named, kind.__dataclass_fields__[name].default))
    if is_help:
        fixed += _with_ranges(kind, without={name for name, *_ in fixed})
    names = {"__post_init__": lambda self: None, "__doc__": kind.__doc__}
    if not fixed:  # a plain subclass, for making a dataclass takes its time
        return type(kind.__name__, (kind,), names | {"__module__": _NO_SOURCE})
    return _made(kind, fixed, names)


def _with_ranges(kind: type, without: Collection[str]) -> list[Any]:
    """The fields that have a range, with a metavar that says it, but for some."""
    found: list[Any] = []
    for field in dataclasses.fields(kind):
        hint = schema.hints(kind)[field.name]
        metavar = None if field.name in without else help_text.metavar(hint)
        if metavar is not None:
            ranged = Annotated[hint, tyro.conf.arg(metavar=metavar)]
            is_bare = field.default is dataclasses.MISSING
            found.append((field.name, ranged, *([] if is_bare else [field.default])))
    return found


def _given(
    found: Any, config: type, groups: Sequence[str], argv: Sequence[str]
) -> dict[str, Any]:
    """The values of the flags that stand in `argv`, even where they are the default."""
    words = {words_.name_of(word) for word in argv if word[:2] == "--"}
    values: dict[str, Any] = {}
    for group in groups:
        shared = settings_.shared_names(config, group)
        if not hasattr(found, group):
            continue
        for field in dataclasses.fields(getattr(found, group)):
            value = getattr(getattr(found, group), field.name)
            flag = shared.get(field.name, field.name).replace("-", "_")
            said = {flag} | ({f"no_{flag}"} if value is False else set())
            if words & said:
                values.setdefault(group, {})[field.name] = value
    return values


def _ask_tyro(command: Command, kind: type, argv: Sequence[str]) -> tuple[Any, str]:
    """What tyro makes of `argv`, and the help that it writes where that is asked for.

    Raises:
      SystemExit: it could not read the flags, and why has been printed.
    """
    out, err = io.StringIO(), io.StringIO()  # for which tyro draws no boxes
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            found = tyro.cli(
                kind,
                prog=f"koki2 {command.name}",
                args=list(argv),
                config=(
                    tyro.conf.OmitArgPrefixes,
                    tyro.conf.PositionalMetavarFromFieldName,
                ),
                registry=_registry(),
            )
        except SystemExit as end:
            if end.code in (0, None):
                return None, _TRAILING.sub("", out.getvalue())
        else:
            return found, ""
    _, _, text = _RULES.sub("", err.getvalue()).partition("\n")  # a title
    text = textwrap.dedent(_TRAILING.sub("", text)).strip()
    printing.say(f"koki2 {command.name}: {text}", error=True)
    raise SystemExit(2)


def _registry() -> tyro.constructors.ConstructorRegistry:
    """Adds to what tyro can read: `none`, small like all else on a command line."""
    registry = tyro.constructors.ConstructorRegistry()
    none = tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar="none",
        instance_from_str=lambda words: None,
        is_instance=lambda value: value is None,
        str_from_instance=lambda value: ["none"],
        choices=("none", "None"),
    )
    registry.primitive_rule(lambda info: none if info.type is type(None) else None)
    return registry
