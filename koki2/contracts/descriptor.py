"""What every descriptor promises, as checks that anyone can run on one of their own.

    for name, check in CHECKS.items():
        check(entry)  # raises AssertionError, with a sentence

It describes lives of random steps in chemotaxis, and one that has just begun. The world
has a map, and the lives have paths, only if the entry says that it needs a map.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from koki2.agents import walker
from koki2.contracts import requirements
from koki2.contracts.requirements import must
from koki2.core.types import Key
from koki2.envs import chemotaxis, ChemotaxisConfig, Env
from koki2.evolution.descriptor_catalogue import DescriptorEntry
from koki2.evolution.episode import episode, EpisodeStats, run_episode
from koki2.evolution.path import paths_in

LIVES = 8
WORLD = chemotaxis(ChemotaxisConfig(width=6, height=4, num_sources=3, steps=16))


def check_form(entry: DescriptorEntry) -> None:
    """It has the fields of a `DescriptorEntry`."""
    must(
        isinstance(entry, DescriptorEntry),
        f"it must be a koki2.evolution.DescriptorEntry, got {type(entry).__name__}",
    )
    requirements.must_be_callable(entry, "describe")
    must(
        isinstance(entry.needs_map, bool),
        f"needs_map must be True or False, got {entry.needs_map!r}",
    )


def check_map(entry: DescriptorEntry) -> None:
    """One that reads a path, or the map, says so: a world may have none."""
    if entry.needs_map:
        return
    try:
        _value(entry)
    except Exception as error:
        text = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise AssertionError(
            f"needs_map must be True where stats.path or a map is read, got {text}."
        ) from error


def check_number(entry: DescriptorEntry) -> None:
    """It gives one number of a life."""
    requirements.must_be_array("a descriptor", _value(entry), (), np.float32)


def check_range(entry: DescriptorEntry) -> None:
    """The number is in [0, 1]: archives cut what is beyond, so that it is lost."""
    found = np.asarray(_compiled(entry)(_lives()))
    must(
        (found > -1e-5) & (found < 1 + 1e-5),  # within a rounding; NaN is not
        f"a descriptor must be in [0, 1], got {found} of {LIVES + 1} episodes, the "
        "first of which has just begun",
    )


def check_jit(entry: DescriptorEntry) -> None:
    """`jit` agrees with eager, within a rounding."""
    eager, compiled = _describe(entry)(_life(1)), _compiled(entry)(_lives())[1]
    requirements.must_be_close(eager, compiled, "a descriptor")


CHECKS: Mapping[str, Callable[[DescriptorEntry], None]] = requirements.by_name(
    *(check_form, check_map, check_number, check_range, check_jit)
)
"""Every check by name; each raises AssertionError with a sentence."""


def _value(entry: DescriptorEntry) -> PyTree:
    """The type of a descriptor of one life."""
    return jax.eval_shape(_describe(entry), _life(0))


def _describe(entry: DescriptorEntry) -> Callable[[EpisodeStats], Float[Array, ""]]:
    """Describes a life, with no more in view than the entry says that it needs."""
    if entry.needs_map:
        return lambda stats: entry.describe(stats, WORLD)
    names = ("init", "step", "observation_size", "num_actions", "steps", "version")
    bare = Env(**{name: getattr(WORLD, name) for name in names})
    return lambda stats: entry.describe(dataclasses.replace(stats, path=None), bare)


def _life(i: int) -> EpisodeStats:
    return jax.tree.map(lambda x: x[i], _lives())


@functools.cache
def _lives() -> EpisodeStats:
    """Stats and paths of lives, of which the first has just begun."""
    life = episode(WORLD, walker(), paths=paths_in(WORLD))

    def live(key: Key) -> tuple[EpisodeStats, EpisodeStats]:
        world, observation, _ = life.reset(key)
        end = run_episode(jax.random.clone(key), life, None)
        return life.start(world, observation, None).stats, end.stats

    keys = jax.random.split(jax.random.key(0), LIVES)
    first, last = requirements.compiled(jax.vmap(live))(keys)
    return jax.tree.map(lambda a, b: jnp.concatenate([a[:1], b]), first, last)


@functools.lru_cache(maxsize=64)
def _compiled(entry: DescriptorEntry) -> Callable[[EpisodeStats], Float[Array, " B"]]:
    return requirements.compiled(jax.vmap(_describe(entry)))
