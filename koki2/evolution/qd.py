"""Quality-diversity over lives: MAP-Elites whose genomes are agents that live.

    key_g   = fold_in(stream(key(seed), GENERATION), g)
    genomes = ask(stream(key_g, ASK)): children of elites, or of nobody at first
    lives   = split(stream(key(seed) or key_g, LIVES), E): the same for all, or fresh
    tell(mean fitness, mean descriptor)

A run is made and resumed like any other; see `loop`. An elite is known by its cell and
the generation it was born in, for no two enter one cell at a time.
"""

import dataclasses
import functools
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt32

from koki2.core import devices
from koki2.core.keys import Stream, stream
from koki2.core.trees import pack, unpack
from koki2.core.types import Key
from koki2.envs.registry import make
from koki2.evolution.configs import QDConfig
from koki2.evolution.descriptors import descriptors, wants_map
from koki2.evolution.generation import add, mean_fitness
from koki2.evolution.loop import Evolution, in_order, programs, scan
from koki2.evolution.rollout import Layout, rollout
from koki2.evolution.task import Task, task, wiring
from koki2.genomes import GroupMutation, mutation, MutationConfig
from koki2.search import map_elites, MapElites
from koki2.search.archive import Archive
from koki2.search.map_elites import MapElitesState

Arrays = dict[str, Any]  # NumPy arrays by name


@chex.dataclass(frozen=True, kw_only=True)
class QDCarry:
    """All of a search: what a checkpoint holds."""

    search: MapElitesState
    steps: UInt32[Array, "2"]  # env-steps lived, high and low word


def illuminate(
    config: QDConfig, seed: int, *, layout: Layout | None = None
) -> Evolution:
    """Builds one search. Compiles on its first chunk.

    Args:
      config: everything that decides its bits, but for the seed.
      seed: of the run.
      layout: of the lives; decides speed only.

    Raises:
      ValueError: a strategy that does not exist or cannot run at this size; a
        descriptor that wants a map, where there is none.

    Example:
      >>> from koki2.evolution.configs import LoopConfig
      >>> from koki2.agents import AgentConfig
      >>> agent = AgentConfig(n_neurons=8, k_edges=2)
      >>> loop = LoopConfig(generations=2, episodes=1, checkpoint_every=2)
      >>> search = illuminate(QDConfig(agent=agent, loop=loop), seed=0)
      >>> carry, rows = search.chunk(search.init())
      >>> search.generation(carry), rows["coverage"][0] > 0
      (2, np.True_)
    """
    return illuminate_many(config, [seed], layout=layout)[0]


def illuminate_many(
    config: QDConfig, seeds: list[int], *, layout: Layout | None = None
) -> list[Evolution]:
    """Builds a search per seed that share one compiled program."""
    search = _search(config, _parts(config, wiring(config, seeds[0])))
    chunk = functools.partial(_chunk, config, search, layout)
    carry = _laid_out(jax.eval_shape(lambda: _start(config, search, seeds[0])))
    built = programs(
        config,
        seeds,
        chunk,
        out_shardings=(carry, devices.replicated()),
        donate=True,
    )
    return [
        _evolution(config, search, seed, program)
        for seed, program in zip(seeds, built, strict=True)
    ]


def _parts(config: QDConfig, topology) -> Task:
    names = config.behaviour.descriptors
    descriptors(names, make(config.env))  # says what is wrong before a path does
    return task(config, topology, path=wants_map(names))


def _search(config: QDConfig, parts: Task) -> MapElites:
    mutate = None
    if config.emitter.emitter == "mutation":
        knobs = GroupMutation(sigma=config.emitter.sigma, rate=config.emitter.rate)
        mutate = mutation(MutationConfig(others=knobs), parts.genome)
    return map_elites(config.archive, config.emitter, parts.genome.size, mutate=mutate)


def _start(config: QDConfig, search: MapElites, seed: int) -> QDCarry:
    genome = task(config, wiring(config, seed)).genome
    key = jax.random.key(seed)
    key_genome, key_search = jax.random.split(stream(key, Stream.INIT))
    state = search.init(key_search, genome.init(key_genome))
    return QDCarry(search=state, steps=jnp.zeros(2, jnp.uint32))


def _laid_out(carry):
    """Which devices hold what of a carry: the archive is dealt out, all else whole."""
    same, deal = devices.replicated(), devices.sharded()

    def where(path, leaf):
        is_dealt = ".archive" in jax.tree_util.keystr(path) and jax.device_count() > 1
        return deal if is_dealt else same

    return jax.tree_util.tree_map_with_path(where, carry)


def _evolution(config: QDConfig, search: MapElites, seed: int, program) -> Evolution:
    genome = task(config, wiring(config, seed)).genome
    key = jax.random.key(seed)
    whole, split = jax.jit(search.store.whole), jax.jit(search.store.split)

    def init() -> QDCarry:
        start = _start(config, search, seed)
        return jax.device_put(start, _laid_out(start))

    def chunk(carry: QDCarry):
        carry, rows = program(key, carry)
        rows = in_order(rows)
        births = rows.pop("births"), rows.pop("born")
        return carry, rows | {"births": _accepted(*births)}

    def archive_of(carry: QDCarry) -> Archive:
        return whole(carry.search.archive)

    def with_archive(carry: QDCarry, archive: Archive) -> QDCarry:
        return dataclasses.replace(
            carry, search=dataclasses.replace(carry.search, archive=archive)
        )

    def products(carry: QDCarry) -> dict[str, Arrays]:
        found = jax.device_get(archive_of(carry))
        out = {
            "archive": {
                **dataclasses.asdict(found),
                "centre": search.store.cells.centre,
            }
        }
        if np.any(found.filled):
            best = int(np.argmax(found.fitness))
            genes = jnp.asarray(found.genome[best])
            out["best_genome"] = jax.device_get(genome.named(genes))
        return out

    def restore(arrays: Arrays) -> QDCarry:
        carry = unpack(like, arrays)
        carry = with_archive(carry, split(carry.search.archive))
        return jax.device_put(carry, _laid_out(carry))

    def in_cells() -> QDCarry:
        start = _start(config, search, seed)
        return with_archive(start, search.store.whole(start.search.archive))

    like = jax.eval_shape(in_cells)
    return Evolution(
        init=init,
        chunk=chunk,
        generation=lambda carry: int(carry.search.generation),
        pack=lambda carry: pack(with_archive(carry, archive_of(carry))),
        unpack=restore,
        products=products,
    )


def _chunk(config: QDConfig, search: MapElites, layout, topology, key: Key, carry):
    parts = _parts(config, topology)
    one = lambda carry: _generation(config, parts, search, layout, key, carry)
    return scan(config.loop, one, lambda carry: carry.search.generation, carry)


def _generation(
    config: QDConfig, parts: Task, search: MapElites, layout, key: Key, carry: QDCarry
) -> tuple[QDCarry, dict]:
    """Lives one generation; `key` is the run's."""
    now = carry.search.generation
    key_now = jax.random.fold_in(stream(key, Stream.GENERATION), now)
    asked, state = search.ask(stream(key_now, Stream.ASK), carry.search)
    key_develop = stream(key_now, Stream.DEVELOP)
    develop = lambda genes: parts.genome.develop(key_develop, genes)
    params = jax.vmap(develop)(asked.genome)
    key_lives = key if config.behaviour.lives == "same" else key_now
    keys = jax.random.split(stream(key_lives, Stream.LIVES), config.loop.episodes)

    stats = rollout(parts.episode, keys, params, layout=layout)
    fitness = mean_fitness(config.fitness, stats)
    describe = descriptors(config.behaviour.descriptors, parts.env)
    descriptor = jnp.mean(jax.vmap(jax.vmap(describe))(stats), axis=1)
    state, done = search.tell(state, asked, fitness, jnp.clip(descriptor, 0.0, 1.0))

    figures = search.summary(state)
    after = QDCarry(search=state, steps=add(carry.steps, jnp.sum(stats.t_alive)))
    number = lambda mask: jnp.sum(mask, dtype=jnp.int32)
    born = jnp.concatenate(
        [done.cell[:, None], asked.parents, asked.parents_birth], axis=1
    )
    row = {
        "generation": now,
        "best_fitness": figures.best,
        "generation_best": jnp.max(jnp.where(jnp.isnan(fitness), -jnp.inf, fitness)),
        "mean_fitness": figures.mean,
        "coverage": figures.coverage,
        "qd_score": figures.qd_score,
        "mean_age": figures.mean_age,
        "accepted": number(done.accepted),
        "new_cells": number(done.accepted & (done.before == -jnp.inf)),
        "not_finite": done.not_finite,
        "outside": done.outside,
        "births": {"accepted": done.accepted, "fitness": fitness},
        "born": born,
        "high": after.steps[0],
        "low": after.steps[1],
    }
    return after, row


def _accepted(births: Arrays, born: np.ndarray) -> list[list[list]]:
    """Of each generation's elites: [cell, fitness, parent's cell and birth, other's].

    A parent that there is not is -1, born at -1.
    """
    order = [0, 1, 3, 2, 4]  # cell, cells of parents, their births
    return [
        [
            [int(row[0]), float(worth), *(int(row[i]) for i in order[1:])]
            for row, worth in zip(rows[mask], fitness[mask], strict=True)
        ]
        for rows, mask, fitness in zip(
            born, births["accepted"], births["fitness"], strict=True
        )
    ]
