"""One generation: ask, develop, test, live, tell; and what its row says.

    key_g          = fold_in(stream(key(seed), GENERATION), g)
    genomes        = ask(stream(key_g, ASK))
    episodes       = split(stream(key_g, LIVES), E), the same for all genomes
    short ones     = split(stream(key_g, VIABILITY or RUNG), ...), likewise

Rows count env-steps as lived. What rungs save is an estimate: had the viable that were
not promoted lived as long as the promoted did on average, less what rung 1 took.
"""

from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt32

from koki2.core.keys import Stream, stream
from koki2.core.types import Key, Keys
from koki2.evolution import rungs
from koki2.evolution.configs import EvolutionConfig, FitnessConfig
from koki2.evolution.episode import EpisodeStats
from koki2.evolution.measures import fitness
from koki2.evolution.nursing import fertile
from koki2.evolution.rollout import Layout, rollout
from koki2.evolution.task import Task
from koki2.evolution.viability import REASONS, viability
from koki2.search import Strategy
from koki2.search.novelty import novelty, NoveltyArchive, remember


@chex.dataclass(frozen=True, kw_only=True)
class Carry:
    """All of a search: what a checkpoint holds."""

    generation: Int[Array, ""]  # generations done
    search: Any  # the strategy's state
    best: Float[Array, " D"]  # the fittest genome met while searching
    best_fitness: Float[Array, ""]  # on the lives it was met in
    steps: UInt32[Array, "2"]  # env-steps lived, high and low word
    archive: NoveltyArchive | None = (
        None  # of behaviours; None where novelty does not count
    )


class _Test(NamedTuple):
    """Rung 0."""

    passed: Bool[Array, " P"]
    order: Int[Array, " P"] | None  # the viable first; None: all are
    steps: Int[Array, ""]
    row: dict


class Trial(NamedTuple):
    """What lives came to."""

    worth: Float[Array, " P"]  # mean fitness, of those who lived in full
    evaluated: Bool[Array, " P"]  # who did
    told: Float[Array, " P"]  # the fitness that the strategy hears
    choice: Float[Array, " P"]  # that by which the best genome is chosen
    steps: Int[Array, ""]  # env-steps beyond the viability test
    row: dict
    archive: NoveltyArchive | None


def generation(
    config: EvolutionConfig,
    parts: Task,
    strategy: Strategy,
    layout: Layout | None,
    key: Key,
    carry: Carry,
) -> tuple[Carry, dict]:
    """Lives one generation; `key` is the run's."""
    key = jax.random.fold_in(stream(key, Stream.GENERATION), carry.generation)
    genomes, search = strategy.ask(stream(key, Stream.ASK), carry.search)
    key_develop = stream(key, Stream.DEVELOP)
    params = jax.vmap(lambda genes: parts.genome.develop(key_develop, genes))(genomes)
    keys = jax.random.split(stream(key, Stream.LIVES), config.loop.episodes)

    test = _test(config, parts, key, params, layout)
    if config.rungs.rungs:
        keys_short = jax.random.split(
            stream(key, Stream.RUNG), config.rungs.rung1_episodes
        )
        both = keys_short, keys
        trial = _climb(config, parts, both, params, test, carry.archive, layout)
    else:
        trial = _everyone(config, parts, keys, params, test, layout)
    search = strategy.tell(search, genomes, trial.told)

    choice = jnp.where(jnp.isnan(trial.choice), -jnp.inf, trial.choice)  # never best
    top = jnp.argmax(choice)
    better = choice[top] > carry.best_fitness
    after = Carry(
        generation=carry.generation + 1,
        search=search,
        best=jnp.where(better, genomes[top], carry.best),
        best_fitness=jnp.where(better, choice[top], carry.best_fitness),
        steps=add(carry.steps, test.steps + trial.steps),
        archive=trial.archive,
    )
    seen = jnp.where(trial.evaluated, trial.worth, jnp.nan)  # of the evaluated only
    quartiles = jnp.nanquantile(seen, jnp.array([0.25, 0.5, 0.75]))
    count = jnp.sum(test.passed, dtype=jnp.int32)
    rate = count.astype(jnp.float32) / float(genomes.shape[0])
    row = {
        "generation": carry.generation,
        "best_fitness": after.best_fitness,
        "generation_best": trial.choice[top],
        "mean_fitness": jnp.nanmean(seen),
        "median_fitness": quartiles[1],
        "fitness_q25": quartiles[0],
        "fitness_q75": quartiles[2],
        "evaluated": count,
        "mvt_pass_rate": rate if config.viability.mvt else jnp.float32(jnp.nan),
        **test.row,
        **trial.row,
        "mean_norm": jnp.linalg.norm(strategy.mean(search)),
        "high": after.steps[0],
        "low": after.steps[1],
    }
    return after, row


def _test(config, parts: Task, key: Key, params, layout) -> _Test:
    count = jax.tree.leaves(params)[0].shape[0]
    if not config.viability.mvt:
        return _Test(jnp.ones(count, bool), None, jnp.int32(0), {})
    episodes = config.viability.mvt_episodes
    keys_short = jax.random.split(stream(key, Stream.VIABILITY), episodes)
    test = viability(config.viability, parts.episode, keys_short, params, layout)
    order = jnp.argsort(~test.passed, stable=True)  # the viable first: chunks skip
    row = {f"mvt_failed_{name}": test.failed[name] for name in REASONS}
    return _Test(test.passed, order, test.steps, row)


def _everyone(config, parts: Task, keys: Keys, params, test: _Test, layout) -> Trial:
    """Full lives for all that are viable; the others are skipped."""
    stats = _viable_lives(parts, keys, params, test, layout)
    worth = mean_fitness(config.fitness, stats)
    lived = jnp.sum(stats.t_alive)
    worth = _in_place(worth, test.order)
    fit, row = test.passed, {}
    if config.nursing.repro_phi > 0:
        grown = fertile(config.nursing, stats.t_alive, parts.env.steps)
        fit = fit & _in_place(grown, test.order)
        row = {"repro_failed": jnp.sum(test.passed & ~fit, dtype=jnp.int32)}
    told = jnp.where(fit, worth, config.viability.mvt_fail_fitness)
    return Trial(worth, test.passed, told, told, lived, row, None)


def _climb(
    config,
    parts: Task,
    keys: tuple,
    params,
    test: _Test,
    archive: NoveltyArchive | None,
    layout,
) -> Trial:
    """Short lives for the viable, and full ones for those promoted; see `rungs`.

    `keys` are of the short and of the full lives.
    """
    knobs, fail = config.rungs, config.viability.mvt_fail_fitness
    keys_short, keys_full = keys
    steps = min(knobs.rung1_steps, parts.env.steps)
    short = _viable_lives(parts, keys_short, params, test, layout, steps)
    lived_short = jnp.sum(short.t_alive)
    short = _in_place(short, test.order)
    proxy = mean_fitness(config.fitness, short)
    unlike = None
    if archive is not None:
        like = rungs.behaviours(short, steps)
        unlike = novelty(like, test.passed, archive, knobs.novelty_k)
    chosen, valid = rungs.promote(knobs, test.passed, proxy, unlike)
    top, novel = rungs.capacities(knobs, test.passed.shape[0])
    if archive is not None:
        new = chosen[top:][: knobs.archive_size]
        archive = remember(archive, like[new], test.passed[new])

    promoted = jax.tree.map(lambda x: x[chosen], params)
    full = rollout(parts.episode, keys_full, promoted, wanted=valid, layout=layout)
    lived = jnp.sum(full.t_alive)
    worth = mean_fitness(config.fitness, full)
    fit = valid
    if config.nursing.repro_phi > 0:
        fit = fit & fertile(config.nursing, full.t_alive, parts.env.steps)
    sound = fit & jnp.isfinite(worth)
    floor = jnp.min(jnp.where(sound, worth, jnp.inf))
    floor = jnp.where(jnp.any(sound), floor, 0.0)

    nobody = jnp.zeros_like(test.passed)
    evaluated = nobody.at[chosen].set(valid)
    waiting = test.passed & ~evaluated
    rest = jnp.where(waiting, rungs.below(floor, waiting, proxy), fail)
    heard = jnp.where(fit, worth, fail)
    told = rest.at[chosen].set(jnp.where(valid, heard, rest[chosen]))
    choice = jnp.full_like(rest, fail).at[chosen].set(jnp.where(sound, worth, fail))

    number = lambda mask: jnp.sum(mask, dtype=jnp.int32)
    real = lambda count: count.astype(jnp.float32)
    per_genome = real(lived) / jnp.maximum(real(number(valid)), 1.0)
    row = {
        "rung1_evaluated": number(test.passed),
        "evaluated": number(valid),
        "promoted_top": number(valid[:top]),
        "promoted_novel": number(valid[top:]),
        "rung_correlation": rungs.spearman(proxy[chosen], worth, valid),
        "env_steps_rung0": test.steps,
        "env_steps_rung1": lived_short,
        "env_steps_rung2": lived,
        "env_steps_saved": real(number(waiting)) * per_genome - real(lived_short),
    }
    if config.nursing.repro_phi > 0:
        row["repro_failed"] = number(valid & ~fit)
    worth = jnp.zeros_like(rest).at[chosen].set(worth)
    return Trial(worth, evaluated, told, choice, lived_short + lived, row, archive)


def _viable_lives(
    parts: Task, keys: Keys, params, test: _Test, layout, steps: int | None = None
) -> EpisodeStats:
    """Lives of the viable, in `test.order`; the failed come last, and are skipped."""
    order, wanted = test.order, test.passed
    if order is not None:
        params = jax.tree.map(lambda x: x[order], params)
        wanted = wanted[order]
    return rollout(
        parts.episode, keys, params, steps=steps, wanted=wanted, layout=layout
    )


def _in_place(tree, order: Int[Array, " P"] | None):
    """Undoes `order`."""
    if order is None:
        return tree
    return jax.tree.map(lambda x: jnp.zeros_like(x).at[order].set(x), tree)


def mean_fitness(config: FitnessConfig, stats: EpisodeStats) -> Float[Array, " P"]:
    """Over the lives of each genome."""
    worth = jax.vmap(jax.vmap(lambda one: fitness(config, one)))(stats)
    return jnp.mean(worth, axis=1)


def add(words: UInt32[Array, "2"], more: Int[Array, ""]) -> UInt32[Array, "2"]:
    """64-bit counting in two words."""
    low = words[1] + more.astype(jnp.uint32)
    carried = (low < words[1]).astype(jnp.uint32)
    return jnp.stack([words[0] + carried, low])
