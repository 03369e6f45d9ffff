"""What every strategy promises, as checks that anyone can run on one of their own.

    for name, check in CHECKS.items():
        check(strategy)  # raises AssertionError, with a sentence

The strategy is one for genomes of `NUM_DIMS` numbers. It searches a hill whose summit
is at 0.7 in each of them, from 0. It is compiled once, however many checks look at it.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from koki2.contracts import requirements
from koki2.contracts.requirements import must
from koki2.core.types import Key
from koki2.search.base import State, Strategy

NUM_DIMS = 16
GENERATIONS = 4


class Trial(NamedTuple):
    """A strategy at work, compiled."""

    init: Callable[[Key, Float[Array, " D"]], State]
    generation: Callable[[Key, State, Bool[Array, " P"]], tuple[Any, State, Any]]
    """(key, state, which fail) -> (population, state after, its mean)."""
    plain: Callable[[Key, State, Bool[Array, " P"]], tuple[Any, State, Any]]
    """The same, not compiled."""


def height(genomes: Float[Array, "... D"]) -> Float[Array, "..."]:
    """The hill that is climbed."""
    return -jnp.sum((genomes - 0.7) ** 2, axis=-1)


@functools.lru_cache(maxsize=64)
def trial(strategy: Strategy) -> Trial:
    """Compiles a strategy's start and one generation of it."""

    def generation(
        key: Key, state: State, failing: Bool[Array, " P"]
    ) -> tuple[Any, State, Any]:
        population, state = strategy.ask(key, state)
        fitness = jnp.where(failing, jnp.nan, height(population))
        state = strategy.tell(state, population, fitness)
        return population, state, strategy.mean(state)

    init = requirements.compiled(strategy.init)
    return Trial(init, requirements.compiled(generation), generation)


def search(
    strategy: Strategy, seed: int = 0, fails_at: int | None = None
) -> tuple[list[np.ndarray], list[np.ndarray], list[State]]:
    """Populations, means and states of a short search, the first before it.

    Args:
      strategy: the strategy.
      seed: of the search.
      fails_at: the generation in which every genome fails; None: no genome ever does.
    """
    at_work = trial(strategy)
    state = at_work.init(jax.random.key(seed), jnp.zeros(NUM_DIMS))
    populations, means, states = [], [np.asarray(strategy.mean(state))], [state]
    for step in range(GENERATIONS):
        failing = jnp.full(strategy.pop_size, step == fails_at)
        key = jax.random.fold_in(jax.random.key(seed + 1), step)
        population, state, mean = at_work.generation(key, state, failing)
        populations.append(np.asarray(population))
        means.append(np.asarray(mean))
        states.append(state)
    return populations, means, states


def check_form(strategy: Strategy) -> None:
    """It has the fields of a `Strategy`."""
    requirements.must_be_a(Strategy, strategy, "koki2.search.Strategy")
    requirements.must_count("pop_size", strategy.pop_size)


def check_centre(strategy: Strategy) -> None:
    """A search starts around the centre that it is given."""
    centre = jnp.full(NUM_DIMS, 5.0)
    state = trial(strategy).init(jax.random.key(0), centre)
    mean = np.asarray(strategy.mean(state))
    must(
        np.array_equal(mean, centre),
        f"mean of the first state must be the centre given to init, got {mean[:3]}... "
        "for 5, 5, 5...",
    )


def check_population(strategy: Strategy) -> None:
    """It asks for `pop_size` genomes of float32 that are finite."""
    shape = (strategy.pop_size, NUM_DIMS)
    state = trial(strategy).init(jax.random.key(0), jnp.zeros(NUM_DIMS))
    asked, _ = jax.eval_shape(strategy.ask, jax.random.key(1), state)
    requirements.must_be_array("the population of ask", asked, shape, np.float32)
    for population in search(strategy)[0]:
        must(np.all(np.isfinite(population)), "genomes must be finite")


def check_types(strategy: Strategy) -> None:
    """The state is arrays whose types never change, and holds no key."""
    start = lambda: strategy.init(jax.random.key(0), jnp.zeros(NUM_DIMS))
    state = jax.eval_shape(start)
    failing = jnp.zeros(strategy.pop_size, bool)
    after = jax.eval_shape(trial(strategy).plain, jax.random.key(0), state, failing)[1]
    requirements.must_keep_types(state, after, "a generation")
    requirements.must_hold_no_key(state)


def check_replay(strategy: Strategy) -> None:
    """The same key gives the same search, bit for bit, and another key another."""
    first, again, other = (search(strategy, seed) for seed in (0, 0, 8))
    sentence = "the same key must give the same search bit for bit, got two"
    requirements.must_be_same_bits(first, again, sentence)
    must(
        not np.array_equal(first[0][0], other[0][0]),
        "another key must give another population, got the same",
    )


def check_failures(strategy: Strategy) -> None:
    """A generation in which all genomes fail moves no centre, and breaks nothing."""
    for step in (0, 2):
        populations, means, states = search(strategy, fails_at=step)
        must(
            np.array_equal(means[step], means[step + 1]),
            f"the mean must not move where all genomes fail, in generation {step}",
        )
        for leaf in jax.tree.leaves((populations, means, states)):
            must(
                not np.any(np.isnan(leaf)),
                "no number may become NaN because genomes failed",
            )


def check_jit(strategy: Strategy) -> None:
    """`jit` agrees with eager, within a rounding."""
    state = search(strategy)[2][-1]
    args = lambda: (jax.random.key(9), state, jnp.zeros(strategy.pop_size, bool))
    compiled = trial(strategy).generation(*args())
    eager = trial(strategy).plain(*args())
    requirements.must_be_close(eager, compiled, "a generation", rtol=1e-3, atol=1e-4)


CHECKS: Mapping[str, Callable[[Strategy], None]] = requirements.by_name(
    *(check_form, check_centre, check_population, check_types, check_replay),
    *(check_failures, check_jit),
)
"""Every check by name; each raises AssertionError with a sentence."""
