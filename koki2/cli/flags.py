"""From words on a command line to the `Options` of a command, by way of tyro.

The flags are the fields of the command's `Options`, of the groups of the config
that it asks for (prefixes left out), and of JAX's and XLA's switches. tyro knows types
and help; ranges, and rules between fields, are looked at afterwards, all at once.
"""

import contextlib
import dataclasses
import functools
import io
import os
import re
import sys
import textwrap
import typing
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import tyro

from koki2 import runlog
from koki2.cli.commands import Command
from koki2.envs.registry import Level
from koki2.session import schema, settings as settings_
from koki2.session.kinds import kind_of
from koki2.session.objects import ROLES
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
    layers: settings_.Layers
    xla: XlaOptions
    jax: JaxOptions


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
    objects = _objects(argv) if layered is not None else {}
    level = _level(command, argv, objects)
    found = _tyro(command, _flags_class(command, options, layered, level), argv)
    if command.takes_world and (level is None or found.world != level.name):
        settings_.find_level(found.world, {})  # says that there is none
        raise runlog.InputError(
            f"the world must be the first word, got {found.world!r} behind others."
        )
    own = {n: getattr(found, n) for n in fields if n != "settings"}
    layers = getattr(found, "layers", settings_.Layers())
    xla = getattr(found, "xla", XlaOptions())
    jax = getattr(found, "jax", JaxOptions())
    lines = [
        f"--{path[-1].replace('_', '-')} {text}"
        for path, text in schema.problems(options, own)
    ]
    if layered is not None:
        kind = kind_of(layered.metadata["kind"])
        given = _given(found, kind.config, layered.metadata["groups"], argv)
        settings, more = settings_.resolve(layers, given, level, kind, objects)
        lines += more
        if settings is not None:
            about = {"command": command.name, "world": level.name if level else ""}
            own["settings"] = dataclasses.replace(settings, **about)
    if lines:
        count = "1 setting" if len(lines) == 1 else f"{len(lines)} settings"
        raise runlog.InputError(
            "\n".join([f"{count} must be changed:", *(f"  {line}" for line in lines)])
        )
    return Parsed(options(**own), layers, xla, jax)


def _objects(argv: Sequence[str]) -> dict[str, dict[str, str]]:
    """Declares the objects from outside the package that flags name, by role."""
    values: dict[str, list[str]] = {}
    flag = ""
    for word in argv:
        if word.startswith("--"):
            flag, sign, value = word.partition("=")
            flag = flag.removeprefix("--").replace("-", "_")
            values[flag] = [value] if sign else []
        elif flag:
            values[flag].append(word)
    objects: dict[str, dict[str, str]] = {}
    for role in ROLES.values():
        words = values.get(role.flag, [])
        words = words if role.is_several else words[:1]
        settings_.declare_objects([(role.flag, words)], objects)
    return objects


def _level(
    command: Command, argv: Sequence[str], objects: dict[str, dict[str, str]]
) -> Level | None:
    """The world that the words name, where the command is about one.

    Raises:
      InputError: there is no such world, or it cannot be told which word it is.
    """
    if not command.takes_world:
        return None
    words = [word for word in argv if not word.startswith("-")]
    if words and argv[0] == words[0]:
        return settings_.find_level(words[0], objects)
    # Behind flags, whose values are words too.
    names = [word for word in words if _is_level(word)]
    if len(names) > 1:
        raise runlog.InputError(
            f"the world must be the first word where several name one, got "
            f"{' and '.join(names)}."
        )
    return settings_.find_level(names[0], objects) if names else None


def _is_level(word: str) -> bool:
    with contextlib.suppress(runlog.InputError):
        return bool(settings_.find_level(word, {}))
    return False


def _flags_class(
    command: Command,
    options: type,
    layered: dataclasses.Field | None,
    level: Level | None,
) -> type:
    """`options`, with every flag there is, and checking nothing itself."""
    extra: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    doc = options.__doc__
    if command.takes_world:
        extra.append(("world", _World))
        doc = f"{doc}\n    Name the world first: its settings are then flags."
    if layered is not None:
        extra.append(("settings", tyro.conf.Suppress[Any], None))
        extra.append(("layers", settings_.Layers, settings_.Layers()))
        config = kind_of(layered.metadata["kind"]).config
        default = config() if level is None else config(env=level.config)
        knobs = settings_.of_level(level) if level is not None else {}
        for group in layered.metadata["groups"]:
            value = getattr(default, group)
            shared = shared_names(config, group)
            kind = _unchecked(type(value), tuple(shared.items()))
            values = {**vars(value), **knobs.get(group, {})}
            extra.append((group, kind, kind(**values)))
    if command.starts:
        extra.append(("xla", XlaOptions, XlaOptions()))
    if command.uses_jax:
        extra.append(("jax", JaxOptions, JaxOptions()))
    return _made(options, extra, {"__doc__": doc})


def _made(base: type, fields: list[Any], names: dict[str, Any]) -> type:
    """A dataclass with more fields, of which tyro does not look for the source."""
    made = dataclasses.make_dataclass(
        base.__name__, fields, bases=(base,), namespace=names, frozen=True, kw_only=True
    )
    made.__module__ = _NO_SOURCE
    return made


def shared_names(config: type, group: str) -> dict[str, str]:
    """The flags of those fields that an earlier group has too, by field: with a prefix.

    Example:
      >>> from koki2.evolution.configs import QDConfig
      >>> shared_names(QDConfig, "rungs")
      {'novelty_k': 'rungs-novelty-k'}
    """
    groups = vars(config())
    before = list(groups)[: list(groups).index(group)]
    taken = {f.name for g in before for f in dataclasses.fields(groups[g])} - {"world"}
    own = [f.name for f in dataclasses.fields(groups[group]) if f.name in taken]
    return {name: f"{group}-{name}".replace("_", "-") for name in own}


@functools.cache
def _unchecked(kind: type, shared: tuple[tuple[str, str], ...] = ()) -> type:
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
    names = {"__post_init__": lambda self: None, "__doc__": kind.__doc__}
    if not fixed:  # a plain subclass, for making a dataclass takes its time
        return type(kind.__name__, (kind,), names | {"__module__": _NO_SOURCE})
    return _made(kind, fixed, names)


def _given(
    found: Any, config: type, groups: Sequence[str], argv: Sequence[str]
) -> dict[str, Any]:
    """The values of the flags that stand in `argv`, even where they are the default."""
    words = {w[2:].partition("=")[0].replace("-", "_") for w in argv if w[:2] == "--"}
    values: dict[str, Any] = {}
    for group in groups:
        shared = shared_names(config, group)
        for field in dataclasses.fields(getattr(found, group)):
            value = getattr(getattr(found, group), field.name)
            flag = shared.get(field.name, field.name).replace("-", "_")
            said = {flag} | ({f"no_{flag}"} if value is False else set())
            if words & said:
                values.setdefault(group, {})[field.name] = value
    return values


def _tyro(command: Command, kind: type, argv: Sequence[str]) -> Any:
    """What tyro makes of `argv`; what it prints is plain unless a terminal reads it."""
    example = f"example: koki2 {command.name} {command.example}"
    is_plain = "NO_COLOR" in os.environ or not sys.stderr.isatty()
    out, err = io.StringIO(), io.StringIO()  # for which tyro draws no boxes
    with contextlib.ExitStack() as stack:
        if is_plain:
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(contextlib.redirect_stderr(err))
        try:
            return tyro.cli(
                kind,
                prog=f"koki2 {command.name}",
                args=list(argv),
                config=(tyro.conf.OmitArgPrefixes,),
                registry=_registry(),
            )
        except SystemExit as end:
            stack.close()
            if end.code in (0, None):
                print(_TRAILING.sub("", out.getvalue()) + example)
            elif is_plain:
                _, _, text = _RULES.sub("", err.getvalue()).partition("\n")  # a title
                text = textwrap.dedent(_TRAILING.sub("", text)).strip()
                print(f"koki2 {command.name}: {text}", file=sys.stderr)
            raise


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
