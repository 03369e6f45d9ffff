"""How each evosax algorithm is set up from a `SearchConfig`, one line each.

`sigma` is the standard deviation of the first generation in every coordinate (in
gradientless_descent, of the genome with the largest step), whatever an algorithm calls
it; other lengths keep evosax's ratio to it. `lr` is the learning rate of those that
ascend an estimated gradient, in the optimiser that evosax gives them. Those that step
to a weighted mean (the CMA, NES and DES families) keep their own rates.
"""

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from evosax.core.fitness_shaping import (
    centered_rank_fitness_shaping_fn,
    standardize_fitness_shaping_fn,
)
from evosax.core.optimizer import clipup

from koki2.search.catalogue import NUM_PARTICLES
from koki2.search.configs import SearchConfig

Settings = Callable[[SearchConfig, int], dict[str, Any]]


class Recipe(NamedTuple):
    """The settings of one evosax algorithm, beside population and genome size."""

    algorithm: str
    """Name of the class in `evosax.algorithms`."""
    options: Settings = lambda config, num_dims: {}
    """Arguments of its constructor."""
    params: Settings = lambda config, num_dims: {}
    """Fields of its Params that differ from evosax's scaled default."""
    state: Settings = lambda config, num_dims: {}
    """Fields of its first State that differ from evosax's."""
    unset: Settings = lambda config, num_dims: {}
    """Fields of State that `ask` always leaves at NaN, and the zeros to put there."""
    start: Literal["mean", "particles", "population"] = "mean"
    """What it is initialised with: one centre, several, or an evaluated population."""
    relative: bool = False
    """Whether it takes the centre to be the origin, so that positions are relative."""
    keeps_parents: bool = False
    """Whether it compares a child with a parent of an earlier generation, one by one.
    A parent that failed must then cost infinity, or it would outlive worse but valid
    children; all other algorithms compute with costs, which must be finite."""


def _sgd(config: SearchConfig, num_dims: int) -> dict[str, Any]:
    return dict(optimizer=optax.sgd(config.lr))


def _adam(config: SearchConfig, num_dims: int) -> dict[str, Any]:
    return dict(optimizer=optax.adam(config.lr))


def _decaying_adam(config: SearchConfig, num_dims: int) -> dict[str, Any]:
    return dict(optimizer=optax.adam(optax.exponential_decay(config.lr, 10, 0.98)))


def _clipup(config: SearchConfig, num_dims: int) -> dict[str, Any]:
    return dict(optimizer=clipup(config.lr, max_velocity=2.0 * config.lr))


def _std_as_length(config: SearchConfig, num_dims: int) -> dict[str, Any]:
    # The std of these two is the length of a noise vector, not that of a coordinate.
    length = config.sigma * math.sqrt(num_dims)
    return dict(std_schedule=optax.constant_schedule(length))


def _asebo(config: SearchConfig, num_dims: int) -> dict[str, Any]:
    return _adam(config, num_dims) | _std_as_length(config, num_dims)


def _guided(config: SearchConfig, num_dims: int) -> dict[str, Any]:
    # Its gradient is a sum over pairs of raw fitness; here as in open_es, of ranks.
    return _std_as_length(config, num_dims) | dict(
        optimizer=optax.sgd(2.0 * config.lr * num_dims / config.pop_size),
        fitness_shaping_fn=centered_rank_fitness_shaping_fn,
    )


def _particles(config: SearchConfig, num_dims: int) -> dict[str, Any]:
    return dict(num_populations=NUM_PARTICLES)


def _groups(config: SearchConfig, num_dims: int) -> dict[str, Any]:
    others = config.pop_size - 1
    up_to_root = range(1, math.isqrt(others) + 1)
    return dict(num_groups=max(n for n in up_to_root if others % n == 0))


def _cloud(config: SearchConfig, num_dims: int) -> dict[str, Any]:
    normal = lambda key: config.sigma * jax.random.normal(key, (num_dims,))
    return dict(sampling_fn=normal)


def _whole_problems(config: SearchConfig, num_dims: int) -> dict[str, Any]:
    return dict(T=1, K=1)  # an evaluation is a whole problem, not a part of its unroll


def _share_of_std(share: float) -> Settings:
    return lambda config, num_dims: dict(
        std_schedule=optax.constant_schedule(share * config.sigma)
    )


RECIPES: dict[str, Recipe] = {
    "ars": Recipe("ARS", _adam),
    "asebo": Recipe("ASEBO", _asebo),
    "cma_anchored_les": Recipe("CMAAnchoredLES"),
    "cma_es": Recipe("CMA_ES"),
    "cr_fm_nes": Recipe("CR_FM_NES"),
    "differential_evolution": Recipe(
        "DifferentialEvolution", start="population", keeps_parents=True
    ),
    "diffusion_evolution": Recipe(
        "DiffusionEvolution",
        lambda config, num_dims: dict(
            fitness_shaping_fn=standardize_fitness_shaping_fn
        ),
        lambda config, num_dims: dict(scale_factor=config.sigma),
        start="population",
        relative=True,
    ),
    "discovered_es": Recipe("DiscoveredES"),
    "esmc": Recipe("ESMC", _decaying_adam),
    "evotf_es": Recipe("EvoTF_ES"),
    "gesmr_ga": Recipe("GESMR_GA", _groups, start="population"),
    "gradientless_descent": Recipe(
        "GradientlessDescent",
        params=lambda config, num_dims: dict(
            radius_max=config.sigma, radius_min=config.sigma / 200.0
        ),
    ),
    # It gets no surrogate gradient here, so all its noise is isotropic.
    "guided_es": Recipe(
        "GuidedES",
        _guided,
        lambda config, num_dims: dict(alpha=1.0),
        unset=lambda config, num_dims: dict(grad=jnp.zeros(num_dims)),
    ),
    "hill_climbing": Recipe("HillClimbing"),
    # Its noise has a fixed part and an adapted one, C; each begins with half.
    "iamalgam_full": Recipe(
        "iAMaLGaM_Full",
        _share_of_std(math.sqrt(0.5)),
        state=lambda config, num_dims: dict(
            C=0.5 * config.sigma**2 * jnp.eye(num_dims)
        ),
    ),
    "iamalgam_univariate": Recipe(
        "iAMaLGaM_Univariate",
        _share_of_std(0.5),
        state=lambda config, num_dims: dict(
            C=0.25 * config.sigma**2 * jnp.ones(num_dims)
        ),
    ),
    "learned_es": Recipe("LearnedES"),
    "learned_ga": Recipe("LearnedGA", start="population"),
    "lm_ma_es": Recipe("LM_MA_ES"),
    "ma_es": Recipe("MA_ES"),
    "mr15_ga": Recipe("MR15_GA", start="population", keeps_parents=True),
    "noise_reuse_es": Recipe("NoiseReuseES", _adam, _whole_problems),
    "open_es": Recipe("Open_ES", _sgd),
    "persistent_es": Recipe("PersistentES", _adam, _whole_problems),
    "pgpe": Recipe("PGPE", _clipup),
    "pso": Recipe("PSO", start="population", keeps_parents=True),
    "random_search": Recipe("RandomSearch", _cloud, relative=True),
    "rm_es": Recipe("Rm_ES"),
    "samr_ga": Recipe("SAMR_GA", start="population"),
    "sep_cma_es": Recipe("Sep_CMA_ES"),
    "simple_es": Recipe("SimpleES"),
    "simple_ga": Recipe("SimpleGA", start="population"),
    "simulated_annealing": Recipe("SimulatedAnnealing"),
    "snes": Recipe("SNES"),
    "sv_cma_es": Recipe(
        "SV_CMA_ES",
        _particles,
        # Repulsion as strong, in units of sigma, as evosax has it at std 1.
        lambda config, num_dims: dict(alpha=config.sigma**2),
        start="particles",
    ),
    "sv_open_es": Recipe(
        "SV_Open_ES",
        lambda config, num_dims: _particles(config, num_dims) | _sgd(config, num_dims),
        start="particles",
    ),
    # Its std is multiplied by a matrix that starts as std times the identity.
    "xnes": Recipe(
        "xNES",
        params=lambda config, num_dims: dict(std_init=jnp.float32(config.sigma**0.5)),
    ),
}
