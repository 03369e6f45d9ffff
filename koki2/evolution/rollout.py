"""Many lives, fast: genomes x episodes, in lanes, in chunks, on all devices.

The same `step` as `episode.run_episode`, evaluated over lanes: a block of genomes (or
of episodes, where there are fewer genomes) lies on the minor axis, so that an
instruction serves many lives; chunks are small enough to stay in cache, and end when
all their lives have. Neither layout nor number of devices changes a bit of any life.
"""

import dataclasses
from typing import Annotated, Literal

import jax
import jax.numpy as jnp
import numpy as np
from annotated_types import Ge
from jax import lax

from koki2.core import devices
from koki2.core.configs import check
from koki2.core.types import Keys
from koki2.evolution.episode import Episode, EpisodeState, EpisodeStats
from koki2.lanes import over_lanes

AXES = 3  # lane axes: groups, partners, block


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """How lives are laid out. Changes speed, never bits.

    Small chunks want XLA's small-loop flag (the command line sets it); without it every
    operation of a step costs a dispatch, and `WIDE` is the better choice.
    """

    block: Annotated[int, Ge(1)] = 8
    """Lives on the minor axis: floats in a vector register."""
    lives: Annotated[int, Ge(1)] = 64
    """Lives per chunk, at least."""

    def __post_init__(self):
        check(self)


WIDE = Layout(block=128, lives=1 << 16)


def rollout(
    episode: Episode,
    keys: Keys,
    params,
    *,
    steps: int | None = None,
    wanted=None,
    layout: Layout | None = None,
    keep: Literal["stats", "state"] = "stats",
) -> EpisodeStats | EpisodeState:
    """Lives every genome through every episode.

    Args:
      life: an agent in a world.
      keys: of the episodes, [E]; all genomes live the same ones.
      params: agents' parameters, each [P, ...]; None for scripted agents (P = 1).
      steps: length of a life; the world's own if None.
      wanted: bool [P]; a chunk in which nobody is wanted is not lived, and its stats
        is zero. To skip work, put the wanted first.
      layout: see `Layout`; None is small chunks on a CPU and all at once elsewhere.
      keep: "state" gives the whole last state of each life; but for its stats, that
        of a life which ended early is meaningless.

    Returns:
      Tallies (or lives), each field [P, E, ...].
    """
    if layout is None:
        layout = Layout() if jax.default_backend() == "cpu" else WIDE
    genomes = jax.tree.leaves(params)[0].shape[0] if params is not None else 1
    by_genome = genomes >= layout.block
    major = genomes if by_genome else keys.shape[0]
    partners = keys.shape[0] if by_genome else genomes
    blocks = _ceil(major, layout.block)
    groups = max(1, min(_ceil(layout.lives, layout.block * partners), blocks))
    width = groups * layout.block
    devices = jax.device_count()
    chunks = _ceil(major, width * devices) * devices
    padded = np.minimum(np.arange(chunks * width), major - 1)
    if wanted is None:
        wanted = jnp.ones(genomes, bool)

    born = jax.vmap(episode.reset)(keys)
    if by_genome:
        split = jax.tree.map(lambda x: x[padded], (params, wanted))
        shared = born
    else:
        split = jax.tree.map(lambda x: x[padded], born)
        shared = (params, wanted)
    split = jax.tree.map(lambda x: x.reshape((chunks, width) + x.shape[1:]), split)

    def chunk(split, shared):
        if by_genome:
            (own, mask), world = split, shared
        else:
            (own, mask), world = shared, split
        own = _lanes(own, by_genome, groups)
        world = _lanes(world, not by_genome, groups)
        length = steps or episode.steps
        alive = lambda: _live_chunk(episode, world, own, length, keep)
        alive = jax.jit(alive, inline=True)  # one trace for eval_shape and cond
        shapes = jax.eval_shape(alive)
        dead = lambda: jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
        return lax.cond(jnp.any(mask), alive, dead)

    stats = _on_all_devices(chunk, split, shared)
    return jax.tree.map(lambda x: _back(x, by_genome, genomes, keys.shape[0]), stats)


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


def _live_chunk(episode: Episode, world, params, steps: int, keep: str):
    """Lives one chunk of lanes to its end."""
    state, observation, key_life = world
    sizes = jnp.broadcast_shapes(
        *(x.shape[x.ndim - AXES :] for x in jax.tree.leaves((key_life, params)))
    )
    birth = over_lanes(episode.start, AXES)(state, observation, params)
    full = lambda x: jnp.broadcast_to(x, x.shape[: x.ndim - AXES] + sizes)
    start = jax.tree.map(full, birth)

    def going(carry):
        t, now = carry
        return (t < steps) & jnp.any(now.stats.alive)

    def step(carry):
        t, now = carry
        opaque_predicate = jnp.any(
            now.stats.alive
        )  # true here, though XLA cannot know it
        one = lambda key, params, now: episode.step(key, t, params, now)
        return t + 1, over_lanes(one, AXES, opaque_predicate=opaque_predicate)(
            key_life, params, now
        )

    end: EpisodeState = lax.while_loop(going, step, (jnp.int32(0), start))[1]
    return end.stats if keep == "stats" else end


def _lanes(tree, blocked: bool, groups: int):
    """[lives, ...] to [..., groups, 1, block], or [..., 1, partners, 1] if shared."""

    def place(x):
        if blocked:
            x = x.reshape((groups, 1, x.shape[0] // groups) + x.shape[1:])
        else:
            x = x.reshape((1, x.shape[0], 1) + x.shape[1:])
        return jnp.moveaxis(x, (0, 1, 2), (-3, -2, -1))

    return jax.tree.map(place, tree)


def _back(x, by_genome: bool, genomes: int, episodes: int):
    """[chunks, ..., groups, partners, block] to [P, E, ...]."""
    x = jnp.moveaxis(x, (0, -3, -1, -2), (0, 1, 2, 3))
    x = x.reshape((-1,) + x.shape[3:])  # lives on the major side, then partners
    if not by_genome:
        x = jnp.swapaxes(x, 0, 1)
    return x[:genomes, :episodes]


def _on_all_devices(chunk, split, shared):
    one_by_one = lambda split, shared: lax.map(lambda s: chunk(s, shared), split)
    if jax.device_count() == 1:
        return one_by_one(split, shared)
    # Held whole on both sides, lest XLA splits what surrounds it too, and adds up the
    # search's gradient in another order.
    on_each = jax.shard_map(
        one_by_one,
        mesh=devices.mesh(),
        in_specs=(jax.P(devices.ROW), jax.P()),
        out_specs=jax.P(devices.ROW),
        check_vma=False,
    )
    return devices.replicate(
        on_each(devices.replicate(split), devices.replicate(shared))
    )
