"""Descriptors: how a life was led, each a number in [0, 1], for the archive's axes."""

from collections.abc import Callable, Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from koki2.core.given import given
from koki2.envs.base import AnyEnv, has_map, on_map
from koki2.evolution.descriptor_catalogue import DESCRIPTORS
from koki2.evolution.episode import EpisodeStats
from koki2.evolution.figures import action_entropy, entropy


def descriptors(
    names: tuple[str, ...], env: AnyEnv
) -> Callable[[EpisodeStats], Float[Array, " B"]]:
    """Builds stats -> descriptor, of one life.

    Args:
      names: which; `descriptor_catalogue` says what they mean.
      env: the world lived in.

    Raises:
      ValueError: there is none of a name; or one needs a map, which this world has not.
    """
    found = [DESCRIPTORS.find(name) for name in names]
    mapped = [n for n, entry in zip(names, found, strict=True) if entry.needs_map]
    if mapped and not has_map(env):
        free = ", ".join(n for n, entry in DESCRIPTORS.items() if not entry.needs_map)
        raise ValueError(
            f"{', '.join(mapped)} must have a world with a map, got one without; "
            f"there are {free}."
        )

    def all_of(stats: EpisodeStats) -> Float[Array, " B"]:
        each = jnp.stack([entry.describe(stats, env) for entry in found])
        return jnp.clip(each, 0.0, 1.0)  # a rounding beyond the ends is no behaviour

    return all_of


def uses_path(names: tuple[str, ...]) -> bool:
    """Whether any of them needs the path of a life."""
    return any(DESCRIPTORS.find(name).needs_map for name in names)


def _share(count: Int[Array, ""], total: int) -> Float[Array, ""]:
    return count.astype(jnp.float32) / float(max(total, 1))


def _path_entropy(stats: EpisodeStats, env: AnyEnv) -> Float[Array, ""]:
    visits = given(stats.path).visits
    return entropy(visits) / float(np.log(max(visits.shape[0], 2)))


def _reach(stats: EpisodeStats, env: AnyEnv) -> Float[Array, ""]:
    last = np.array(on_map(env).size) - 1
    far = jnp.sqrt(given(stats.path).farthest.astype(jnp.float32))
    return far / float(max(np.sqrt(np.sum(last**2)), 1.0))


def _end(axis: int) -> Callable:
    return lambda stats, env: _share(
        given(stats.path).last[axis], on_map(env).size[axis] - 1
    )


def _events(stats: EpisodeStats, env: AnyEnv) -> Float[Array, ""]:
    steps = jnp.maximum(stats.t_alive, 1).astype(jnp.float32)
    return stats.events.astype(jnp.float32) / steps


def _monotony(stats: EpisodeStats, env: AnyEnv) -> Float[Array, ""]:
    steps = jnp.maximum(jnp.sum(stats.actions), 1).astype(jnp.float32)
    return jnp.max(stats.actions).astype(jnp.float32) / steps


OURS: Mapping[str, Callable[[EpisodeStats, AnyEnv], Float[Array, ""]]] = {
    "path_entropy": _path_entropy,
    "distance": lambda stats, env: _share(given(stats.path).moves, env.steps),
    "reach": _reach,
    "end_x": _end(0),
    "end_y": _end(1),
    "hazard_exposure": lambda stats, env: 1.0 - stats.integrity_min,
    "action_entropy": lambda stats, env: (
        action_entropy(stats) / float(np.log(max(env.num_actions, 2)))
    ),
    "monotony": _monotony,
    "lifetime": lambda stats, env: _share(stats.t_alive, env.steps),
    "events": _events,
}
"""The functions of those that come with the package, by name."""
