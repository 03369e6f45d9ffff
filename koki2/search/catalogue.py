"""The catalogue: every strategy by name, and what it needs of its population.

Imports no JAX, so that a command line can list the names and refuse a bad one before
any work starts: factories are imported when a strategy is made. `openai_es` and
`mu_plus_lambda` are ours; every other name is an evosax class in snake case, unless
`register_strategy` or an installed package added it.
"""

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from koki2.core.registry import entry_of, load, Registry


@dataclasses.dataclass(frozen=True, kw_only=True)
class Needs:
    """What a strategy needs of its population size, and why. Static."""

    at_least: int = 2
    """Fewest genomes per generation."""
    multiple_of: int = 1
    """What the number of genomes must be a multiple of."""
    up_to_num_dims: bool = False
    """Whether there may be no more genomes than numbers in a genome."""
    because: str = ""
    """The reason, as the end of a sentence."""


StrategyFactory = Callable[..., Any]
"""(SearchConfig, num_dims) -> Strategy."""


class StrategyEntry(NamedTuple):
    """A strategy as it is registered."""

    make: StrategyFactory
    needs: Needs = Needs()
    reads: tuple[str, ...] | None = None
    """The fields of `SearchConfig` that it reads; None: all."""


STRATEGIES: Registry[StrategyEntry] = Registry(
    "strategy", "koki2.strategies", accept=entry_of(StrategyEntry)
)
"""Every strategy; installed packages add theirs as entry points koki2.strategies."""


def register_strategy(
    name: str,
    factory: StrategyFactory,
    *,
    needs: Needs = Needs(),
    reads: tuple[str, ...] | None = None,
    replace: bool = False,
) -> None:
    """Registers a strategy, so that `SearchConfig(strategy=name)` finds it.

    Args:
      name: what configs and command lines call it.
      factory: (SearchConfig, num_dims) -> Strategy.
      needs: what it needs of its population size; checked before it is made.
      reads: the fields of `SearchConfig` that it reads; another that is given on a
        command line is refused. None: all.
      replace: let it take the place of a strategy of that name.

    Raises:
      ValueError: the name is taken, unless `replace`.

    Example:
      >>> from koki2.search import make, openai_es, SearchConfig
      >>> def doubled(config, num_dims):
      ...     return openai_es(SearchConfig(pop_size=2 * config.pop_size))
      >>> register_strategy("doubled", doubled, needs=Needs(at_least=4))
      >>> make(SearchConfig(strategy="doubled", pop_size=4), num_dims=3).pop_size
      8
      >>> STRATEGIES.remove("doubled")
    """
    STRATEGIES.register(name, StrategyEntry(factory, needs, reads), replace=replace)


NUM_PARTICLES = 4  # search distributions of the Stein variational strategies

_WITHOUT_LR = ("pop_size", "sigma")
_ASCENDS = (  # an estimated gradient, with a learning rate; see `evosax_recipes`
    "ars",
    "asebo",
    "esmc",
    "guided_es",
    "noise_reuse_es",
    "open_es",
    "persistent_es",
    "pgpe",
    "sv_open_es",
)
_ANY = Needs()
_MIRRORED = Needs(multiple_of=2, because="it uses every noise vector with both signs")

_EVOSAX: Mapping[str, Needs] = MappingProxyType(
    {
        "ars": _MIRRORED,
        "asebo": _MIRRORED,
        "cma_anchored_les": _ANY,
        "cma_es": _ANY,
        "cr_fm_nes": _MIRRORED,
        "differential_evolution": Needs(
            at_least=4, because="a child needs a parent, a base and a pair of others"
        ),
        "diffusion_evolution": _ANY,
        "discovered_es": _ANY,
        "esmc": Needs(
            at_least=4,
            multiple_of=2,
            because="it tries its mean twice and mirrored pairs beside",
        ),
        "evotf_es": _ANY,
        "gesmr_ga": _ANY,
        "gradientless_descent": _ANY,
        "guided_es": _MIRRORED,
        "hill_climbing": _ANY,
        "iamalgam_full": _ANY,
        "iamalgam_univariate": _ANY,
        "learned_es": _ANY,
        "learned_ga": _ANY,
        "lm_ma_es": Needs(
            up_to_num_dims=True,
            because="its fastest memory decays by pop_size / num_dims a generation",
        ),
        "ma_es": _ANY,
        "mr15_ga": _ANY,
        "noise_reuse_es": _MIRRORED,
        "open_es": _MIRRORED,
        "persistent_es": _MIRRORED,
        "pgpe": _MIRRORED,
        "pso": _ANY,
        "random_search": _ANY,
        "rm_es": _ANY,
        "samr_ga": _ANY,
        "sep_cma_es": _ANY,
        "simple_es": _ANY,
        "simple_ga": _ANY,
        "simulated_annealing": _ANY,
        "snes": _ANY,
        "sv_cma_es": Needs(
            at_least=2 * NUM_PARTICLES,
            multiple_of=NUM_PARTICLES,
            because=f"{NUM_PARTICLES} particles of at least 2 genomes share it equally",
        ),
        "sv_open_es": Needs(
            at_least=2 * NUM_PARTICLES,
            multiple_of=2 * NUM_PARTICLES,
            because=f"{NUM_PARTICLES} particles share it, each in mirrored pairs",
        ),
        "xnes": _ANY,
    }
)


def _openai_es(config: object, num_dims: int) -> Any:
    return load("koki2.search.openai_es:openai_es")(config)


def _mu_plus_lambda(config: object, num_dims: int) -> Any:
    return load("koki2.search.mu_plus_lambda:mu_plus_lambda")(config, num_dims)


def _evosax(config: object, num_dims: int) -> Any:
    return load("koki2.search.evosax_adapter:evosax_strategy")(config, num_dims)


register_strategy("openai_es", _openai_es)
register_strategy("mu_plus_lambda", _mu_plus_lambda, reads=_WITHOUT_LR)
for _name, _needs in _EVOSAX.items():
    _reads = None if _name in _ASCENDS else _WITHOUT_LR
    register_strategy(_name, _evosax, needs=_needs, reads=_reads)


REMARKS: Mapping[str, str] = MappingProxyType(
    {
        "cma_es": "Factors a matrix of num_dims squared every generation.",
        "diffusion_evolution": "Anneals over 128 generations, then repeats itself.",
        "evotf_es": "Remembers 100 generations: 2 kB of state per number of a genome.",
        "gesmr_ga": "Has mutation rates to select among only where pop_size - 1 has a "
        "divisor up to its root (65, not 128).",
        "guided_es": "Gets no surrogate gradient here, and searches without one.",
        "rm_es": "evosax 0.3.2 feeds its step-size rule recombination weights instead "
        "of fitness, so its step shrinks to sigma / 1000 within 25 generations.",
    }
)
"""What to know before choosing some of them."""


def names() -> tuple[str, ...]:
    """The names `make` knows, ours first, then evosax's, then those registered since.

    Example:
      >>> len(names()), names()[:3]
      (39, ('openai_es', 'mu_plus_lambda', 'ars'))
    """
    return tuple(STRATEGIES)


def check_strategy(strategy: str, pop_size: int, num_dims: int | None = None) -> None:
    """Raises ValueError if no strategy of that name can run at that size.

    Args:
      strategy: the name asked for.
      pop_size: genomes per generation, P.
      num_dims: numbers in a genome, D; None where it is not known yet, which leaves
        out the one check that needs it (`lm_ma_es`).

    Raises:
      ValueError: the nearest names, or what the strategy needs, why, and what came.

    Example:
      >>> check_strategy("pgpe", 7)  # doctest: +NORMALIZE_WHITESPACE
      Traceback (most recent call last):
      ...
      ValueError: pop_size of pgpe must be a multiple of 2, because it uses every
      noise vector with both signs, got 7.
    """
    needs = STRATEGIES.find(strategy).needs
    demands = []
    if pop_size < needs.at_least:
        demands.append(f"at least {needs.at_least}")
    if pop_size % needs.multiple_of:
        demands.append(f"a multiple of {needs.multiple_of}")
    if needs.up_to_num_dims and num_dims is not None and pop_size > num_dims:
        demands.append(f"at most num_dims={num_dims}")
    if demands:
        because = f", because {needs.because}" if needs.because else ""
        raise ValueError(
            f"pop_size of {strategy} must be {' and '.join(demands)}{because}, "
            f"got {pop_size}."
        )
