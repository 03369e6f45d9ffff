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
import typing
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import tyro

from koki2 import runlog
from koki2.cli import schema, settings as settings_
from koki2.cli.commands import Command
from koki2.cli.startup import JaxOptions, XlaOptions
from koki2.envs.registry import find, Level
from koki2.evolution.configs import kind_of

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
      InputError: values that will not do, all of them.
    """
    level = _level(command, argv)
    found = _tyro(command, _flags_class(command, options, level), argv)
    fields = {f.name: f for f in dataclasses.fields(options)}
    layered = next((f for f in fields.values() if "groups" in f.metadata), None)
    own = {n: getattr(found, n) for n in fields if layered is not fields[n]}
    layers = getattr(found, "layers", settings_.Layers())
    xla = getattr(found, "xla", XlaOptions())
    jax = getattr(found, "jax", JaxOptions())
    lines = [
        f"--{path[-1].replace('_', '-')} {text}"
        for path, text in schema.problems(options, own)
    ]
    if layered is not None:
        given = _given(found, layered.metadata["groups"], argv)
        base = kind_of(layered.metadata["groups"])
        own[layered.name], more = settings_.resolve(layers, given, level, base)
        lines += more
    if lines:
        count = "1 setting" if len(lines) == 1 else f"{len(lines)} settings"
        raise runlog.InputError(
            "\n".join([f"{count} will not do:", *(f"  {line}" for line in lines)])
        )
    return Parsed(options(**own), layers, xla, jax)


def _level(command: Command, argv: Sequence[str]) -> Level | None:
    """The world that the first word names, where the command wants one.

    Raises:
      InputError: there is no such world.
    """
    if not command.wants_world or not argv or argv[0].startswith("-"):
        return None
    try:
        return find(argv[0])
    except ValueError as error:
        raise runlog.InputError(str(error)) from None


def _flags_class(command: Command, options: type, level: Level | None) -> type:
    """`options`, with every flag there is, and checking nothing itself."""
    extra = []
    knobs = settings_.of_level(level) if level is not None else {}
    for field in dataclasses.fields(options):
        if "groups" in field.metadata:
            extra.append((field.name, tyro.conf.Suppress[Any], None))
            extra.append(("layers", settings_.Layers, settings_.Layers()))
            base = kind_of(field.metadata["groups"])
            default = base() if level is None else base(env=level.config)
            for group in field.metadata["groups"]:
                value = getattr(default, group)
                kind = _unchecked(type(value))
                set_ = {
                    f.name: getattr(value, f.name) for f in dataclasses.fields(value)
                }
                set_ |= dict(knobs.get(group, {}))
                extra.append((group, kind, kind(**set_)))
    if command.starts:
        extra.append(("xla", XlaOptions, XlaOptions()))
    if command.uses_jax:
        extra.append(("jax", JaxOptions, JaxOptions()))
    made = dataclasses.make_dataclass(
        options.__name__,
        extra,
        bases=(options,),
        namespace={"__doc__": options.__doc__},
        frozen=options.__dataclass_params__.frozen,
        kw_only=True,
    )
    made.__module__ = _NO_SOURCE
    return made


@functools.cache
def _unchecked(kind: type) -> type:
    """The class without its checks, and without a flag for what is fixed (`world`)."""
    fixed = [
        (
            name,
            Annotated[hint, tyro.conf.Fixed, tyro.conf.Suppress],
            typing.get_args(hint)[0],
        )
        for name, hint in schema.hints(kind).items()
        if typing.get_origin(hint) is Literal and len(typing.get_args(hint)) == 1
    ]
    names = {"__post_init__": lambda self: None, "__doc__": kind.__doc__}
    if not fixed:  # a plain subclass, for making a dataclass takes its time
        return type(kind.__name__, (kind,), names | {"__module__": _NO_SOURCE})
    made = dataclasses.make_dataclass(
        kind.__name__, fixed, bases=(kind,), namespace=names, frozen=True, kw_only=True
    )
    made.__module__ = _NO_SOURCE
    return made


def _given(found: Any, groups: Sequence[str], argv: Sequence[str]) -> dict[str, Any]:
    """The values of the flags that stand in `argv`, even where they are the default."""
    words = {w[2:].partition("=")[0].replace("-", "_") for w in argv if w[:2] == "--"}
    values: dict[str, Any] = {}
    for group in groups:
        for field in dataclasses.fields(getattr(found, group)):
            value = getattr(getattr(found, group), field.name)
            said = {field.name} | ({f"no_{field.name}"} if value is False else set())
            if words & said:
                values.setdefault(group, {})[field.name] = value
    return values


def _tyro(command: Command, kind: type, argv: Sequence[str]) -> Any:
    """What tyro makes of `argv`; what it prints is plain unless a terminal reads it."""
    example = f"\nexample: koki2 {command.name} {command.example}"
    arguments = {
        "prog": f"koki2 {command.name}",
        "args": list(argv),
        "config": (tyro.conf.OmitArgPrefixes,),
        "registry": _registry(),
    }
    is_plain = "NO_COLOR" in os.environ or not sys.stderr.isatty()
    out, err = _Paper(), _Paper()
    with contextlib.ExitStack() as stack:
        if is_plain:
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(contextlib.redirect_stderr(err))
        try:
            return tyro.cli(kind, **arguments)
        except SystemExit as end:
            stack.close()
            if end.code in (0, None):
                print(_plain(out.getvalue()) + example)
            elif is_plain:
                text = _plain(err.getvalue(), titles=False).strip()
                print(f"koki2 {command.name}: {text}", file=sys.stderr)
            raise


class _Paper(io.StringIO):
    """Takes down what tyro prints, in UTF-8, so that its boxes are known by sight."""

    encoding = "utf-8"


def _plain(text: str, *, titles: bool = True) -> str:
    """Without boxes and colours."""
    lines, margin = [], "  " if titles else ""
    for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines():
        title = re.fullmatch(r"╭─ (.*?) ─*╮", line)
        if title:
            lines += ["", f"{title[1]}:"] if titles else []
        elif not re.fullmatch(r"╰─*╯|│ ─+ │", line):
            lines.append(re.sub(r"^│ ?(.*)│$", rf"{margin}\1", line).rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _registry() -> tyro.constructors.ConstructorRegistry:
    """Adds to what tyro can read: `none`, small like all else on a command line."""
    registry = tyro.constructors.ConstructorRegistry()

    @registry.primitive_rule
    def none(info):
        if info.type is not type(None):
            return None
        return tyro.constructors.PrimitiveConstructorSpec(
            nargs=1,
            metavar="none",
            instance_from_str=lambda words: None,
            is_instance=lambda value: value is None,
            str_from_instance=lambda value: ["none"],
            choices=("none", "None"),
        )

    return registry
