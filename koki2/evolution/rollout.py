"""Many episodes: every genome of a population in every episode, by one of two engines.

"lanes" evaluates `episode.step` over lanes, in small chunks (`lanes_engine`); "vmap" is
`run_episode` under `vmap`, as anyone would write it, and the reference for the other.
Both give the same episodes, to the bit as far as docs/determinism.md promises it.
"""

from typing import Literal, overload

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PyTree

from koki2.core import devices
from koki2.core.types import Key, Keys
from koki2.evolution.episode import Episode, EpisodeState, EpisodeStats, run_episode
from koki2.evolution.lanes_engine import (
    Layout as Layout,
    rollout_in_lanes,
    WIDE as WIDE,
)

Engine = Literal["auto", "lanes", "vmap"]
Keep = Literal["stats", "state"]

ENGINES = ("auto", "lanes", "vmap")


@overload
def rollout(
    episode: Episode,
    keys: Keys,
    params: PyTree | None,
    *,
    steps: int | None = None,
    wanted: Bool[Array, " P"] | None = None,
    layout: Layout | None = None,
    keep: Literal["stats"] = "stats",
    engine: Engine = "auto",
) -> EpisodeStats: ...
@overload
def rollout(
    episode: Episode,
    keys: Keys,
    params: PyTree | None,
    *,
    steps: int | None = None,
    wanted: Bool[Array, " P"] | None = None,
    layout: Layout | None = None,
    keep: Literal["state"],
    engine: Engine = "auto",
) -> EpisodeState: ...
def rollout(
    episode: Episode,
    keys: Keys,
    params: PyTree | None,
    *,
    steps: int | None = None,
    wanted: Bool[Array, " P"] | None = None,
    layout: Layout | None = None,
    keep: Keep = "stats",
    engine: Engine = "auto",
) -> EpisodeStats | EpisodeState:
    """Runs every genome through every episode.

    Args:
      episode: an agent in a world.
      keys: of the episodes, [E]; all genomes face the same ones.
      params: agents' parameters, each [P, ...]; None for scripted agents (P = 1).
      steps: length of an episode; the world's own if None.
      wanted: which genomes count, [P]; None is all. Those that do not may be left out,
        and their stats mean nothing. To save work, put those that count first.
      layout: of the lanes, see `Layout`; None is small chunks on a CPU and all at once
        elsewhere. It changes speed, never bits.
      keep: "state" gives the whole last state of each episode; but for its stats, that
        of an episode which ended early is meaningless.
      engine: "auto" is "lanes", on a CPU always.

    Returns:
      Stats (or states), each field [P, E, ...].

    Raises:
      ValueError: if there is no such engine, or it has no lanes to lay out.

    Example:
      >>> from koki2 import agents, envs
      >>> from koki2.core.keys import episode_keys
      >>> from koki2.evolution.episode import episode
      >>> stays = episode(envs.chemotaxis(), agents.stay())
      >>> stats = rollout(stays, episode_keys(0, 2), None)
      >>> stats.t_alive.tolist()  # one agent, two episodes
      [[128, 128]]
    """
    if choose_engine(engine, layout) == "vmap":
        return _rollout_by_vmap(episode, keys, params, steps or episode.steps, keep)
    if wanted is None:
        genomes = 1 if params is None else jax.tree.leaves(params)[0].shape[0]
        wanted = jnp.ones(genomes, bool)
    steps = steps or episode.steps
    return rollout_in_lanes(episode, keys, params, steps, wanted, layout, keep)


def choose_engine(engine: str, layout: Layout | None = None) -> str:
    """Chooses the engine: the one that is named, or where it is "auto", "lanes".

    Raises:
      ValueError: if there is no such engine, or it has no lanes to lay out.

    Example:
      >>> choose_engine("auto"), choose_engine("vmap")
      ('lanes', 'vmap')
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {engine!r}.")
    if engine == "vmap" and layout is not None:
        raise ValueError(f"layout must be None for the engine vmap, got {layout}.")
    return "lanes" if engine == "auto" else engine


def _rollout_by_vmap(
    episode: Episode, keys: Keys, params: PyTree | None, steps: int, keep: Keep
) -> EpisodeStats | EpisodeState:
    """`run_episode` over episodes within genomes, on every device the whole of it."""

    def one(params: PyTree | None, key: Key) -> EpisodeStats | EpisodeState:
        end = run_episode(key, episode, params, steps=steps)
        return end.stats if keep == "stats" else end

    each = jax.vmap(one, (None, 0))
    if params is None:
        ends = jax.tree.map(lambda x: x[None], each(None, keys))
    else:
        ends = jax.vmap(each, (0, None))(params, keys)
    return ends if devices.count() == 1 else devices.replicate(ends)
