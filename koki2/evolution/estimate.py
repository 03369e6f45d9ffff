"""What a run will need, before anything of it is made: bytes of memory, and seconds.

Plain arithmetic on the config, with the shape of one world; nothing is compiled and no
array made. The factors were measured (tests/evolution/test_estimate.py): the peak is
within a factor of two, on a CPU with JAX 0.11. Seconds are of two cores, and rougher.
"""

import functools
import math
from typing import Any, NamedTuple

import jax

from koki2.agents.configs import SensesConfig
from koki2.agents.registry import parameter_shapes
from koki2.core.program import Estimate
from koki2.envs import make as make_env
from koki2.evolution.configs import Config, QDConfig
from koki2.evolution.lanes_engine import Layout
from koki2.evolution.senses import encoding
from koki2.genomes.cppn import genes_of_rules

BASE = 550e6  # Python, JAX, XLA while it compiles
PER_RUN = 200e3  # of a batch, beside its wiring
WORD = 4  # bytes in a number

SQUARES = {
    "asebo": 16,
    "cma_es": 16,
    "diffusion_evolution": 4,
    "iamalgam_full": 12,
    "ma_es": 12,
    "sv_cma_es": 64,
    "xnes": 12,
}
"""Strategies that compute with matrices of num_dims squared, and about how many are in
memory at once."""
VECTORS = {"evotf_es": 500, "lm_ma_es": 40}
"""Those that keep vectors of num_dims, beside a population, and how many."""

_GENES = 6  # copies of the genomes: noise, genomes, what `tell` makes of them
_PARAMS = 8  # copies of the parameters that they develop into
_STATS = 2  # copies of what is counted of every episode
_LANES = 1.5  # copies of the lanes under way
_ARCHIVE = 6  # copies of an archive: on the device, and on its way to disk
_WIRING = 24  # numbers per synapse of what is known when compiling
_ROW = 1500  # bytes of a row on the host
_BIRTH = 150  # of a birth in it


SETTINGS = {
    "Python and JAX": "nothing",
    "the runs": "the number of seeds",
    "the wiring": "n_neurons, k_edges",
    "the genomes": "population, n_neurons, k_edges",
    "the strategy": "strategy, n_neurons, k_edges",
    "the episodes": "population, episodes",
    "the agents": "episodes, n_neurons, k_edges",
    "the rows": "checkpoint_every",
    "the archive": "cells, n_neurons, k_edges",
}
"""What decides each part."""


def estimate(config: Config, runs: int = 1) -> Estimate:
    """Estimates the peak of memory and the duration of runs of one config.

    Args:
      config: of an evolution or a quality-diversity search.
      runs: how many seeds one process is to run, one after the other.

    Raises:
      ValueError: a name that there is not.

    Example:
      >>> from koki2.evolution import EvolutionConfig
      >>> found = estimate(EvolutionConfig())
      >>> found.peak < 1e9, found.largest
      (True, 'Python and JAX')
    """
    world, population = _world(config.env, config.senses), _population(config)
    size, episodes = _sizes(config, world), config.loop.episodes
    counted = WORD * _numbers_counted(config, world.actions)
    squares = SQUARES.get(_strategy(config), 0) * size.genome**2
    vectors = VECTORS.get(_strategy(config), 0) * size.genome
    genes = _GENES * size.genome + _PARAMS * size.params
    lane = WORD * size.state + world.bytes + counted
    length = config.loop.chunk_length
    parts = {
        "Python and JAX": BASE,
        "the runs": (runs - 1) * (PER_RUN + 4 * WORD * size.synapses),
        "the wiring": _WIRING * WORD * size.synapses,
        "the genomes": WORD * population * genes,
        "the strategy": WORD * (squares + vectors),
        "the episodes": episodes * (_STATS * counted * population + 2 * world.bytes),
        "the agents": _LANES * lane * _lanes(population, episodes),
        "the rows": length * _ROW,
    }
    if isinstance(config, QDConfig):
        parts["the rows"] += length * population * (_BIRTH + 2 * 25)
        elite = WORD * (size.genome + 2 * config.archive.dims + 6)
        parts["the archive"] = _ARCHIVE * _cells(config) * elite + _fitting(config)
    seconds = runs * _seconds(config, size, world.steps)
    parts = {name: float(value) for name, value in parts.items()}
    return Estimate(parts, SETTINGS, 15.0 + seconds)


class _World(NamedTuple):
    """What there is to know of a world."""

    senses: int
    """Channels that an agent gets."""
    actions: int
    steps: int
    bytes: int
    """Of one world and what is first seen of it."""


@functools.lru_cache(maxsize=64)
def _world(config: Any, senses: SensesConfig) -> _World:
    env = make_env(config)
    born = jax.eval_shape(lambda: env.init(jax.random.key(0)))
    leaves = jax.tree.leaves(born)
    size = sum(math.prod(x.shape) * x.dtype.itemsize for x in leaves)
    return _World(encoding(senses, env).size, env.num_actions, env.steps, size)


class _Sizes(NamedTuple):
    """How many numbers things are."""

    synapses: int
    params: int
    """Of a newborn."""
    genome: int
    state: int
    """Of an agent while it lives."""


def _sizes(config: Config, world: _World) -> _Sizes:
    agent = config.agent
    n, s = agent.n_neurons, agent.n_neurons * agent.k_edges
    shapes = parameter_shapes(agent, world.senses, world.actions)
    params = genome = sum(map(math.prod, shapes.values()))
    if config.genome.encoding == "cppn":
        genome = genes_of_rules(config.genome, agent, world.senses, world.actions)
        params += s  # the mask
    return _Sizes(s, params, genome, 2 * n + s * (2 if agent.plast_enabled else 0))


def _population(config: Config) -> int:
    if isinstance(config, QDConfig):
        return config.emitter.batch_size
    return config.search.pop_size


def _strategy(config: Config) -> str:
    return (config.emitter if isinstance(config, QDConfig) else config.search).strategy


def _cells(config: QDConfig) -> int:
    if config.archive.archive == "cvt":
        return config.archive.cvt_cells
    return math.prod(config.archive.shape)


def _fitting(config: QDConfig) -> float:
    """Bytes while centroids are fitted, in float64."""
    archive = config.archive
    if archive.archive != "cvt":
        return 0.0
    return 8.0 * (4 * archive.cvt_samples + 64 * archive.cvt_cells) * archive.dims


def _numbers_counted(config: Config, actions: int) -> int:
    """Numbers that are kept of an episode: see `EpisodeStats` and `Path`."""
    learns = 3 if config.agent.plast_enabled else 0
    return 11 + actions + learns + (22 if isinstance(config, QDConfig) else 0)


def _lanes(population: int, episodes: int) -> int:
    """Episodes under way at a time on a CPU; see `lanes_engine`."""
    layout = Layout()
    by_genome = population >= layout.block
    partners = episodes if by_genome else population
    major = population if by_genome else episodes
    blocks = -(-major // layout.block)
    groups = max(1, min(-(-layout.lives // (layout.block * partners)), blocks))
    return groups * layout.block * partners


def _seconds(config: Config, size: _Sizes, steps: int) -> float:
    population, loop = _population(config), config.loop
    learning = 2.5 if config.agent.plast_enabled else 1.0
    step = 10e-9 + 0.25e-9 * size.synapses * config.agent.ticks * learning
    generation = population * loop.episodes * steps * step
    generation += population * (size.genome + size.params) * 30e-9
    if _strategy(config) in SQUARES:
        generation += 2e-9 * float(size.genome) ** 3
    chunk = 0.005
    if isinstance(config, QDConfig):
        cells = _cells(config)
        generation += cells * 30e-9
        chunk += cells * size.genome * WORD / 200e6
    chunks = math.ceil(loop.generations / loop.chunk_length)
    return loop.generations * generation + chunks * chunk
