"""The config of a world that has none of its own: its name."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class ObjectConfig:
    """A world of which nothing can be set, by the name that it is registered under."""

    world: str
    """Which world, as `envs.register_world` was told."""
