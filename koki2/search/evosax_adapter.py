"""Adapts every evosax algorithm to `Strategy`: sign, NaN, types of state and start.

evosax minimises, propagates NaN, changes the types of its state from step to step, and
some of its algorithms need an evaluated first population; this file hides all of that.
"""

import contextlib
import dataclasses
import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import chex
import evosax.algorithms
import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, PyTree, UInt32

from koki2.core.types import Key
from koki2.search.base import Strategy
from koki2.search.configs import SearchConfig
from koki2.search.evosax_recipes import Recipe, RECIPES

_LENGTHS = ("std_init", "std_min", "std_max", "kernel_std")


@chex.dataclass(frozen=True, kw_only=True)
class EvosaxState:
    """The state of an evosax algorithm, and what we add to it."""

    inner: Any
    """evosax's own state; its costs are negated fitness, infinity is "none yet"."""
    centre: Float[Array, " D"]
    """Where the search started, in genome units."""
    tell_seed: UInt32[Array, ""]
    """Drawn by `ask`: the seed of the random numbers of the `tell` that follows."""


def costs(
    fitness: Float[Array, " P"], failed_is_infinite: bool
) -> tuple[Float[Array, " P"], Bool[Array, ""]]:
    """Converts fitness to evosax's costs: lower is better, without NaN.

    A failed genome costs as much more than the worst valid one as the worst costs more
    than the best, and always at least a little more; so it loses every comparison
    within its generation, without dominating where costs are summed.

    Args:
      fitness: higher is better; NaN and -inf mark genomes that failed. +inf counts as
        the best finite fitness of the generation.
      failed_is_infinite: let a failed genome cost infinity instead.

    Returns:
      Cost per genome, and whether any genome was valid; if none was, the costs are
      finite (unless `failed_is_infinite`) but mean nothing.

    Example:
      >>> cost, any_valid = costs(jnp.array([1.0, jnp.nan, -1.0]), False)
      >>> cost.tolist(), bool(any_valid)
      ([-1.0, 3.0, 1.0], True)
    """
    failed = jnp.isnan(fitness) | (fitness == -jnp.inf)
    finite = jnp.isfinite(fitness)
    best = jnp.max(jnp.where(finite, fitness, -jnp.inf))
    worst = jnp.min(jnp.where(finite, fitness, jnp.inf))
    best = jnp.where(jnp.any(finite), best, 0.0)
    worst = jnp.where(jnp.any(finite), worst, 0.0)
    gap = jnp.maximum(best - worst, 1e-6 * jnp.maximum(jnp.abs(worst), 1.0))
    failure = -jnp.inf if failed_is_infinite else worst - gap
    valued = jnp.where(finite, fitness, best)
    return -jnp.where(failed, failure, valued), ~jnp.all(failed)


def evosax_strategy(config: SearchConfig, num_dims: int) -> Strategy:
    """Builds the evosax algorithm called `config.strategy`, for `num_dims` numbers.

    Strategies that keep a population draw the first one around the centre, have it
    evaluated like any other generation, and start from it. A generation in which every
    genome failed leaves the state as `ask` left it.

    Args:
      config: strategy, pop_size, sigma and lr are read; `check_strategy` has passed.
      num_dims: numbers in a genome, D.

    Source: evosax 0.3.2, https://github.com/RobertTLange/evosax; `evosax_recipes` lists
    where its settings differ here.
    """
    recipe = RECIPES[config.strategy]
    with _foreign_rules():
        algorithm, params = _build(recipe, config, num_dims)
        unset = recipe.unset(config, num_dims)
        first_fields = recipe.state(config, num_dims) | unset
    size = (config.pop_size, num_dims)

    def around_centre(key: Key, state: EvosaxState) -> Float[Array, "P D"]:
        return state.centre[None] + config.sigma * jax.random.normal(key, size)

    def has_started(state: EvosaxState) -> Bool[Array, ""]:
        return state.inner.best_fitness < jnp.inf

    def init(key: Key, centre: Float[Array, " D"]) -> EvosaxState:
        if centre.shape != (num_dims,):
            raise ValueError(
                f"the centre of this {config.strategy} must be of shape ({num_dims},), "
                f"got {centre.shape}."
            )
        centre = jax.lax.convert_element_type(centre, centre.dtype)  # no weak type
        origin = jnp.zeros_like(centre) if recipe.relative else centre
        with _foreign_rules():
            if recipe.start == "mean":
                inner = algorithm.init(key, origin, params)
            elif recipe.start == "particles":
                shape = (algorithm.num_populations, num_dims)
                inner = algorithm.init(key, jnp.broadcast_to(origin, shape), params)
            else:
                unevaluated = jnp.full(config.pop_size, jnp.inf)
                inner = algorithm.init(
                    key, jnp.broadcast_to(origin, size), unevaluated, params
                )
            inner = jax.tree.map(_without_nan, inner.replace(**first_fields))
        return EvosaxState(
            inner=inner,
            centre=centre,
            tell_seed=jnp.zeros((), jnp.uint32),
        )

    def ask(key: Key, state: EvosaxState) -> tuple[Float[Array, "P D"], EvosaxState]:
        key_ask, key_first, key_tell = jax.random.split(key, 3)
        with _foreign_rules():
            population, inner = algorithm.ask(key_ask, state.inner, params)
        inner = _like(state.inner, inner.replace(**unset))
        if recipe.relative:
            population = population + state.centre[None]
        if recipe.start == "population":
            started = has_started(state)
            first = around_centre(key_first, state)
            population = jnp.where(started, population, first)
            inner = _choose(started, inner, state.inner)
        tell_seed = jax.random.bits(key_tell, (), jnp.uint32)
        after = dataclasses.replace(state, inner=inner, tell_seed=tell_seed)
        return population, after

    def tell(
        state: EvosaxState,
        population: Float[Array, "P D"],
        fitness: Float[Array, " P"],
    ) -> EvosaxState:
        key_tell, key_first = jax.random.split(jax.random.key(state.tell_seed))
        cost, any_valid = costs(fitness, recipe.keeps_parents)
        if recipe.relative:
            population = population - state.centre[None]
        with _foreign_rules():
            inner, _ = algorithm.tell(key_tell, population, cost, state.inner, params)
            inner = _like(state.inner, inner)
            if recipe.start == "population":
                first = algorithm.init(key_first, population, cost, params)
                first = _like(state.inner, jax.tree.map(_without_nan, first))
                inner = _choose(has_started(state), inner, first)
        inner = _choose(any_valid, inner, state.inner)
        return dataclasses.replace(state, inner=inner)

    def mean(state: EvosaxState) -> Float[Array, " D"]:
        offset = state.centre if recipe.relative else jnp.zeros_like(state.centre)
        if recipe.start == "mean":
            return state.inner.mean + offset
        cost = state.inner.best_fitness.reshape(-1)
        genome = state.inner.best_solution.reshape(-1, num_dims)[jnp.argmin(cost)]
        return jnp.where(jnp.min(cost) < jnp.inf, genome + offset, state.centre)

    return Strategy(
        name=config.strategy,
        pop_size=config.pop_size,
        init=init,
        ask=ask,
        tell=tell,
        mean=mean,
    )


def _build(recipe: Recipe, config: SearchConfig, num_dims: int) -> tuple[Any, Any]:
    """The evosax algorithm and its Params."""
    build = getattr(evosax.algorithms, recipe.algorithm)
    options: dict[str, Any] = {"metrics_fn": lambda *_: {}}
    if "std_schedule" in inspect.signature(build).parameters:
        options["std_schedule"] = optax.constant_schedule(config.sigma)
    options |= recipe.options(config, num_dims)
    share = config.pop_size // options.get("num_populations", 1)
    algorithm = build(population_size=share, solution=jnp.zeros(num_dims), **options)
    params = algorithm.default_params
    scale = config.sigma / getattr(params, "std_init", 1.0)
    lengths = {f: getattr(params, f) * scale for f in _LENGTHS if hasattr(params, f)}
    params = params.replace(**lengths | recipe.params(config, num_dims))
    # As arrays, as its own jit sees them: eager Python floats would round differently.
    return algorithm, jax.tree.map(jnp.asarray, params)


@contextlib.contextmanager
def _foreign_rules() -> Iterator[None]:
    """Allows evosax to promote ranks and dtypes, to use what optax deprecated, and to
    write NaN where it knows nothing yet."""
    with (
        jax.debug_nans(False),
        jax.numpy_rank_promotion("allow"),
        jax.numpy_dtype_promotion("standard"),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "optax.global_norm", DeprecationWarning)
        yield


def _without_nan(leaf: ArrayLike) -> Array:
    """An array without weak type; zero where evosax marks "not known yet" by NaN."""
    leaf = jax.lax.convert_element_type(leaf, jnp.result_type(leaf))
    return jnp.where(jnp.isnan(leaf), jnp.zeros_like(leaf), leaf)


def _like(template: PyTree, tree: PyTree) -> PyTree:
    """Casts `tree` to the dtypes of `template`, without weak types."""
    cast = lambda old, new: jax.lax.convert_element_type(new, old.dtype)
    return jax.tree.map(cast, template, tree)


def _choose(condition: Bool[Array, ""], yes: PyTree, no: PyTree) -> PyTree:
    """Selects one of two trees, leaf by leaf."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)
