"""Evolutions that start from a genome of an earlier one, as in a curriculum.

All else is as in `build_many`: what is drawn depends on the seed, and so does the
wiring, unless `topology_seed` is given. Where a genome means something by its wiring,
it should be carried to runs of the same seed, or of the same `topology_seed`.
"""

from collections.abc import Mapping, Sequence

import jax
import numpy as np
from jax.typing import ArrayLike

from koki2.core.configs import plain
from koki2.core.devices import moves_data
from koki2.core.program import About, Program
from koki2.evolution.build import build_evolution, setting
from koki2.evolution.configs import EvolutionConfig
from koki2.evolution.rollout import Layout


@moves_data
def build_from(
    runs: Sequence[tuple[EvolutionConfig, int]],
    genomes: Sequence[Mapping[str, ArrayLike]],
    *,
    layout: Layout | None = None,
) -> list[Program]:
    """Builds an evolution per run that starts from a given genome, compiled once.

    Their run folders keep the config and the genome under "python": `koki2.run` goes on
    with one, the command line does not.

    Args:
      runs: config and seed of each; the configs are of one shape, see `build_many`.
      genomes: named arrays for each, as mean_genome.npz holds them.
      layout: of the episodes; decides speed only.

    Raises:
      ValueError: a genome of another shape, or one that is not all finite.

    Example:
      >>> import jax
      >>> from koki2.agents import AgentConfig
      >>> agent = AgentConfig(n_neurons=8, k_edges=2)
      >>> config = EvolutionConfig(agent=agent)
      >>> genome = setting(config).adult(setting(config).data(0)).genome
      >>> mine = genome.named(genome.init(jax.random.key(7)))
      >>> (program,) = build_from([(config, 0)], [mine])
      >>> bool((program.init().best == genome.flat(mine)).all())
      True
    """
    tasks = []
    starts = []
    for (config, seed), arrays in zip(runs, genomes, strict=True):
        named = setting(config)
        task = named.adult(named.data(seed))
        genes = np.asarray(jax.device_get(task.genome.flat(dict(arrays))))
        if not np.all(np.isfinite(genes)):
            odd = int(np.sum(~np.isfinite(genes)))
            raise ValueError(
                f"a genome to start from must be finite numbers, got {odd} that are "
                "not."
            )
        tasks.append(task)
        starts.append(genes)
    programs = build_evolution(runs, layout=layout, starts=starts)
    return [
        program._replace(about=_about(config, seed, genes, task))
        for program, (config, seed), genes, task in zip(
            programs, runs, starts, tasks, strict=True
        )
    ]


def _about(
    config: EvolutionConfig, seed: int, genes: np.ndarray, task: object
) -> About:
    start = [float(gene) for gene in genes]
    return About(
        "evo", seed, {"python": {"config": plain(config), "start": start}}, task
    )
