"""Our worlds, and the ladder of levels that is made of them. No JAX."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from koki2.envs import configs
from koki2.envs.gymnax_level import GYMNAX
from koki2.envs.level_settings import LEVEL_SETTINGS
from koki2.envs.world import imported, Level, World

_HARM = {"num_sources": 4, "num_bad_sources": 2, "bad_source_integrity_loss": 0.25}
_DEPLETE = {"deplete_sources": True, "respawn_delay": 4, "bad_source_deplete_p": 0.5}
_PLANE = {"width": 16, "height": 16}
_HUNGER = {
    "energy_decay": 0.02,
    "energy_gain": 0.25,
}  # without food one dies in step 50
_RIPEN = {
    "grad_dropout_p": 0.5,
    "obs_noise": 0.05,
    "grad_gain_min": 0.0,
    "grad_gain_end_phi": 0.3,
    "grad_bins_min": 2.0,
    "grad_bins_max": 16.0,
    "grad_bins_end_phi": 0.6,
}

_CONFIGS = {
    "chemotaxis-l0.0": configs.ChemotaxisConfig(),
    "chemotaxis-l0.1": configs.ChemotaxisConfig(**_PLANE),
    "chemotaxis-l0.2": configs.ChemotaxisConfig(**_HARM, **_PLANE),
    "chemotaxis-l1.0": replace(
        configs.ChemotaxisConfig(**_HARM, **_DEPLETE, **_PLANE, **_HUNGER),
        bad_source_integrity_loss=0.1,
    ),
    "chemotaxis-l1.1": replace(
        configs.ChemotaxisConfig(**_HARM, **_RIPEN, **_PLANE, **_HUNGER), obs_noise=0.02
    ),
    "obstacles-l1.2": configs.ObstaclesConfig(),
    "detour-l1.3": configs.DetourConfig(),
    "two-needs-l2.0": configs.TwoNeedsConfig(),
    "trade-offs-l2.1": configs.TradeOffsConfig(),
    "layout-shift-l2.2": configs.LayoutShiftConfig(),
    "hazard-zones-l3.0": configs.HazardZonesConfig(),
    "predictive-cues-l3.1": configs.PredictiveCuesConfig(),
    "misleading-cues-l3.2": configs.MisleadingCuesConfig(),
    "sparse-l4.0": configs.SparseConfig(),
    "seasons-l4.1": configs.SeasonsConfig(),
    "moving-needs-l4.2": configs.MovingNeedsConfig(),
    "family-l5": configs.FamilyConfig(),
    "chemotaxis-l0.2-seed": configs.ChemotaxisConfig(**_HARM),
    "chemotaxis-l1.0-seed": configs.ChemotaxisConfig(**_HARM, **_DEPLETE),
    "chemotaxis-l1.1-seed": configs.ChemotaxisConfig(**_HARM, **_RIPEN),
}
_ASKS = {
    "chemotaxis-l0.0": "follow a gradient along a line",
    "chemotaxis-l0.1": "follow a gradient on a plane",
    "chemotaxis-l0.2": "several sources, some harm, all smell alike",
    "chemotaxis-l1.0": "sources deplete and come back elsewhere",
    "chemotaxis-l1.1": "the gradient drops out, the senses are noisy and ripen",
    "obstacles-l1.2": "walls stand between the agent and what it smells",
    "detour-l1.3": "the way to what one smells is a dead end with crumbs in it",
    "two-needs-l2.0": "food and water, two stores, and death when either is empty",
    "trade-offs-l2.1": "what is common feeds one need and harms the other",
    "layout-shift-l2.2": "which of two kinds feeds must be found out, and again",
    "hazard-zones-l3.0": "places that harm lie before food, and round it",
    "predictive-cues-l3.1": "a sound foretells a strike: remember it, and shelter",
    "misleading-cues-l3.2": "one of two sounds foretells a strike, most times",
    "sparse-l4.0": "little food on a wide map, smelled from near by only",
    "seasons-l4.1": "food feeds in one half of the map, and the half turns",
    "moving-needs-l4.2": "seasons turn unseen, and with them what a body needs most",
    "family-l5": "every episode is in another world, and must find out which",
    "chemotaxis-l0.2-seed": "L0.2 as seed 002 has it, on a line: walking blindly wins",
    "chemotaxis-l1.0-seed": "L1.0 as seed 002 has it, on a line: walking blindly wins",
    "chemotaxis-l1.1-seed": "L1.1 as seed 002 has it, on a line: walking blindly wins",
}

LEVELS: Mapping[str, Level] = MappingProxyType(
    {
        name: Level(name, _ASKS[name], config, LEVEL_SETTINGS.get(name, {}))
        for name, config in _CONFIGS.items()
    }
)
"""Every level of the ladder, from the easiest on; then those of seed 002 in which a
policy that sees nothing does best, as they were published."""

_NO_SMELL = {"nursing": ("nurse_hazard_smell", "nurse_hazard_smell_end_phi")}
_EASIEST = {level.config.world: level for level in reversed(list(LEVELS.values()))}

OURS = (
    *(
        World(
            name=name,
            make=imported(f"koki2.envs.{name}", name),
            config=type(level.config)(),
            summary=level.summary,
            ignores={} if name == "chemotaxis" else _NO_SMELL,
        )
        for name, level in reversed(_EASIEST.items())
    ),
    GYMNAX,
)
"""Every world that comes with koki2."""
