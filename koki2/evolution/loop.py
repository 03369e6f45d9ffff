"""The loop: generations, a chunk of them at a time in one compiled scan.

A chunk is also the interval of checkpoints and of the log. The program of a chunk does
not know where in the run it stands, nor whether the run was ever stopped: resuming is
calling it again. Past the last generation it does nothing.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from koki2.agents.topology import as_data, Topology
from koki2.core.devices import everywhere
from koki2.core.keys import Stream, stream
from koki2.core.trees import pack, unpack
from koki2.core.types import Key
from koki2.evolution.configs import EvolutionConfig
from koki2.evolution.generation import Carry, generation
from koki2.evolution.rollout import Layout
from koki2.evolution.rungs import archive_of
from koki2.evolution.task import task, wiring
from koki2.search import make


class Evolution(NamedTuple):
    """A search ready to run; everything about one seed."""

    init: Callable[[], Carry]
    chunk: Callable[[Carry], tuple[Carry, dict[str, np.ndarray]]]
    generation: Callable[[Carry], int]
    pack: Callable[[Carry], dict[str, np.ndarray]]
    unpack: Callable[[dict[str, np.ndarray]], Carry]
    best: Callable[[Carry], dict[str, np.ndarray]]
    mean: Callable[[Carry], dict[str, np.ndarray]]


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
    topology = wiring(config, seed)
    program = _compiled(lambda key, carry: _chunk(config, topology, layout, key, carry))
    return _evolution(config, seed, program)


def evolve_many(
    config: EvolutionConfig, seeds: list[int], *, layout: Layout | None = None
) -> list[Evolution]:
    """Builds a search per seed that share one compiled program.

    The seeds run one after the other: a chunk of one already fills the machine. Where
    their wirings differ, wiring is data; each seed's bits are those it has alone.
    """
    wirings = [wiring(config, seed) for seed in seeds]
    if all(_same(wirings[0], other) for other in wirings[1:]):
        program = _compiled(
            lambda key, carry: _chunk(config, wirings[0], layout, key, carry)
        )
        return [_evolution(config, seed, program) for seed in seeds]
    data = as_data(wirings)
    program = _compiled(
        lambda wired, key, carry: _chunk(config, wired, layout, key, carry)
    )

    def bound(index):
        wired = jax.tree.map(lambda x: jnp.asarray(x[index]), data)
        return lambda key, carry: program(wired, key, carry)

    return [_evolution(config, seed, bound(i)) for i, seed in enumerate(seeds)]


def _compiled(function):
    """Compiled once: what goes in and out is whole on every device, always."""
    return jax.jit(function, out_shardings=everywhere())


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
        return jax.device_put(start, everywhere())

    def chunk(carry: Carry):
        carry, rows = program(key, carry)
        rows = jax.device_get(rows)
        high, low = (rows.pop(name).astype(np.int64) for name in ("high", "low"))
        rows = {"generation": rows.pop("generation"), **rows}  # jax sorts by name
        rows["env_steps"] = (high << 32) + low
        return carry, rows

    like = jax.eval_shape(init)
    named = lambda genes: jax.device_get(parts.genome.named(genes))
    return Evolution(
        init=init,
        chunk=chunk,
        generation=lambda carry: int(carry.generation),
        pack=pack,
        unpack=lambda arrays: jax.device_put(unpack(like, arrays), everywhere()),
        best=lambda carry: named(carry.best),
        mean=lambda carry: named(strategy.mean(carry.search)),
    )


def _chunk(config: EvolutionConfig, topology, layout, key: Key, carry: Carry):
    """`checkpoint_every` generations, or as many as there are left."""
    parts = task(config, topology)
    strategy = make(config.search, parts.genome.size)
    one = lambda carry: generation(config, parts, strategy, layout, key, carry)

    def rest(carry):
        rows = jax.eval_shape(one, carry)[1]
        return carry, jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), rows)

    def body(carry, _):
        valid = carry.generation < config.loop.generations
        carry, row = jax.lax.cond(valid, one, rest, carry)
        return carry, {"valid": valid, **row}

    return jax.lax.scan(body, carry, None, length=config.loop.checkpoint_every)
