"""What every genome promises, as checks that anyone can run on one of their own.

    for name, check in CHECKS.items():
        check(inheritance(GenomeConfig(encoding="my_genome")))  # AssertionError

The genome is one of an agent that learns, whose newborn needs arrays of every kind. Its
development is compiled once, however many checks look at it.
"""

import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from koki2.agents.base import Params
from koki2.agents.catalogue import AGENTS
from koki2.agents.configs import AgentConfig
from koki2.agents.registry import parameter_shapes
from koki2.contracts import requirements
from koki2.contracts.requirements import must
from koki2.genomes.base import Genome
from koki2.genomes.configs import GenomeConfig
from koki2.genomes.registry import make, wiring

NUM_OBSERVED = 4
NUM_ACTIONS = 5
LEARNS = AgentConfig(
    n_neurons=8,
    k_edges=4,
    plast_enabled=True,
    plast_per_edge=True,
    rule="abcd",
    modulator_kind="vector",
    strain="adaptive",
)
"""An agent whose newborn needs arrays of every kind."""


class Inheritance(NamedTuple):
    """A genome, and what it must give birth to."""

    genome: Genome
    needed: Params
    """Params of the agent, in shapes and types alone."""


def inheritance(config: GenomeConfig, agent: AgentConfig = LEARNS) -> Inheritance:
    """Makes the genome of an encoding, for an agent.

    Raises:
      ValueError: the encoding cannot make it.

    Example:
      >>> inheritance(GenomeConfig()).needed.mod_vec.shape
      (8, 3)
    """
    topology = wiring(config, agent, 0)
    genome = make(config, agent, NUM_OBSERVED, NUM_ACTIONS, topology)
    shapes = parameter_shapes(agent, NUM_OBSERVED, NUM_ACTIONS)
    params = AGENTS.find(agent.agent).params
    zeros = lambda: params({name: jnp.zeros(shape) for name, shape in shapes.items()})
    return Inheritance(genome, jax.eval_shape(zeros))


def check_form(inheritance: Inheritance) -> None:
    """It has the fields of a `Genome`."""
    genome = inheritance.genome
    requirements.must_be_a(Genome, genome, "koki2.genomes.Genome")
    requirements.must_count("size", genome.size)
    requirements.must_be_callable(genome, "init", "develop", "named", "flat")


def check_first_genes(inheritance: Inheritance) -> None:
    """Genes are a flat vector of finite numbers, drawn from a key."""
    genome = inheritance.genome
    first, again, other = (genome.init(jax.random.key(seed)) for seed in (0, 0, 1))
    requirements.must_be_array("a genome", first, (genome.size,), np.float32)
    requirements.must_be_finite(first)
    sentence = "the same key must give the same genes bit for bit, got others"
    requirements.must_be_same_bits(first, again, sentence)
    must(
        not np.array_equal(first, other),
        "another key must give other genes, got the same",
    )


def check_newborn(inheritance: Inheritance) -> None:
    """A newborn has what its agent needs and no more, but for a mask of synapses."""
    genome, needed = inheritance
    born = requirements.types(
        jax.eval_shape(genome.develop, jax.random.key(0), jnp.zeros(genome.size))
    )
    for path in (".mask", "['mask']"):
        born.pop(path, None)
    expected = requirements.types(needed)
    must(
        born.keys() == expected.keys(),
        f"develop must give {', '.join(expected)}, got {', '.join(born) or 'nothing'}",
    )
    for path, kind in expected.items():
        must(
            born[path] == kind,
            f"develop must give {path} as {tuple(kind)}, not weak, got "
            f"{tuple(born[path])}",
        )


def check_replay(inheritance: Inheritance) -> None:
    """Development is deterministic for a key."""
    once, again = _develop(inheritance), _develop(inheritance)
    sentence = "the same key must develop the same newborn bit for bit, got two"
    requirements.must_be_same_bits(once, again, sentence)


def check_numbers(inheritance: Inheritance) -> None:
    """A newborn's numbers are finite."""
    requirements.must_be_finite(_develop(inheritance))


def check_names(inheritance: Inheritance) -> None:
    """`named` and `flat` undo each other bit for bit: also -0, NaN and infinity."""
    genome = inheritance.genome
    words = np.random.default_rng(0).integers(0, 2**32, genome.size, dtype=np.uint32)
    special = (0x80000000, 0x7F800000, 0x00000001, 0x7FC00000)[: genome.size]
    words[: len(special)] = special
    genes = jnp.asarray(words.view(np.float32))
    named: dict[str, ArrayLike] = {**genome.named(genes)}
    sentence = "flat(named(genes)) must be genes bit for bit, got others"
    requirements.must_be_same_bits(genome.flat(named), genes, sentence)
    from_disk = genome.flat(jax.device_get(named))
    requirements.must_be_same_bits(from_disk, genes, f"{sentence} from NumPy arrays")
    sentence = "named(flat(arrays)) must be the arrays bit for bit, got others"
    requirements.must_be_same_bits(genome.named(genome.flat(named)), named, sentence)


def check_missing_arrays(inheritance: Inheritance) -> None:
    """An array that is missing or misshapen is named."""
    genome = inheritance.genome
    whole = dict(genome.named(jnp.zeros(genome.size)))
    name = sorted(whole)[0]
    missing = {other: array for other, array in whole.items() if other != name}
    for arrays in (missing, whole | {name: np.zeros((1, 1, 1), np.float32)}):
        error = _refusal(genome, arrays)
        must(
            isinstance(error, ValueError) and name in str(error),
            f"flat must raise a ValueError that names {name}, which is missing or "
            f"misshapen, got {error!r}",
        )


def check_position(inheritance: Inheritance) -> None:
    """A genome develops alike wherever it stands in a population, bit for bit."""
    genome = inheritance.genome
    population = jax.vmap(genome.init)(jax.random.split(jax.random.key(0), 5))
    one = lambda genes: genome.develop(jax.random.key(1), genes)
    develop = jax.jit(jax.vmap(one))  # optimised, as in a search
    there, back = requirements.plain((develop(population), develop(population[::-1])))
    sentence = "a genome must develop alike wherever it stands in a population"
    requirements.must_be_same_bits(
        jax.tree.map(lambda x: x[::-1], back), there, sentence
    )


def check_jit(inheritance: Inheritance) -> None:
    """`jit` agrees with eager, within a rounding."""
    genome = inheritance.genome
    eager = genome.develop(jax.random.key(0), genome.init(jax.random.key(1)))
    requirements.must_be_close(eager, _develop(inheritance), "develop")


CHECKS: Mapping[str, Callable[[Inheritance], None]] = requirements.by_name(
    *(check_form, check_first_genes, check_newborn, check_replay, check_numbers),
    *(check_names, check_missing_arrays, check_position, check_jit),
)
"""Every check by name; each raises AssertionError with a sentence."""


def _develop(inheritance: Inheritance) -> Params:
    genes = inheritance.genome.init(jax.random.key(1))
    return _compiled(inheritance.genome)(jax.random.key(0), genes)


def _refusal(genome: Genome, arrays: Mapping[str, ArrayLike]) -> Exception | None:
    try:
        genome.flat(dict(arrays))
    except Exception as error:
        return error
    return None


@functools.lru_cache(maxsize=64)
def _compiled(genome: Genome) -> Callable[..., Params]:
    return requirements.compiled(genome.develop)
