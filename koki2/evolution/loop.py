"""The loop: ask, live, tell, a chunk of generations at a time in one compiled scan.

    key_g          = fold_in(stream(key(seed), GENERATION), g)
    genomes        = ask(stream(key_g, ASK))
    episodes       = split(stream(key_g, LIVES), E), the same for all genomes

A chunk is also the interval of checkpoints and of the log. The program of a chunk does
not know where in the run it stands, nor whether the run was ever stopped: resuming is
calling it again. Past the last generation it does nothing.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from koki2.agents.topology import as_data, Topology
from koki2.core.keys import Stream, stream
from koki2.core.trees import pack, unpack
from koki2.core.types import Key
from koki2.evolution.configs import EvolutionConfig
from koki2.evolution.measures import fitness
from koki2.evolution.rollout import everywhere, Layout, rollout
from koki2.evolution.task import Task, task, wiring
from koki2.evolution.viability import REASONS, viability
from koki2.search import make


@chex.dataclass(frozen=True, kw_only=True)
class Carry:
    """All of a search: what a checkpoint holds."""

    generation: Int[Array, ""]  # generations done
    search: Any  # the strategy's state
    best: Float[Array, " D"]  # the fittest genome met while searching
    best_fitness: Float[Array, ""]  # on the lives it was met in
    steps: UInt32[Array, "2"]  # env-steps lived, high and low word


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
    one = lambda carry: _generation(config, parts, strategy, layout, key, carry)

    def rest(carry):
        rows = jax.eval_shape(one, carry)[1]
        return carry, jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), rows)

    def body(carry, _):
        valid = carry.generation < config.loop.generations
        carry, row = jax.lax.cond(valid, one, rest, carry)
        return carry, {"valid": valid, **row}

    return jax.lax.scan(body, carry, None, length=config.loop.checkpoint_every)


def _generation(config, parts: Task, strategy, layout, key: Key, carry: Carry):
    key = jax.random.fold_in(stream(key, Stream.GENERATION), carry.generation)
    genomes, search = strategy.ask(stream(key, Stream.ASK), carry.search)
    key_develop = stream(key, Stream.DEVELOP)
    params = jax.vmap(lambda genes: parts.genome.develop(key_develop, genes))(genomes)
    keys = jax.random.split(stream(key, Stream.LIVES), config.loop.episodes)

    tested, order = {}, None
    steps = jnp.int32(0)
    passed = jnp.ones(genomes.shape[0], bool)
    if config.viability.mvt:
        episodes = config.viability.mvt_episodes
        keys_short = jax.random.split(stream(key, Stream.VIABILITY), episodes)
        test = viability(config.viability, parts.life, keys_short, params, layout)
        passed, steps = test.passed, test.steps
        order = jnp.argsort(~passed, stable=True)  # the viable first: whole chunks skip
        tested = {f"mvt_failed_{name}": test.failed[name] for name in REASONS}
    worth, lived = _evaluate(config, parts, keys, params, passed, order, layout)
    told = jnp.where(passed, worth, config.viability.mvt_fail_fitness)
    search = strategy.tell(search, genomes, told)

    top = jnp.argmax(told)
    better = told[top] > carry.best_fitness
    after = Carry(
        generation=carry.generation + 1,
        search=search,
        best=jnp.where(better, genomes[top], carry.best),
        best_fitness=jnp.where(better, told[top], carry.best_fitness),
        steps=_add(carry.steps, steps + lived),
    )
    seen = jnp.where(passed, worth, jnp.nan)  # statistics are of the evaluated
    quartiles = jnp.nanquantile(seen, jnp.array([0.25, 0.5, 0.75]))
    count = jnp.sum(passed, dtype=jnp.int32)
    rate = count.astype(jnp.float32) / float(genomes.shape[0])
    row = {
        "generation": carry.generation,
        "best_fitness": after.best_fitness,
        "generation_best": told[top],
        "mean_fitness": jnp.nanmean(seen),
        "median_fitness": quartiles[1],
        "fitness_q25": quartiles[0],
        "fitness_q75": quartiles[2],
        "evaluated": count,
        "mvt_pass_rate": rate if config.viability.mvt else jnp.float32(jnp.nan),
        **tested,
        "mean_norm": jnp.linalg.norm(strategy.mean(search)),
        "high": after.steps[0],
        "low": after.steps[1],
    }
    return after, row


def _evaluate(config, parts: Task, keys, params, passed, order, layout):
    """Mean fitness per genome [P], and the env-steps lived; the failed are skipped."""
    if order is not None:
        params = jax.tree.map(lambda x: x[order], params)
    wanted = passed if order is None else passed[order]
    tally = rollout(parts.life, keys, params, wanted=wanted, layout=layout)
    worth = jax.vmap(jax.vmap(lambda one: fitness(config.fitness, one)))(tally)
    worth = jnp.mean(worth, axis=1)
    lived = jnp.sum(tally.t_alive)
    if order is not None:
        worth = jnp.zeros_like(worth).at[order].set(worth)
    return worth, lived


def _add(words: UInt32[Array, "2"], more: Int[Array, ""]) -> UInt32[Array, "2"]:
    """64-bit counting in two words."""
    low = words[1] + more.astype(jnp.uint32)
    carried = (low < words[1]).astype(jnp.uint32)
    return jnp.stack([words[0] + carried, low])
