"""Mutation: noise, of a size and a probability for each group of genes.

    child = parent + sigma[its group] * normal    where the group is hit, else parent

A group is the named blocks of a genome that share what stands before "/": identity,
pair, connection, rec_w, ... of a CPPN, and every array of a direct genome.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from koki2.core.types import Key
from koki2.genomes.base import Genome
from koki2.genomes.configs import MutationConfig


def groups(genome: Genome) -> dict[str, np.ndarray]:
    """Returns which genes belong to which group: indices in the flat vector, int32.

    Example:
      >>> from koki2.agents import AgentConfig
      >>> from koki2.genomes import direct
      >>> agent = AgentConfig(n_neurons=2, k_edges=1)
      >>> index = groups(direct(agent, observation_size=1, num_actions=3))
      >>> index["obs_w"].tolist(), index["rec_w"].tolist()
      ([0, 1], [2, 3])
    """
    with jax.ensure_compile_time_eval():
        named = genome.named(jnp.arange(genome.size, dtype=jnp.float32))
    parts: dict[str, list[np.ndarray]] = {}
    for name, block in named.items():
        index = np.asarray(block).reshape(-1).astype(np.int32)
        parts.setdefault(name.split("/")[0], []).append(index)
    return {group: np.concatenate(indices) for group, indices in parts.items()}


def mutation(
    config: MutationConfig, genome: Genome
) -> Callable[[Key, Float[Array, " D"]], Float[Array, " D"]]:
    """Builds the operator (key, parent) -> child. One child; `vmap` for more.

    Args:
      config: size and probability of each group's mutation.
      genome: what the genes mean.

    Raises:
      ValueError: a group that this genome does not have.

    Example:
      >>> from koki2.agents import AgentConfig
      >>> from koki2.genomes import direct, GroupMutation
      >>> genome = direct(AgentConfig(n_neurons=2, k_edges=1), 1, 3)
      >>> config = MutationConfig(
      ...     others=GroupMutation(sigma=0.0), groups=(("rec_w", GroupMutation()),))
      >>> child = mutation(config, genome)(jax.random.key(0), jnp.zeros(genome.size))
      >>> jnp.flatnonzero(child).tolist()  # the genes of rec_w
      [2, 3]
    """
    index = groups(genome)
    named = dict(config.groups)
    unknown = sorted(named.keys() - index.keys())
    if unknown:
        raise ValueError(
            "MutationConfig.groups must be groups of this genome "
            f"({', '.join(index)}), got {', '.join(unknown)}."
        )
    settings = [named.get(group, config.others) for group in index]
    group_of = np.zeros(genome.size, np.int32)
    for number, genes in enumerate(index.values()):
        group_of[genes] = number
    sigma = np.array([one.sigma for one in settings], np.float32)
    rate = np.array([one.rate for one in settings], np.float32)
    return lambda key, parent: mutate(key, parent, group_of, sigma, rate)


def mutate(
    key: Key,
    parent: Float[Array, " D"],
    group_of: np.ndarray,
    sigma: Float[Array, " G"] | np.ndarray,
    rate: Float[Array, " G"] | np.ndarray,
) -> Float[Array, " D"]:
    """Makes one child. At a sigma or a rate of zero a group keeps every bit.

    Args:
      key: draws a normal per gene, and whether each group is hit.
      parent: its genes.
      group_of: number of every gene's group, below G, [D].
      sigma: standard deviation of each group's noise, in genome units.
      rate: probability that each group is hit, in [0, 1].
    """
    key_noise, key_hit = jax.random.split(key)
    noise = jax.random.normal(key_noise, parent.shape)
    sigma = jnp.asarray(sigma)
    hit = jax.random.bernoulli(key_hit, jnp.asarray(rate)) & (sigma > 0)
    return jnp.where(hit[group_of], parent + sigma[group_of] * noise, parent)


def catastrophic_rate(
    parent: Float[Array, ""],
    mutants: Float[Array, " M"],
    *,
    fraction: float = 0.5,
    floor: float = 0.0,
) -> Float[Array, ""]:
    """Computes the share of a parent's mutants that lose most of its fitness.

    A mutant is a catastrophe if its fitness is below

        floor + fraction * (parent - floor)

    Args:
      parent: its fitness.
      mutants: their fitness, on the same episodes. NaN is a catastrophe.
      fraction: of the parent's fitness that must be kept, in (0, 1].
      floor: fitness of a useless agent, as of one that always stays.

    Returns:
      The share, in [0, 1]; NaN if the parent is not above the floor, since it then
      has nothing to lose.

    Example:
      >>> fitness = jnp.array([10.0, 4.9, 5.0, jnp.nan])  # half of 10 is kept, or not
      >>> float(catastrophic_rate(jnp.float32(10.0), fitness))
      0.5
    """
    lost = ~(mutants >= floor + fraction * (parent - floor))
    return jnp.where(parent > floor, jnp.mean(lost, dtype=jnp.float32), jnp.nan)
