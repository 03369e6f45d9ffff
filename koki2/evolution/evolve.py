"""Evolution: a strategy's generations, as a program in chunks.

A chunk is also the interval of checkpoints and of the log.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from koki2.core import columns
from koki2.core.chunks import chunked_scan
from koki2.core.devices import moves_data, replicated
from koki2.core.keys import Stream, stream
from koki2.core.program import About, DivergedError, Program
from koki2.core.trees import pack, unpack
from koki2.core.types import Key
from koki2.evolution.batch import compile_once, Data
from koki2.evolution.configs import LoopConfig
from koki2.evolution.evaluation import Evaluator
from koki2.evolution.generation import Carry, generation
from koki2.evolution.task import Task
from koki2.search import Strategy

FAIL_FITNESS = -1e9  # in rows, in place of the fitness of a genome that failed


class Parts(NamedTuple):
    """What a search is put together from."""

    task: Task
    strategy: Strategy
    evaluator: Evaluator


def evolve(
    task: Task,
    strategy: Strategy,
    evaluator: Evaluator,
    *,
    loop: LoopConfig,
    seed: int = 0,
    fail_fitness: float = FAIL_FITNESS,
) -> Program:
    """Builds the evolution of a task's genomes. Compiles on its first chunk.

    Args:
      task: world, agent and genome.
      strategy: proposes genomes, of `task.genome.size` numbers.
      evaluator: finds their fitness.
      loop: generations in all, and to a chunk.
      seed: of the run; of all that is drawn in it.
      fail_fitness: stands in rows where a failed genome's fitness would.

    Example:
      >>> from koki2 import agents, envs, search
      >>> from koki2.evolution import full_episodes, make_task, score
      >>> agent = agents.AgentConfig(n_neurons=4, k_edges=2)
      >>> task = make_task(envs.chemotaxis(), agent)
      >>> strategy = search.make(search.SearchConfig(pop_size=8), task.genome.size)
      >>> evaluator = full_episodes(task.episode, score(), episodes=1)
      >>> loop = LoopConfig(generations=3, checkpoint_every=2)
      >>> program = evolve(task, strategy, evaluator, loop=loop, seed=0)
      >>> carry, _ = program.chunk(program.init(), program.total)
      >>> program.done(carry)
      2
    """
    parts = Parts(task, strategy, evaluator)
    (program,) = evolve_many(
        lambda data: parts,
        [Data(task.wiring, {})],
        [seed],
        loop=loop,
        fail_fitness=fail_fitness,
    )
    return program._replace(about=about_objects("evo", task, loop, seed))


def about_objects(kind: str, task: Task, loop: LoopConfig, seed: int) -> About:
    """What a program is of that was built from objects, which no folder can name."""
    return About(kind, seed, {"python": {"loop": dataclasses.asdict(loop)}}, task)


@moves_data
def evolve_many(
    assemble: Callable[[Data], Parts],
    runs: Sequence[Data],
    seeds: Sequence[int],
    *,
    loop: LoopConfig,
    fail_fitness: float = FAIL_FITNESS,
    starts: Sequence[np.ndarray] | None = None,
) -> list[Program]:
    """Builds an evolution per run; they share one compiled chunk.

    Args:
      assemble: data -> parts; the data may be traced.
      runs: the data of each.
      seeds: of the runs.
      loop: see `evolve`.
      fail_fitness: see `evolve`.
      starts: the genes that each starts from, [D]; None draws them, as `evolve` does.
    """

    def chunk(data: Data, key: Key, carry: Carry, wanted: Any) -> Any:
        task, strategy, evaluator = assemble(data)

        def step(carry: Carry) -> tuple[Carry, dict[str, columns.Row]]:
            carry, row = generation(
                task.genome, strategy, evaluator, fail_fitness, key, carry
            )
            return carry, {"metrics": row}

        return chunked_scan(step, loop.chunk_length)(carry, wanted)

    chunks = compile_once(chunk, runs, out_shardings=replicated())
    centres = [None] * len(runs) if starts is None else starts
    return [
        _program(assemble(data), seed, compiled, loop, centre)
        for data, seed, compiled, centre in zip(
            runs, seeds, chunks, centres, strict=True
        )
    ]


def _program(
    parts: Parts,
    seed: int,
    compiled: Callable[..., Any],
    loop: LoopConfig,
    centre: np.ndarray | None,
) -> Program:
    key = jax.random.key(seed)
    genome, strategy = parts.task.genome, parts.strategy
    init = functools.partial(_start, parts, key, centre)
    like = jax.eval_shape(init)
    named = lambda genes: jax.device_get(genome.named(genes))
    return Program(
        init=moves_data(lambda: jax.device_put(init(), replicated())),
        chunk=lambda carry, wanted: compiled(
            key, carry, jax.device_put(np.int32(wanted))
        ),
        done=lambda carry: int(jax.device_get(carry.generation)),
        total=loop.generations,
        length=loop.chunk_length,
        pack=moves_data(functools.partial(_pack, strategy)),
        unpack=moves_data(
            lambda arrays: jax.device_put(unpack(like, arrays), replicated())
        ),
        artifacts=moves_data(
            lambda carry: {
                "best_genome": named(carry.best),
                "mean_genome": named(strategy.mean(carry.search)),
            }
        ),
    )


def _pack(strategy: Strategy, carry: Carry) -> dict[str, np.ndarray]:
    """The state on the host; that of a search whose centre is not finite is none."""
    centre = np.asarray(jax.device_get(strategy.mean(carry.search)))
    if not np.all(np.isfinite(centre)):
        odd = centre[~np.isfinite(centre)][0]
        raise DivergedError(
            f"the centre of the search must be finite, got {odd} within "
            f"{int(carry.generation)} generations; {strategy.name} took too long "
            "steps: try a smaller lr or sigma."
        )
    return pack(carry)


def _start(parts: Parts, key: Key, genes: np.ndarray | None) -> Carry:
    key_genome, key_search = jax.random.split(stream(key, Stream.INIT))
    drawn = genes is None
    centre = parts.task.genome.init(key_genome) if drawn else jnp.asarray(genes)
    return Carry(
        generation=jnp.int32(0),
        search=parts.strategy.init(key_search, centre),
        best=centre,
        best_fitness=jnp.float32(-jnp.inf),
        steps=jnp.zeros(2, jnp.uint32),
        evaluator=parts.evaluator.init(),
    )
