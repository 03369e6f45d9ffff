"""The lanes engine: genomes x episodes, in lanes, in chunks, on all devices.

The same `step` as `run_episode`, evaluated over lanes: a block of genomes (or of
episodes, where there are fewer genomes) lies on the minor axis, so that an instruction
serves many episodes; chunks are small enough to stay in cache, and end when all their
episodes have. Neither layout nor number of devices changes a bit of any episode.
"""

import dataclasses
from collections.abc import Callable
from typing import Annotated, Literal

import jax
import jax.numpy as jnp
import numpy as np
from annotated_types import Ge
from jax import lax
from jaxtyping import Array, Bool, PyTree

from koki2.core import devices
from koki2.core.configs import check
from koki2.core.types import Keys
from koki2.evolution.episode import Episode, EpisodeState, EpisodeStats
from koki2.lanes import over_lanes

AXES = 3  # lane axes: groups, partners, block

Ends = EpisodeStats | EpisodeState
Carry = tuple[Array, EpisodeState]
"""Steps done, and where the episodes stand."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """How episodes are laid out. Changes speed, never bits.

    Small chunks are fast under XLA's small-loop flag (the command line sets it);
    without it every operation of a step costs a dispatch, and `WIDE` is faster.
    """

    block: Annotated[int, Ge(1)] = 8
    """Episodes on the minor axis: float32 numbers in a vector register of 256 bits."""
    lives: Annotated[int, Ge(1)] = 64
    """Episodes per chunk, at least. Chunks of 8 genomes x 8 episodes were the fastest
    on two cores, with 32 neurons."""

    def __post_init__(self) -> None:
        check(self)


WIDE = Layout(block=128, lives=1 << 16)
"""All at once, up to 65,536 episodes."""


def rollout_in_lanes(
    episode: Episode,
    keys: Keys,
    params: PyTree | None,
    steps: int,
    wanted: Bool[Array, " P"],
    layout: Layout | None,
    keep: Literal["stats", "state"],
) -> Ends:
    """As `rollout`; the stats of a chunk in which no genome is wanted are zero."""
    if layout is None:
        layout = Layout() if jax.default_backend() == "cpu" else WIDE
    genomes, episodes = wanted.shape[0], keys.shape[0]
    by_genome, groups, rows = _cut(genomes, episodes, layout)
    born = jax.vmap(episode.reset)(keys)
    split, shared = (params, wanted), born
    if not by_genome:
        split, shared = shared, split
    split = jax.tree.map(lambda x: x[rows], split)

    def chunk(split: PyTree, shared: PyTree) -> Ends:
        if by_genome:
            (own, mask), world = split, shared
        else:
            (own, mask), world = shared, split
        own = _lanes(own, by_genome, groups)
        world = _lanes(world, not by_genome, groups)
        run = lambda: _run_chunk(episode, world, own, steps, keep)
        run = jax.jit(run, inline=True)  # one trace for eval_shape and cond
        shapes = jax.eval_shape(run)
        skip = lambda: jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
        return lax.cond(jnp.any(mask), run, skip)

    stats = _on_all_devices(chunk, split, shared)
    return jax.tree.map(lambda x: _back(x, by_genome, genomes, episodes), stats)


def _cut(genomes: int, episodes: int, layout: Layout) -> tuple[bool, int, np.ndarray]:
    """How the lives are cut into chunks.

    Returns:
      Whether genomes are split (or else episodes), the blocks of a chunk, and the row
      of each lane, [chunks, width], the last row again where they do not come out even.
    """
    by_genome = genomes >= layout.block
    major, partners = (genomes, episodes) if by_genome else (episodes, genomes)
    blocks = _ceil(major, layout.block)
    groups = max(1, min(_ceil(layout.lives, layout.block * partners), blocks))
    width = groups * layout.block
    among = devices.count()
    chunks = _ceil(major, width * among) * among
    rows = np.minimum(np.arange(chunks * width), major - 1)
    return by_genome, groups, rows.reshape(chunks, width)


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


def _run_chunk(
    episode: Episode, world: PyTree, params: PyTree | None, steps: int, keep: str
) -> Ends:
    """Runs one chunk of lanes until all its episodes have ended."""
    state, observation, key_life = world
    sizes = jnp.broadcast_shapes(
        *(x.shape[x.ndim - AXES :] for x in jax.tree.leaves((key_life, params)))
    )
    birth = over_lanes(episode.start, AXES)(state, observation, params)
    full = lambda x: jnp.broadcast_to(x, x.shape[: x.ndim - AXES] + sizes)
    start = jax.tree.map(full, birth)

    def going(carry: Carry) -> Array:
        t, now = carry
        return (t < steps) & jnp.any(now.stats.alive)

    def step(carry: Carry) -> Carry:
        t, now = carry
        true = jnp.any(now.stats.alive)  # as `going` found, but XLA cannot know it
        one = lambda key, params, now: episode.step(key, t, params, now)
        over = over_lanes(one, AXES, opaque_predicate=true)
        return t + 1, over(key_life, params, now)

    _, end = lax.while_loop(going, step, (jnp.int32(0), start))
    return end.stats if keep == "stats" else end


def _lanes(tree: PyTree, blocked: bool, groups: int) -> PyTree:
    """[lives, ...] to [..., groups, 1, block], or to [..., 1, partners, 1]."""

    def place(x: Array) -> Array:
        if blocked:
            x = x.reshape((groups, 1, x.shape[0] // groups) + x.shape[1:])
        else:
            x = x.reshape((1, x.shape[0], 1) + x.shape[1:])
        return jnp.moveaxis(x, (0, 1, 2), (-3, -2, -1))

    return jax.tree.map(place, tree)


def _back(x: Array, by_genome: bool, genomes: int, episodes: int) -> Array:
    """[chunks, ..., groups, partners, block] to [P, E, ...]."""
    x = jnp.moveaxis(x, (0, -3, -1, -2), (0, 1, 2, 3))
    x = x.reshape((-1,) + x.shape[3:])  # the major side, then partners
    if not by_genome:
        x = jnp.swapaxes(x, 0, 1)
    return x[:genomes, :episodes]


def _on_all_devices(
    chunk: Callable[[PyTree, PyTree], Ends],
    split: PyTree,
    shared: PyTree,
) -> Ends:
    """Runs the chunks one by one, each device its share of them."""
    one_by_one = lambda split, shared: lax.map(lambda s: chunk(s, shared), split)
    if devices.count() == 1:
        return one_by_one(split, shared)
    # Replicated on both sides: XLA would split what surrounds it too, and add up the
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
