"""What a world and a level are to a registry: records without JAX."""

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TYPE_CHECKING

if TYPE_CHECKING:
    from koki2.envs.base import AnyEnv

Config = Any
"""A frozen dataclass whose field `world` names the world that it is for."""
Settings = Mapping[str, Mapping[str, Any]]
"""Values of other groups of a run's config, as in a preset: group -> name -> value."""


class Level(NamedTuple):
    """A config of a world, by a name. On the ladder: one pressure more than below."""

    name: str
    summary: str
    """What it asks of an agent, in a line."""
    config: Config
    settings: Settings = MappingProxyType({})
    """Settings of other groups that go with it."""


class World(NamedTuple):
    """A world by name: how it is built, and from what."""

    name: str
    make: Callable[[Config], "AnyEnv"]
    config: Config
    """The default; its class is the class of the world's configs."""
    summary: str = ""
    """What it asks of an agent, in a line."""
    settings: Settings = MappingProxyType({})
    """Settings of other groups that go with it."""
    prefix: str = ""
    """If not empty, `prefix:REST` names levels of it, which `level` makes."""
    level: Callable[[str], Level] | None = None
    """(REST) -> level."""
    ignores: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """Settings of other groups that it does not read: group -> names."""


def imported(module: str, factory: str) -> Callable[[Config], "AnyEnv"]:
    """A factory of a module that is imported only when it is called."""

    def make(config: Config) -> "AnyEnv":
        return getattr(importlib.import_module(module), factory)(config)

    return make
