"""One generation: ask, develop, evaluate, tell; and its row.

key_g     = fold_in(stream(key(seed), GENERATION), g)
genomes   = ask(stream(key_g, ASK))
episodes  = split(stream(key_g, LIVES), E), the same for all genomes
short     = split(stream(key_g, VIABILITY or RUNG), ...), likewise
"""

from typing import Any

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt32

from koki2.core import columns
from koki2.core.keys import Stream, stream
from koki2.core.types import Key
from koki2.evolution.evaluation import evaluate_genomes, Evaluation, Evaluator
from koki2.genomes.base import Genome
from koki2.search import Strategy


@chex.dataclass(frozen=True, kw_only=True)
class Carry:
    """All of a search: what a checkpoint holds."""

    generation: Int[Array, ""]  # generations done
    search: Any  # the strategy's state
    best: Float[Array, " D"]  # the fittest genome met while searching
    best_fitness: Float[Array, ""]  # on the episodes it was met in; -inf: none yet
    steps: UInt32[Array, "2"]  # env-steps lived, high and low word
    evaluator: Any = None  # the evaluator's state


def generation(
    genome: Genome,
    strategy: Strategy,
    evaluator: Evaluator,
    fail_fitness: float,
    key: Key,
    carry: Carry,
) -> tuple[Carry, columns.Row]:
    """Computes one generation.

    Args:
      genome: what the strategy's flat vectors mean.
      strategy: proposes genomes.
      evaluator: finds their fitness.
      fail_fitness: stands in the row where a failed genome's fitness would.
      key: the run's.
      carry: the search so far.

    Returns:
      The search after it, and the generation's row.
    """
    key = jax.random.fold_in(stream(key, Stream.GENERATION), carry.generation)
    genomes, search = strategy.ask(stream(key, Stream.ASK), carry.search)
    params = develop(genome, stream(key, Stream.DEVELOP), genomes)
    found, state = evaluate_genomes(evaluator, key, carry.evaluator, genomes, params)
    search = strategy.tell(search, genomes, found.shaped_fitness)

    score = jnp.where(found.failed | jnp.isnan(found.fitness), -jnp.inf, found.fitness)
    top = jnp.argmax(score)
    better = score[top] > carry.best_fitness
    after = Carry(
        generation=carry.generation + 1,
        search=search,
        best=jnp.where(better, genomes[top], carry.best),
        best_fitness=jnp.where(better, score[top], carry.best_fitness),
        steps=columns.add(carry.steps, found.env_steps),
        evaluator=state,
    )
    norm = jnp.linalg.norm(strategy.mean(search))
    return after, _row(carry, after, found, score[top], norm, fail_fitness)


def develop(genome: Genome, key: Key, genomes: Float[Array, "P D"]) -> Any:
    """Develops every genome with one key: agents' parameters, each array [P, ...]."""
    return jax.vmap(lambda genes: genome.develop(key, genes))(genomes)


def _row(
    before: Carry,
    after: Carry,
    found: Evaluation,
    best: Float[Array, ""],
    norm: Float[Array, ""],
    fail_fitness: float,
) -> columns.Row:
    known = lambda x: jnp.where(x == -jnp.inf, fail_fitness, x)
    quartiles = jnp.nanquantile(found.fitness, jnp.array([0.25, 0.5, 0.75]))
    return columns.Row(
        generation=before.generation,
        best_fitness=known(after.best_fitness),
        generation_best=known(best),
        mean_fitness=columns.maybe(jnp.nanmean(found.fitness)),
        median_fitness=columns.maybe(quartiles[1]),
        fitness_q25=columns.maybe(quartiles[0]),
        fitness_q75=columns.maybe(quartiles[2]),
        **{"mvt_pass_rate": None} | found.metrics,
        mean_norm=norm,
        env_steps=columns.WideCount(after.steps),
    )
