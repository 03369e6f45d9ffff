"""Every level by name, with the config that makes it. No JAX until one is made.

A new world is a factory in a module of its name, and a config whose `world` says that
name; entered here, it is on the command line and under the contract tests.
"""

import difflib
import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from koki2.envs.configs import (
    ChemotaxisConfig,
    DetourConfig,
    FamilyConfig,
    GymnaxConfig,
    HazardZonesConfig,
    LayoutShiftConfig,
    MisleadingCuesConfig,
    MovingNeedsConfig,
    ObstaclesConfig,
    PredictiveCuesConfig,
    SeasonsConfig,
    SparseConfig,
    TradeOffsConfig,
    TwoNeedsConfig,
)

Config = Any  # one of `koki2.envs.configs`


class Level(NamedTuple):
    """A rung of the ladder: one pressure more than those below."""

    name: str
    summary: str
    """What it asks of an agent, in a line."""
    config: Config
    settings: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    """Settings of other groups that go with it, as in a preset."""


_HARM = {"num_sources": 4, "num_bad_sources": 2, "bad_source_integrity_loss": 0.25}

_ALL = (
    Level("chemotaxis-l0.0", "follow a gradient along a line", ChemotaxisConfig()),
    Level(
        "chemotaxis-l0.1",
        "follow a gradient on a plane",
        ChemotaxisConfig(width=16, height=16),
    ),
    Level(
        "chemotaxis-l0.2",
        "several sources, some harm, all smell alike",
        ChemotaxisConfig(**_HARM),
    ),
    Level(
        "chemotaxis-l1.0",
        "sources deplete and come back elsewhere",
        ChemotaxisConfig(
            **_HARM, deplete_sources=True, respawn_delay=4, bad_source_deplete_p=0.5
        ),
    ),
    Level(
        "chemotaxis-l1.1",
        "the gradient drops out, the senses are noisy and ripen",
        ChemotaxisConfig(
            **_HARM,
            grad_dropout_p=0.5,
            obs_noise=0.05,
            grad_gain_min=0.0,
            grad_gain_end_phi=0.3,
            grad_bins_min=2.0,
            grad_bins_max=16.0,
            grad_bins_end_phi=0.6,
        ),
    ),
    Level(
        "obstacles-l1.2",
        "walls stand between the agent and what it smells",
        ObstaclesConfig(),
    ),
    Level(
        "detour-l1.3",
        "the way to what one smells is a dead end with crumbs in it",
        DetourConfig(),
    ),
    Level(
        "two-needs-l2.0",
        "food and water, two stores, and death when either is empty",
        TwoNeedsConfig(),
    ),
    Level(
        "trade-offs-l2.1",
        "what is common feeds one need and harms the other",
        TradeOffsConfig(),
    ),
    Level(
        "layout-shift-l2.2",
        "which of two kinds feeds must be found out, and again",
        LayoutShiftConfig(),
    ),
    Level(
        "hazard-zones-l3.0",
        "places that harm lie before food, and round it",
        HazardZonesConfig(),
    ),
    Level(
        "predictive-cues-l3.1",
        "a sound foretells a strike: remember it, and shelter",
        PredictiveCuesConfig(),
    ),
    Level(
        "misleading-cues-l3.2",
        "one of two sounds foretells a strike, most times",
        MisleadingCuesConfig(),
    ),
    Level(
        "sparse-l4.0",
        "little food on a wide map, smelled from near by only",
        SparseConfig(),
    ),
    Level(
        "seasons-l4.1",
        "food feeds in one half of the map, and the half turns",
        SeasonsConfig(),
    ),
    Level(
        "moving-needs-l4.2",
        "seasons turn unseen, and with them what a body needs most",
        MovingNeedsConfig(),
    ),
    Level(
        "family-l5",
        "every life is in another world, and must find out which",
        FamilyConfig(),
    ),
)

LEVELS: Mapping[str, Level] = MappingProxyType({level.name: level for level in _ALL})
"""Every level of the ladder, from the easiest on."""


def make(config: Config):
    """Builds the `Env` of a config: the factory called `config.world`."""
    module = importlib.import_module(f"koki2.envs.{config.world}")
    return getattr(module, config.world)(config)


CONFIGS: Mapping[str, type] = MappingProxyType(
    {level.config.world: type(level.config) for level in _ALL}
    | {GymnaxConfig().world: GymnaxConfig}
)
"""The class of a world's knobs, by the name of the world."""


GYMNAX = "gymnax:"
"""What stands before the name of an environment of gymnax."""
_RETURN = {"fitness_alpha": 0.0, "fitness_beta": 1.0, "success_bonus": 0.0}
_SOLVED_WITH = {  # settings that were seen to solve an environment of gymnax
    "CartPole-v1": {
        "agent": {"n_neurons": 16, "k_edges": 4},
        "search": {"pop_size": 64, "sigma": 1.0, "lr": 5.0},
        "loop": {"generations": 60, "episodes": 4},
    }
}


def find(name: str) -> Level:
    """The level of a name: one of the ladder, or gymnax:NAME.

    Whether gymnax is here, and knows an environment of that name, shows when the world
    is made. There fitness is the return, the sum of rewards.

    Raises:
      ValueError: there is none; says which there are, or which is near.

    Example:
      >>> find("chemotaxis-l0.1").config.height
      16
      >>> find("gymnax:Acrobot-v1").config.name
      'Acrobot-v1'
    """
    if name in LEVELS:
        return LEVELS[name]
    if name.startswith(GYMNAX) and name != GYMNAX:
        inner = name.removeprefix(GYMNAX)
        return Level(
            name,
            f"{inner} of gymnax: the sum of its rewards",
            GymnaxConfig(name=inner),
            {"fitness": _RETURN, **_SOLVED_WITH.get(inner, {})},
        )
    near = difflib.get_close_matches(name.lower(), LEVELS, n=2)
    hint = f"one of {', '.join(LEVELS)}, or gymnax:NAME."
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    raise ValueError(f"there is no world {name[:60]!r}; {hint}")
