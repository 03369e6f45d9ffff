"""The catalogue: every strategy by name, and what each wants of its population.

Imports no JAX, so that a command line can list the names and refuse a bad one before
any work starts. `openai_es` and `mu_plus_lambda` are ours; every other name is
an evosax class in snake case.
"""

import dataclasses
import difflib
from collections.abc import Mapping
from types import MappingProxyType


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wants:
    """What a strategy wants of its population size, and why. Static."""

    at_least: int = 2
    """Fewest genomes per generation."""
    multiple_of: int = 1
    """What the number of genomes must be a multiple of."""
    up_to_num_dims: bool = False
    """Whether there may be no more genomes than numbers in a genome."""
    because: str = ""
    """The reason, as the end of a sentence."""


NUM_PARTICLES = 4  # search distributions of the Stein variational strategies

_ANY = Wants()
_MIRRORED = Wants(multiple_of=2, because="it uses every noise vector with both signs")

STRATEGIES: Mapping[str, Wants] = MappingProxyType(
    {
        "openai_es": _ANY,
        "mu_plus_lambda": _ANY,
        "ars": _MIRRORED,
        "asebo": _MIRRORED,
        "cma_anchored_les": _ANY,
        "cma_es": _ANY,
        "cr_fm_nes": _MIRRORED,
        "differential_evolution": Wants(
            at_least=4, because="a child needs a parent, a base and a pair of others"
        ),
        "diffusion_evolution": _ANY,
        "discovered_es": _ANY,
        "esmc": Wants(
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
        "lm_ma_es": Wants(
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
        "sv_cma_es": Wants(
            at_least=2 * NUM_PARTICLES,
            multiple_of=NUM_PARTICLES,
            because=f"{NUM_PARTICLES} particles of at least 2 genomes share it equally",
        ),
        "sv_open_es": Wants(
            at_least=2 * NUM_PARTICLES,
            multiple_of=2 * NUM_PARTICLES,
            because=f"{NUM_PARTICLES} particles share it, each in mirrored pairs",
        ),
        "xnes": _ANY,
    }
)
"""Every strategy and what it wants of its population."""

REMARKS: Mapping[str, str] = MappingProxyType(
    {
        "cma_es": "Factors a matrix of num_dims squared every generation.",
        "diffusion_evolution": "Anneals over 128 generations, then repeats itself.",
        "evotf_es": "Remembers 100 generations: 2 kB of state per number asked.",
        "gesmr_ga": "Has mutation rates to select among only where pop_size - 1 has a "
        "divisor up to its root (65, not 128).",
        "guided_es": "Has no surrogate gradient to be guided by, and does without.",
        "rm_es": "evosax 0.3.2 feeds its step-size rule recombination weights instead "
        "of fitness, so its step shrinks to sigma / 1000 within 25 generations.",
    }
)
"""What to know before choosing some of them."""


def names() -> tuple[str, ...]:
    """The names `make` knows, ours first.

    Example:
      >>> len(names()), names()[:3]
      (39, ('openai_es', 'mu_plus_lambda', 'ars'))
    """
    return tuple(STRATEGIES)


def check_strategy(strategy: str, pop_size: int, num_dims: int | None = None) -> None:
    """Raises ValueError when no search by that name can run at that size.

    Args:
      strategy: the name asked for.
      pop_size: genomes per generation, P.
      num_dims: numbers in a genome, D; None where it is not known yet, which leaves
        out the one check that needs it (`lm_ma_es`).

    Raises:
      ValueError: the nearest names, or what the strategy wants, why, and what came.

    Example:
      >>> check_strategy("pgpe", 7)  # doctest: +NORMALIZE_WHITESPACE
      Traceback (most recent call last):
      ...
      ValueError: pgpe wants pop_size to be a multiple of 2, because it uses every
      noise vector with both signs, got pop_size=7.
    """
    if strategy not in STRATEGIES:
        spelling = strategy.lower().replace("-", "_")
        near = difflib.get_close_matches(spelling, names(), n=3, cutoff=0.5)
        hint = f"; the nearest are {', '.join(near)}" if near else ""
        raise ValueError(
            f"strategy wants one of the {len(names())} names in "
            f"koki2.search.names(), got {strategy!r}{hint}."
        )
    wants = STRATEGIES[strategy]
    demands = []
    if pop_size < wants.at_least:
        demands.append(f"at least {wants.at_least}")
    if pop_size % wants.multiple_of:
        demands.append(f"a multiple of {wants.multiple_of}")
    if wants.up_to_num_dims and num_dims is not None and pop_size > num_dims:
        demands.append(f"at most num_dims={num_dims}")
    if demands:
        because = f", because {wants.because}" if wants.because else ""
        raise ValueError(
            f"{strategy} wants pop_size to be {' and '.join(demands)}{because}, "
            f"got pop_size={pop_size}."
        )
