"""The genomic bottleneck: few genes are rules, and the rules grow an agent of any size.

    identity  z_i  = net(x_i, y_i, depth_i)             of every sense, neuron, action
    pair      h_ij = act(gain * pair . [z_i, z_j, |p_i - p_j|, 1])
    per pair  w_ij = scale * head . [h_ij, 1]            obs_w, rec_w, motor_w, ...
    per unit  w_i  = scale * head . [z_i, 1]             motor_b, mod_w, gains, ...
    alive     m_ij = connection . [h_ij, 1] > 0          of every candidate synapse

Every array that a newborn needs has a head of its own; its declared axes say whether it
reads pairs, units or, with neither, one gene per number. `act` is sin, tanh and
exp(-x^2), a third of the units each. Every sum is divided by the root of its length, so
that genes of unit size give outputs of about unit size; all sums but those of the heads
are multiplied by a gain, so that neighbours differ. What is grown depends on N only
through the neurons' coordinates: the number of genes does not depend on N at all.

Source: Stanley, "Compositional pattern producing networks", 2007, and Zador, "A
critique of pure learning", 2019, by way of seed 002, stage 3; there a rule per kind of
array, here the pair layer is shared and only the last layer is an array's own.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from koki2.agents.base import Params
from koki2.agents.catalogue import AGENTS, Axes
from koki2.agents.configs import AgentConfig
from koki2.agents.registry import parameter_axes
from koki2.agents.topology import Topology
from koki2.core.types import Key
from koki2.genomes.base import Genome
from koki2.genomes.blocks import blocks
from koki2.genomes.configs import GenomeConfig
from koki2.genomes.places import distance, places

COORDINATES = 3  # x, y, depth


class Ends(NamedTuple):
    """The two ends of each pair: rows of the table of all units, and how far apart."""

    first: np.ndarray | Array
    second: np.ndarray | Array
    distance: np.ndarray | Array


def cppn(
    config: GenomeConfig,
    agent: AgentConfig,
    observation_size: int,
    num_actions: int,
    topology: Topology,
) -> Genome:
    """Builds the genome of rules: 266 genes by default, for 32 neurons or 4096.

    Args:
      config: sizes of the rules.
      agent: says which arrays a newborn needs.
      observation_size: O.
      num_actions: A.
      topology: the candidate synapses; part of the program, or data.

    Returns:
      Genes in the blocks identity/0, identity/1, ..., pair, connection, and one for
      every array by its name; in a block a row per input, then one of biases.

    Raises:
      ValueError: an array that the rules do not reach; from `flat`, a block that is
        missing or has another shape.

    Example:
      >>> from koki2.genomes import nearest_topology
      >>> rules = GenomeConfig(encoding="cppn")
      >>> small, large = (
      ...     cppn(rules, AgentConfig(n_neurons=n), 4, 5, nearest_topology(n, 8))
      ...     for n in (32, 256))
      >>> small.size, large.size
      (266, 266)
      >>> jax.jit(large.develop)(jax.random.key(0), jnp.ones(266)).rec_w.shape
      (2048,)
    """
    arrays = parameter_axes(agent, observation_size, num_actions)
    params = AGENTS.find(agent.agent).params
    where = places(agent.n_neurons, observation_size, num_actions)
    for name, its in arrays.items():
        if len(_units(its)) > 2 or ("S" in its and len(_units(its)) > 1):
            raise ValueError(
                f"{name} must have axes of one or two kinds of unit, or of synapses, "
                f"so that the rules reach it, got {its}."
            )
    genes_of = blocks(_shapes(config, arrays), "a cppn genome")
    used = dict.fromkeys([("S",), *map(_units, arrays.values())])
    points = np.concatenate(list(where.values()))
    pairs = {units: _ends(units, where, topology) for units in used if _paired(units)}
    joined = Ends(*(_join(parts) for parts in zip(*pairs.values(), strict=True)))
    counts = {units: len(ends.distance) for units, ends in pairs.items()}
    sizes = {letter: len(its) for letter, its in where.items()} | {"S": counts["S",]}

    def init(key: Key) -> Float[Array, " D"]:
        return config.cppn_init_scale * jax.random.normal(key, (genes_of.size,))

    def develop(key: Key, genes: Float[Array, " D"]) -> Params:
        del key  # rules draw nothing
        rules = genes_of.named(genes)
        z = identity(rules, points, config.cppn_gain)
        read = _parted(z, {(letter,): len(its) for letter, its in where.items()})
        read |= _parted(_pair(rules["pair"], z, joined, config.cppn_gain), counts)
        read[()] = jnp.zeros((1, 0))
        grown = {
            name: config.cppn_weight_scale
            * _shaped(dense(read[_units(its)], rules[name]), its, sizes)
            for name, its in arrays.items()
        }
        alive = dense(read["S",], rules["connection"])[:, 0] > 0
        return params(grown | {"mask": alive.astype(jnp.float32)})

    return Genome(
        size=genes_of.size,
        init=init,
        develop=develop,
        named=genes_of.named,
        flat=genes_of.flat,
    )


def genes_of_rules(
    config: GenomeConfig, agent: AgentConfig, observation_size: int, num_actions: int
) -> int:
    """Counts the genes of such a genome, without its wiring.

    Example:
      >>> genes_of_rules(GenomeConfig(), AgentConfig(n_neurons=4096), 4, 5)
      266
    """
    arrays = parameter_axes(agent, observation_size, num_actions)
    return sum(map(math.prod, _shapes(config, arrays).values()))


def identity(
    rules: dict[str, Array], points: np.ndarray | Float[Array, "_ 3"], gain: float
) -> Float[Array, "_ Z"]:
    """Computes the identity of each point; equal coordinates have equal identities.

    Args:
      rules: the named blocks of a genome; those of the identity are read.
      points: coordinates (x, y, depth), one row each.
      gain: of every sum.
    """
    layers = [rules[name] for name in rules if name.startswith("identity/")]
    x = jnp.asarray(points)
    for layer in layers[:-1]:
        x = act(gain * dense(x, layer))
    return gain * dense(x, layers[-1])


def dense(x: Float[Array, "_ I"], block: Float[Array, "_ H"]) -> Float[Array, "_ H"]:
    """Computes (x . block[:-1] + block[-1]) / sqrt(rows of the block).

    Example:
      >>> dense(jnp.array([[1.0, 2.0, 3.0]]), jnp.ones((4, 1))).tolist()
      [[3.5]]
    """
    count = block.shape[0]
    return (_product(x, block[:-1]) + block[-1:]) / math.sqrt(count)


def act(x: Float[Array, "_ H"]) -> Float[Array, "_ H"]:
    """Applies sin, tanh and exp(-x^2), on a third of the units each.

    Example:
      >>> act(jnp.zeros((1, 3))).tolist()
      [[0.0, 0.0, 1.0]]
    """
    wave, step, bump = jnp.array_split(x, 3, axis=1)
    parts = [jnp.sin(wave), jnp.tanh(step), jnp.exp(-jnp.square(bump))]
    return jnp.concatenate(parts, axis=1)


def _units(its: Axes) -> tuple[str, ...]:
    return tuple(axis for axis in its if isinstance(axis, str))


def _paired(units: tuple[str, ...]) -> bool:
    return units == ("S",) or len(units) == 2


def _channels(its: Axes) -> int:
    return math.prod(axis for axis in its if isinstance(axis, int))


def _shapes(
    config: GenomeConfig, arrays: dict[str, Axes]
) -> dict[str, tuple[int, ...]]:
    """The shape of every block of genes: a row per input and one of biases."""
    hidden, size = config.cppn_hidden, config.cppn_identity
    widths = [COORDINATES] + [hidden] * config.cppn_layers + [size]
    steps = enumerate(zip(widths, widths[1:], strict=False))
    shapes: dict[str, tuple[int, ...]] = {
        f"identity/{i}": (before + 1, after) for i, (before, after) in steps
    }
    shapes |= {"pair": (2 * size + 2, hidden), "connection": (hidden + 1, 1)}
    for name, its in arrays.items():
        units = _units(its)
        inputs = hidden if _paired(units) else size * len(units)
        shapes[name] = (inputs + 1, _channels(its))
    return shapes


def _ends(
    units: tuple[str, ...], where: dict[str, np.ndarray], topology: Topology
) -> Ends:
    """All pairs of two axes, the first one's slower; or the candidate synapses."""
    start = dict(zip(where, np.cumsum([0, *map(len, where.values())]), strict=False))
    if units == ("S",):
        source, target, neurons = topology.source, topology.target, where["N"]
        if isinstance(source, np.ndarray):
            far = distance(neurons[source], neurons[target])
        else:  # the wiring is data
            table = jnp.asarray(distance(neurons[:, None], neurons[None, :]))
            far = table.at[source, target].get(mode="promise_in_bounds")
        first = second = int(start["N"])
    else:
        one, two = units
        shape = len(where[one]), len(where[two])
        source, target = (index.reshape(-1) for index in np.indices(shape, np.int32))
        far = distance(where[one][source], where[two][target])
        first, second = int(start[one]), int(start[two])
    return Ends(source + first, target + second, far)


def _join(parts: tuple[np.ndarray | Array, ...]) -> np.ndarray | Array:
    fixed = all(isinstance(part, np.ndarray) for part in parts)
    return (np if fixed else jnp).concatenate(parts)


def _parted(
    rows: Float[Array, "_ F"], counts: dict[tuple[str, ...], int]
) -> dict[tuple[str, ...], Float[Array, "_ F"]]:
    """Consecutive rows, by name."""
    ends = np.cumsum(list(counts.values())).tolist()
    return {
        name: rows[end - count : end]
        for (name, count), end in zip(counts.items(), ends, strict=True)
    }


def _pair(
    block: Float[Array, "_ H"], z: Float[Array, "_ Z"], ends: Ends, gain: float
) -> Float[Array, "_ H"]:
    """The pair layer. Each end's share of the sum is computed once per unit."""
    size, count = z.shape[1], block.shape[0]
    share = lambda rows, end: _product(z, rows).at[end].get(mode="promise_in_bounds")
    total = share(block[:size], ends.first) + share(block[size:-2], ends.second)
    total += jnp.asarray(ends.distance)[:, None] * block[-2:-1] + block[-1:]
    # The barrier keeps the sum from being computed again for each third of the units:
    # twice as fast on a CPU.
    return act(jax.lax.optimization_barrier(gain * total / math.sqrt(count)))


def _product(x: Float[Array, "_ I"], w: Float[Array, "I _"]) -> Float[Array, "_ _"]:
    return jnp.matmul(x, w, precision="highest")  # no shortcuts, on any device


def _shaped(out: Float[Array, "_ C"], its: Axes, sizes: dict[str, int]) -> Array:
    """From a row per unit or pair and a column per channel to the array's own axes."""
    order = [i for i, axis in enumerate(its) if isinstance(axis, str)]
    order += [i for i, axis in enumerate(its) if isinstance(axis, int)]
    axes = [its[i] for i in order]
    shape = [sizes[axis] if isinstance(axis, str) else axis for axis in axes]
    return jnp.transpose(out.reshape(shape), np.argsort(order).tolist())
