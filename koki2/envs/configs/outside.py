"""The settings of worlds from outside: of gymnax, or registered as an object."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Le

from koki2.core.configs import check


@dataclasses.dataclass(frozen=True, kw_only=True)
class GymnaxConfig:
    """An environment of gymnax, as gymnax sets it up."""

    world: Literal["gymnax_world"] = "gymnax_world"
    name: str = "CartPole-v1"
    """Which environment, as `gymnax.make` knows it; its actions must be discrete."""
    steps: Annotated[int, Ge(1), Le(1_000_000)] | Literal["auto"] = "auto"
    """Length of an episode, T; auto is the environment's own time limit."""

    __post_init__ = check


@dataclasses.dataclass(frozen=True, kw_only=True)
class ObjectConfig:
    """A world of which nothing can be set, by the name that it is registered under."""

    world: str
    """Which world, by the name given to `envs.register_world`."""
