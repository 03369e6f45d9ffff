"""Quality-diversity: MAP-Elites whose genomes are agents, as a program in chunks.

    key_g    = fold_in(stream(key(seed), GENERATION), g)
    genomes  = ask(stream(key_g, ASK)): children of elites, or of the first genome
    episodes = evaluated with key(seed) where lives are the same, else with key_g
    tell(mean fitness, mean descriptor)

A run is made and resumed like any other; see `evolve`. An elite is known by its cell
and the generation it was born in, for no two enter one cell at a time.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

from koki2.core import columns, devices
from koki2.core.chunks import chunked_scan
from koki2.core.keys import Stream, stream
from koki2.core.program import Program
from koki2.core.trees import pack, unpack
from koki2.core.types import Key
from koki2.evolution.batch import compile_once, Data
from koki2.evolution.configs import LoopConfig
from koki2.evolution.episode import EpisodeStats
from koki2.evolution.evaluation import (
    count,
    evaluate_genomes,
    Evaluation,
    Evaluator,
)
from koki2.evolution.evolve import about_objects
from koki2.evolution.generation import develop
from koki2.evolution.task import Task
from koki2.search import MapElites
from koki2.search.archive import Archive, Insertion
from koki2.search.map_elites import Asked, MapElitesState

Descriptor = Callable[[EpisodeStats], Float[Array, " B"]]
"""Behaviour in one episode."""
Arrays = dict[str, Any]


@chex.dataclass(frozen=True, kw_only=True)
class QDCarry:
    """All of a search: what a checkpoint holds."""

    search: MapElitesState
    steps: UInt32[Array, "2"]  # env-steps lived, high and low word
    evaluator: Any = None  # the evaluator's state


class QDParts(NamedTuple):
    """What a quality-diversity search is put together from."""

    task: Task
    evaluator: Evaluator
    describe: Descriptor


def illuminate(
    task: Task,
    search: MapElites,
    evaluator: Evaluator,
    describe: Descriptor,
    *,
    loop: LoopConfig,
    fresh: bool = False,
    seed: int = 0,
) -> Program:
    """Builds the search for the fittest genome of every behaviour.

    Args:
      task: world, agent and genome.
      search: archive and emitter, for genomes of `task.genome.size` numbers.
      evaluator: finds the fitness of genomes.
      describe: behaviour in one episode; of a genome it is the mean.
      loop: generations in all, and to a chunk.
      fresh: other episodes each generation; else all genomes of the run live the same.
      seed: of the run.

    Example:
      >>> from koki2 import agents, envs
      >>> from koki2.evolution import descriptors, full_episodes, make_task, score
      >>> from koki2.search import ArchiveConfig, EmitterConfig, map_elites
      >>> env = envs.chemotaxis()
      >>> task = make_task(env, agents.AgentConfig(n_neurons=8, k_edges=2))
      >>> search = map_elites(ArchiveConfig(), EmitterConfig(), task.genome.size)
      >>> evaluator = full_episodes(task.episode, score(), episodes=1)
      >>> describe = descriptors(("action_entropy", "lifetime"), env)
      >>> loop = LoopConfig(generations=2, checkpoint_every=2)
      >>> program = illuminate(task, search, evaluator, describe, loop=loop)
      >>> carry, said = program.chunk(program.init(), program.total)
      >>> program.done(carry), bool(said["metrics"]["coverage"][0] > 0)
      (2, True)
    """
    parts = QDParts(task, evaluator, describe)
    (program,) = illuminate_many(
        lambda data: parts,
        search,
        [Data(task.wiring, {})],
        [seed],
        loop=loop,
        fresh=fresh,
    )
    return program._replace(about=about_objects("qd", task, loop, seed))


@devices.moves_data
def illuminate_many(
    assemble: Callable[[Data], QDParts],
    search: MapElites,
    runs: Sequence[Data],
    seeds: Sequence[int],
    *,
    loop: LoopConfig,
    fresh: bool = False,
) -> list[Program]:
    """Builds a search per run; they share one compiled chunk. See `illuminate`."""

    def chunk(data: Data, key: Key, carry: QDCarry, wanted: Any) -> Any:
        parts = assemble(data)
        step = lambda carry: _generation(parts, search, fresh, key, carry)
        return chunked_scan(step, loop.chunk_length)(carry, wanted)

    first = assemble(runs[0])
    like = jax.eval_shape(lambda: _start(first, search, jax.random.key(seeds[0])))
    laid_out = (_shardings(like), devices.replicated())
    chunks = compile_once(chunk, runs, donate=True, out_shardings=laid_out)
    return [
        _program(assemble(data), search, seed, compiled, loop)
        for data, seed, compiled in zip(runs, seeds, chunks, strict=True)
    ]


def _generation(
    parts: QDParts, search: MapElites, fresh: bool, key: Key, carry: QDCarry
) -> tuple[QDCarry, dict[str, columns.Row]]:
    """Computes one generation; `key` is the run's."""
    now = carry.search.generation
    key_now = jax.random.fold_in(stream(key, Stream.GENERATION), now)
    asked, state = search.ask(stream(key_now, Stream.ASK), carry.search)
    params = develop(parts.task.genome, stream(key_now, Stream.DEVELOP), asked.genome)
    key_lives = key_now if fresh else key
    found, remembered = evaluate_genomes(
        parts.evaluator, key_lives, carry.evaluator, asked.genome, params
    )
    behaviour = jax.vmap(jax.vmap(parts.describe))(found.stats)
    behaviour = jnp.mean(behaviour, axis=1)
    # Not the shaped fitness: what did not live whole episodes has no behaviour.
    fitness = jnp.where(found.failed, jnp.nan, found.fitness)
    state, done = search.tell(state, asked, fitness, behaviour)
    after = QDCarry(
        search=state,
        steps=columns.add(carry.steps, found.env_steps),
        evaluator=remembered,
    )
    return after, {"metrics": _row(search, now, asked, found, fitness, done, after)}


def _row(
    search: MapElites,
    now: Array,
    asked: Asked,
    found: Evaluation,
    fitness: Float[Array, " P"],
    done: Insertion,
    after: QDCarry,
) -> columns.Row:
    figures = search.summary(after.search)
    parent, other = asked.parents[:, 0], asked.parents[:, 1]
    parent_birth, other_birth = asked.parents_birth[:, 0], asked.parents_birth[:, 1]
    worth = jnp.where(done.accepted, fitness, 0.0)  # no NaN leaves the program
    return columns.Row(
        generation=now,
        best_fitness=columns.maybe(figures.best),
        generation_best=jnp.max(jnp.where(jnp.isnan(fitness), -jnp.inf, fitness)),
        mean_fitness=columns.maybe(figures.mean),
        coverage=figures.coverage,
        qd_score=figures.qd_score,
        mean_age=columns.maybe(figures.mean_age),
        accepted=count(done.accepted),
        new_cells=count(done.accepted & (done.before == -jnp.inf)),
        not_finite=done.not_finite,
        outside=done.outside,
        **found.metrics,
        env_steps=columns.WideCount(after.steps),
        births=columns.Table(
            (done.cell, worth, parent, parent_birth, other, other_birth),
            done.accepted,
        ),
    )


def _start(parts: QDParts, search: MapElites, key: Key) -> QDCarry:
    key_genome, key_search = jax.random.split(stream(key, Stream.INIT))
    return QDCarry(
        search=search.init(key_search, parts.task.genome.init(key_genome)),
        steps=jnp.zeros(2, jnp.uint32),
        evaluator=parts.evaluator.init(),
    )


def _apart(carry: QDCarry) -> QDCarry:
    """The same with a buffer for every array, as donating it demands: a strategy of an
    emitter may start with the very array of the first genome."""
    return jax.tree.map(jnp.copy, carry)


def _shardings(carry: QDCarry) -> QDCarry:
    """Which devices hold what: the archive is sharded, all else replicated."""
    same, split = devices.replicated(), devices.sharded()

    def where(path, leaf):
        name = jax.tree_util.keystr(path)
        is_split = name.startswith(".search.archive") and devices.count() > 1
        return split if is_split else same

    return jax.tree_util.tree_map_with_path(where, carry)


def _with_archive(carry: QDCarry, archive: Archive) -> QDCarry:
    search = dataclasses.replace(carry.search, archive=archive)
    return dataclasses.replace(carry, search=search)


def _program(
    parts: QDParts,
    search: MapElites,
    seed: int,
    compiled: Callable[..., Any],
    loop: LoopConfig,
) -> Program:
    key = jax.random.key(seed)
    start = functools.partial(_start, parts, search, key)
    whole, split = jax.jit(search.store.whole), jax.jit(search.store.split)
    in_cells = lambda carry: _with_archive(carry, whole(carry.search.archive))
    laid_out = lambda carry: jax.device_put(carry, _shardings(carry))
    like = jax.eval_shape(lambda: in_cells(start()))

    def restore(arrays: Mapping[str, Any]) -> QDCarry:
        carry = unpack(like, arrays)
        return laid_out(_with_archive(carry, split(carry.search.archive)))

    def artifacts(carry: QDCarry) -> dict[str, Arrays]:
        archive = jax.device_get(whole(carry.search.archive))
        arrays = dataclasses.asdict(archive)
        out = {"archive": {**arrays, "centre": search.store.cells.centre}}
        if np.any(archive.filled):
            best = jnp.asarray(archive.genome[int(np.argmax(archive.fitness))])
            out["best_genome"] = jax.device_get(parts.task.genome.named(best))
        return out

    return Program(
        init=devices.moves_data(lambda: laid_out(_apart(start()))),
        chunk=lambda carry, wanted: compiled(
            key, carry, jax.device_put(np.int32(wanted))
        ),
        done=lambda carry: int(jax.device_get(carry.search.generation)),
        total=loop.generations,
        length=loop.chunk_length,
        pack=devices.moves_data(lambda carry: pack(in_cells(carry))),
        unpack=devices.moves_data(restore),
        artifacts=devices.moves_data(artifacts),
    )
