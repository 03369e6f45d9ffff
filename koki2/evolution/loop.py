"""The loop: generations, a chunk of them at a time in one compiled scan.

A chunk is also the interval of checkpoints and of the log. The program of a chunk does
not know where in the run it stands, nor whether the run was ever stopped: resuming is
calling it again. Past the last generation it does nothing.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from koki2.agents.topology import as_data, Topology
from koki2.core.devices import replicated
from koki2.core.keys import Stream, stream
from koki2.core.trees import pack, unpack
from koki2.core.types import Key
from koki2.evolution.configs import Config, EvolutionConfig, LoopConfig
from koki2.evolution.generation import Carry, generation
from koki2.evolution.rollout import Layout
from koki2.evolution.rungs import archive_of
from koki2.evolution.task import task, wiring
from koki2.search import make


class Evolution(NamedTuple):
    """A search ready to run; everything about one seed."""

    init: Callable[[], Any]
    """() -> the state it begins with."""
    chunk: Callable[[Any], tuple[Any, dict[str, Any]]]
    """state -> (state, columns of rows); the state given is used up."""
    generation: Callable[[Any], int]
    """state -> generations done."""
    pack: Callable[[Any], dict[str, np.ndarray]]
    """state -> arrays, the same on any number of devices."""
    unpack: Callable[[dict[str, np.ndarray]], Any]
    """The inverse of `pack`."""
    products: Callable[[Any], dict[str, dict[str, np.ndarray]]]
    """state -> what a complete run leaves: arrays by the name of their file."""


def evolve(
    config: EvolutionConfig, seed: int, *, layout: Layout | None = None
) -> Evolution:
    """Builds one search. Compiles on its first chunk.

    Args:
      config: everything that decides its bits, but for the seed.
      seed: of the run.
      layout: of the lives; decides speed only.

    Raises:
      ValueError: if the strategy does not exist or cannot run at this size.

    Example:
      >>> from koki2.evolution.configs import LoopConfig
      >>> loop = LoopConfig(generations=2, episodes=1, checkpoint_every=2)
      >>> search = evolve(EvolutionConfig(loop=loop), seed=0)
      >>> carry, rows = search.chunk(search.init())
      >>> search.generation(carry), rows["generation"].tolist()
      (2, [0, 1])
    """
    return evolve_many(config, [seed], layout=layout)[0]


def evolve_many(
    config: EvolutionConfig, seeds: list[int], *, layout: Layout | None = None
) -> list[Evolution]:
    """Builds a search per seed that share one compiled program.

    The seeds run one after the other: a chunk of one already fills the machine. Where
    their wirings differ, wiring is data; each seed's bits are those it has alone.
    """
    chunk = functools.partial(_chunk, config, layout)
    built = programs(config, seeds, chunk, out_shardings=replicated())
    return [
        _evolution(config, seed, program)
        for seed, program in zip(seeds, built, strict=True)
    ]


def programs(
    config: Config, seeds: list[int], chunk: Callable, **options: Any
) -> list[Callable]:
    """A program per seed that compiles once for all of them.

    Where the seeds' wirings differ, wiring is data.

    Args:
      config: says how agents are wired.
      seeds: of the runs.
      chunk: (wiring, key, carry) -> (carry, rows).
      **options: of `jax.jit`; `donate` says whether the carry is used up.

    Returns:
      For each seed, (key, carry) -> (carry, rows).
    """
    donate = options.pop("donate", False)
    wirings = [wiring(config, seed) for seed in seeds]
    if all(_same(wirings[0], other) for other in wirings[1:]):
        fixed = lambda key, carry: chunk(wirings[0], key, carry)
        one = jax.jit(fixed, donate_argnums=1 if donate else (), **options)
        return [one] * len(seeds)
    data = as_data(wirings)
    program = jax.jit(chunk, donate_argnums=2 if donate else (), **options)

    def bound(index):
        wired = jax.tree.map(lambda x: jnp.asarray(x[index]), data)
        return lambda key, carry: program(wired, key, carry)

    return [bound(i) for i in range(len(seeds))]


def _same(a: Topology, b: Topology) -> bool:
    return np.array_equal(a.source, b.source) and np.array_equal(a.target, b.target)


def _evolution(config: EvolutionConfig, seed: int, program) -> Evolution:
    parts = task(config, wiring(config, seed))
    strategy = make(config.search, parts.genome.size)
    key = jax.random.key(seed)

    def init() -> Carry:
        key_genome, key_search = jax.random.split(stream(key, Stream.INIT))
        centre = parts.genome.init(key_genome)
        start = Carry(
            generation=jnp.int32(0),
            search=strategy.init(key_search, centre),
            best=centre,
            best_fitness=jnp.float32(-jnp.inf),
            steps=jnp.zeros(2, jnp.uint32),
            archive=archive_of(config.rungs, parts.env.num_actions),
        )
        return jax.device_put(start, replicated())

    def chunk(carry: Carry):
        carry, rows = program(key, carry)
        return carry, in_order(rows)

    like = jax.eval_shape(init)
    named = lambda genes: jax.device_get(parts.genome.named(genes))
    return Evolution(
        init=init,
        chunk=chunk,
        generation=lambda carry: int(carry.generation),
        pack=pack,
        unpack=lambda arrays: jax.device_put(unpack(like, arrays), replicated()),
        products=lambda carry: {
            "best_genome": named(carry.best),
            "mean_genome": named(strategy.mean(carry.search)),
        },
    )


def _chunk(config: EvolutionConfig, layout, topology, key: Key, carry: Carry):
    """`checkpoint_every` generations, or as many as there are left."""
    parts = task(config, topology)
    strategy = make(config.search, parts.genome.size)
    one = lambda carry: generation(config, parts, strategy, layout, key, carry)
    return scan(config.loop, one, lambda carry: carry.generation, carry)


def scan(loop: LoopConfig, one: Callable, count: Callable, carry):
    """A chunk of generations, of which those past the last do nothing.

    Args:
      loop: how many there are, and to a chunk.
      one: carry -> (carry, row): a generation.
      count: carry -> generations done.
      carry: where it stands.
    """
    one = jax.jit(one, inline=True)  # one trace for eval_shape and cond

    def rest(carry):
        rows = jax.eval_shape(one, carry)[1]
        return carry, jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), rows)

    def body(carry, _):
        valid = count(carry) < loop.generations
        carry, row = jax.lax.cond(valid, one, rest, carry)
        return carry, {"valid": valid, **row}

    return jax.lax.scan(body, carry, None, length=loop.checkpoint_every)


def in_order(rows: dict[str, Any]) -> dict[str, Any]:
    """Columns on the host, the number of the generation first, env-steps last.

    `high` and `low`, the words of the count of env-steps, become one.
    """
    rows = dict(jax.device_get(rows))
    high, low = (rows.pop(name).astype(np.int64) for name in ("high", "low"))
    rows = {"generation": rows.pop("generation"), **rows}  # jax sorts by name
    return rows | {"env_steps": (high << 32) + low}
