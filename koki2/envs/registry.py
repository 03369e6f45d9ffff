"""Every world and level by name: ours, and those that others register.

No JAX before a world is made. A world from outside is registered by its name in Python,

    register_world("my_world", my_world)

or by an installed package, as an entry point of the group "koki2.worlds" that is called
as the world is. Then it runs wherever ours do, and is under the same contract
(`contracts.world`).
"""

import difflib
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, cast, TYPE_CHECKING

from koki2.core.registry import Registry
from koki2.envs.configs import ObjectConfig
from koki2.envs.ladder import LEVELS as LEVELS, OURS
from koki2.envs.world import Config, Level as Level, Settings, World as World

if TYPE_CHECKING:
    from koki2.envs.base import AnyEnv

    Factory = AnyEnv | Callable[[], AnyEnv] | Callable[[Config], AnyEnv]


def _world(
    name: str,
    factory: "Factory",
    config: type | None = None,
    summary: str = "",
    settings: Settings = MappingProxyType({}),
) -> World:
    """Puts a factory, or a world ready made, in the form of a registered world."""
    default = ObjectConfig(world=name) if config is None else config()
    if getattr(default, "world", None) != name:
        raise ValueError(
            f"config must be a dataclass whose field world is {name!r} by default, for "
            f"a run folder names its world so, got {config!r}."
        )

    def make(settings: Config) -> "AnyEnv":
        env: Any = factory
        if callable(factory):
            make_env: Callable[..., Any] = factory
            env = make_env() if config is None else make_env(settings)
        if not is_env(env):
            raise ValueError(
                f"the world {name!r} must be an Env, or a function that returns one, "
                f"got {env!r:.200}."
            )
        return env

    return World(name, make, default, summary, settings)


def _accept(name: str, thing: object) -> World:
    return thing if isinstance(thing, World) else _world(name, cast("Factory", thing))


WORLDS: Registry[World] = Registry("world", "koki2.worlds", _accept)
"""Every world by name."""
for _ours in OURS:
    WORLDS.register(_ours.name, _ours)


def register_world(
    name: str,
    factory: "Factory",
    *,
    config: type | None = None,
    summary: str = "",
    settings: Settings = MappingProxyType({}),
    replace: bool = False,
) -> World:
    """Registers a world, so that a config, `find` and the command line can name it.

    Args:
      name: of the world.
      factory: an `Env` or `MapEnv`; or a function that returns one, of no argument, or
        with `config` of a value of that class.
      config: a frozen dataclass of what can be set, whose field `world` is the name by
        default. None: nothing can be set (`ObjectConfig`).
      summary: what it asks of an agent, in a line.
      settings: values of other groups that go with it: group -> name -> value.
      replace: whether a world of that name may be replaced.

    Returns:
      What was registered.

    Raises:
      ValueError: the name is taken, or the config's default world is another one.

    Example:
      >>> from koki2 import envs
      >>> arena = lambda: envs.chemotaxis(envs.ChemotaxisConfig(width=9, height=9))
      >>> _ = register_world("arena", arena, summary="a small square", replace=True)
      >>> find("arena").config, make(find("arena").config).size
      (ObjectConfig(world='arena'), (9, 9))
    """
    world = _world(name, factory, config, summary, settings)
    WORLDS.register(name, world, replace=replace)
    return world


def make(config: Config) -> "AnyEnv":
    """Builds the world of a config, the one registered as `config.world`.

    Raises:
      ValueError: there is none; names the nearest.

    Example:
      >>> from koki2 import envs
      >>> make(envs.SparseConfig()).size
      (64, 64)
    """
    from koki2.core.devices import moves_data  # JAX, from here on

    return moves_data(WORLDS.find(config.world).make)(config)


def find(name: str) -> Level:
    """The level of a name: of the ladder, PREFIX:REST of a world, or a world's default.

    Raises:
      ValueError: there is none; names those there are, or the nearest.

    Example:
      >>> find("chemotaxis-l0.1").config.height
      16
      >>> find("gymnax:Acrobot-v1").config.name
      'Acrobot-v1'
      >>> find("sparse").config.world
      'sparse'
    """
    if name in LEVELS:
        return LEVELS[name]
    prefix, _, rest = name.partition(":")
    for world in WORLDS.values():
        if rest and world.prefix == prefix and world.level is not None:
            return world.level(rest)
    try:
        world = WORLDS.find(name)
    except ValueError:
        pass
    else:
        return Level(world.name, world.summary, world.config, world.settings)
    others = [world.name for world in WORLDS.values() if world not in OURS]
    known = [*LEVELS, *others]
    near = difflib.get_close_matches(name.lower(), known, n=2)
    families = [f"{world.prefix}:NAME" for world in WORLDS.values() if world.prefix]
    hint = f"one of {', '.join(known)}, or {' or '.join(families)}."
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    raise ValueError(f"there is no world {name[:60]!r}; {hint}")


def is_env(thing: object) -> bool:
    """Whether something has the form of an `Env`; `contracts.world` checks the rest.

    Example:
      >>> from koki2 import envs
      >>> is_env(envs.sparse()), is_env(envs.sparse)
      (True, False)
    """
    return all(hasattr(thing, field) for field in _FIELDS)


_FIELDS = ("init", "step", "observation_size", "num_actions", "steps", "version")
