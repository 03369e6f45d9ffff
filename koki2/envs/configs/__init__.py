"""The settings of every world, one file each. No JAX, so that `--help` is fast."""

from koki2.envs.configs.chemotaxis import ChemotaxisConfig as ChemotaxisConfig
from koki2.envs.configs.detour import DetourConfig as DetourConfig
from koki2.envs.configs.family import FamilyConfig as FamilyConfig
from koki2.envs.configs.gymnax_world import GymnaxConfig as GymnaxConfig
from koki2.envs.configs.hazard_zones import HazardZonesConfig as HazardZonesConfig
from koki2.envs.configs.layout_shift import LayoutShiftConfig as LayoutShiftConfig
from koki2.envs.configs.misleading_cues import (
    MisleadingCuesConfig as MisleadingCuesConfig,
)
from koki2.envs.configs.moving_needs import MovingNeedsConfig as MovingNeedsConfig
from koki2.envs.configs.object import ObjectConfig as ObjectConfig
from koki2.envs.configs.obstacles import ObstaclesConfig as ObstaclesConfig
from koki2.envs.configs.predictive_cues import (
    PredictiveCuesConfig as PredictiveCuesConfig,
)
from koki2.envs.configs.seasons import SeasonsConfig as SeasonsConfig
from koki2.envs.configs.sparse import SparseConfig as SparseConfig
from koki2.envs.configs.trade_offs import TradeOffsConfig as TradeOffsConfig
from koki2.envs.configs.two_needs import TwoNeedsConfig as TwoNeedsConfig
