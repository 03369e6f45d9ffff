"""Rollouts from plain `vmap` to lanes, one idea after the other (lanes_ablation.py).

A variant is what koki2 would be without the later ideas. It is made by taking rules out
of the table of `koki2.lanes` while the program is traced, so that an operation goes
through `vmap` as one without a rule does.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple
from unittest import mock

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core as jex
from jaxtyping import PyTree

from koki2.evolution.episode import Episode, EpisodeState, EpisodeStats
from koki2.evolution.rollout import rollout
from koki2.lanes import transform
from koki2.lanes.lane_array import lane_sizes, LaneArray
from koki2.lanes.rules import keys as key_rules, RULES, sums

CHUNK = 8  # genomes; as `Layout` has it for 8 episodes

Flags = Literal["default", "small loops", "all devices"]
Idea = Literal["keys", "sums", "lane_form", "stages"]
Arguments = tuple[jax.Array, PyTree]
"""Keys of episodes [E], parameters [P, ...]."""


class Variant(NamedTuple):
    """One row of the table: flags, engine, and the ideas of lanes that are left out."""

    name: str
    flags: Flags
    engine: Literal["vmap", "chunks", "lanes"]
    without: tuple[Idea, ...] = ()


VARIANTS = (
    Variant("plain vmap", "default", "vmap"),
    Variant("+ small-loop flag", "small loops", "vmap"),
    Variant("+ chunks with early end", "small loops", "chunks"),
    Variant(
        "+ lanes last",
        "small loops",
        "lanes",
        ("keys", "sums", "lane_form", "stages"),
    ),
    Variant(
        "+ synapses written out", "small loops", "lanes", ("keys", "sums", "stages")
    ),
    Variant("+ random words written out", "small loops", "lanes", ("sums", "stages")),
    Variant("+ fixed-order reductions", "small loops", "lanes", ("stages",)),
    Variant("+ stages", "small loops", "lanes"),
    Variant("+ a device per core", "all devices", "lanes"),
)


def lowered(
    variant: Variant, episode: Episode, arguments: Arguments
) -> jax.stages.Lowered:
    """Traces and lowers the variant: its arguments to stats, [P, E, ...].

    Not safe among threads, for the table of rules is changed meanwhile.
    """
    if variant.engine == "chunks":
        run = lambda keys, params: in_chunks(episode, keys, params)
    else:
        engine = variant.engine
        run = lambda keys, params: rollout(episode, keys, params, engine=engine)
    with left_out(variant.without):
        return jax.jit(run).lower(*arguments)


@contextlib.contextmanager
def left_out(ideas: Sequence[Idea]) -> Iterator[None]:
    """Takes ideas out of lanes for a while."""
    with contextlib.ExitStack() as stack:
        table = stack.enter_context(mock.patch.dict(RULES))
        if "keys" in ideas:
            stack.enter_context(mock.patch.object(key_rules, "WORDS", 0))
            table["random_fold_in"] = rolled_fold_in
        if "sums" in ideas:
            for name in sums.RULES:
                del table[name]
        if "lane_form" in ideas:
            del table["lane_form"]
        if "stages" in ideas:
            one_stage = lambda ops, outputs: [0] * len(ops)
            stack.enter_context(mock.patch.object(transform, "plan", one_stage))
        yield


def rolled_fold_in(
    eqn: jex.JaxprEqn, values: Sequence[LaneArray], axes: int
) -> list[LaneArray]:
    """JAX's own fold_in, a rolled loop, under `vmap`."""
    key, data = values
    sizes = lane_sizes(values, axes)
    arrays = [v.array if v.uniform else v.broadcast_lanes(sizes) for v in values]
    where = tuple(None if v.uniform else -1 for v in values)

    def function(words: jax.Array, data: jax.Array) -> jax.Array:
        folded = jax.random.fold_in(jax.random.wrap_key_data(words), data)
        return jax.random.key_data(folded)

    if key.uniform and data.uniform:
        return [LaneArray(function(*arrays), key.rank)]
    for _ in range(axes):
        function = jax.vmap(function, in_axes=where, out_axes=-1)
    return [LaneArray(function(*arrays), key.rank)]


def in_chunks(episode: Episode, keys: jax.Array, params: PyTree) -> EpisodeStats:
    """Chunks of genomes by `vmap`, each until all its episodes have ended."""
    many = lambda function, inner, outer: jax.vmap(
        jax.vmap(function, inner), outer
    )  # episodes within genomes
    world, observation, key_life = jax.vmap(episode.reset)(keys)

    def chunk(params: PyTree) -> EpisodeStats:
        birth = many(episode.start, (0, 0, None), (None, None, 0))
        Carry = tuple[jax.Array, EpisodeState]

        def going(carry: Carry) -> jax.Array:
            t, now = carry
            return (t < episode.steps) & jnp.any(now.stats.alive)

        def step(carry: Carry) -> Carry:
            t, now = carry
            one = lambda key, params, now: episode.step(key, t, params, now)
            return t + 1, many(one, (0, None, 0), (None, 0, 0))(key_life, params, now)

        start = jnp.int32(0), birth(world, observation, params)
        return lax.while_loop(going, step, start)[1].stats

    split = jax.tree.map(lambda x: x.reshape((-1, CHUNK) + x.shape[1:]), params)
    stats = lax.map(chunk, split)
    return jax.tree.map(lambda x: x.reshape((-1,) + x.shape[2:]), stats)


def counts(stats: EpisodeStats) -> list[jax.Array]:
    """What must be the same in all variants: all that is counted in integers."""
    leaves = jax.tree.leaves(stats)
    return [x for x in leaves if not jnp.issubdtype(x.dtype, jnp.floating)]
