"""A study: an experiment as data.

Arms are configs by name; probes are the genomes of an arm, evaluated with something
changed; contrasts say which two to compare, seed by seed. Every arm runs the same
seeds, and all genomes are evaluated on the same unseen episodes, so contrasts are
paired. Arms are called "world/arm".
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from koki2.evolution.configs import Config, EvolutionConfig

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Probe(NamedTuple):
    """The genomes of an arm, evaluated with another agent or under a lesion."""

    arm: str
    agent: Mapping[str, Any] = _NOTHING
    """Settings of the agent."""
    genome: str | None = None
    """Which genome of a run, "best" or "mean"; None is the one that counts first."""
    lesion: str | None = None
    """What is taken from it, as `koki2.evolution.lesions` explains; None: nothing."""


class Contrast(NamedTuple):
    """Two arms, probes or baselines, paired by seed: is `ours` fitter than `theirs`?"""

    ours: str
    theirs: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Study:
    """An experiment, whole."""

    name: str
    """Its runs are kept under it."""
    arms: Mapping[str, Config]
    seeds: tuple[int, ...]
    episodes: int
    """Unseen episodes per eval seed."""
    probes: Mapping[str, Probe] = _NOTHING
    contrasts: tuple[Contrast, ...] = ()
    baselines: Mapping[str, tuple[Config, tuple[str, ...]]] = _NOTHING
    """World's name -> a config of it, and the policies to evaluate there; "blind" is
    the best, at each eval seed, of all that see nothing."""
    smoke_arms: tuple[str, ...] = ()
    """The arms that a smoke keeps; none given keeps the first two."""

    def __post_init__(self) -> None:
        unknown = [n for n in self.smoke_arms if n not in self.arms]
        unknown += [p.arm for p in self.probes.values() if p.arm not in self.arms]
        if unknown:
            raise ValueError(
                f"smoke_arms and probes must be of the arms {', '.join(self.arms)}, "
                f"got {', '.join(unknown)}."
            )


def smoke(study: Study) -> Study:
    """Makes the minute's version of a study: that it runs, not what it finds.

    Two seeds, two arms with one probe each and one baseline a world, small agents and
    populations, a fiftieth of the generations, in two chunks.

    Example:
      >>> arms = {"world/arm": EvolutionConfig()}
      >>> tiny = smoke(Study(name="e000", arms=arms, seeds=(1, 2, 3), episodes=512))
      >>> tiny.seeds, tiny.episodes, tiny.arms["world/arm"].search.pop_size
      ((1, 2), 32, 16)
    """
    kept = study.smoke_arms or tuple(study.arms)[:2]
    probes: dict[str, Probe] = {}
    for name, probe in study.probes.items():
        if probe.arm in kept and probe.arm not in {p.arm for p in probes.values()}:
            probes[name] = probe
    worlds = {name.partition("/")[0] for name in kept}
    return dataclasses.replace(
        study,
        arms={name: small(study.arms[name]) for name in kept},
        seeds=study.seeds[:2],
        episodes=min(study.episodes, 32),
        probes=probes,
        baselines={
            world: (config, policies[:1])
            for world, (config, policies) in study.baselines.items()
            if world in worlds
        },
        smoke_arms=(),
    )


def small(config: Config) -> Config:
    """Makes the minute's version of a config: little agents, few generations."""
    agent = dataclasses.replace(config.agent, n_neurons=8, k_edges=4)
    generations = max(2, config.loop.generations // 50)
    loop = dataclasses.replace(
        config.loop,
        generations=generations,
        episodes=min(config.loop.episodes, 4),
        checkpoint_every=generations // 2,
    )
    if isinstance(config, EvolutionConfig):
        size = {"search": dataclasses.replace(config.search, pop_size=16)}
    else:
        size = {"emitter": dataclasses.replace(config.emitter, batch_size=16)}
    return dataclasses.replace(config, agent=agent, loop=loop, **size)
