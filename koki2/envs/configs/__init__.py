"""The settings of every world, by what they ask. No JAX, so that `--help` is fast.

A field whose type is `Traced` is data of a compiled program; changing any other
recompiles.
"""

from koki2.envs.configs.chemotaxis import ChemotaxisConfig as ChemotaxisConfig
from koki2.envs.configs.inference import (
    FamilyConfig as FamilyConfig,
    LayoutShiftConfig as LayoutShiftConfig,
)
from koki2.envs.configs.needs import (
    MovingNeedsConfig as MovingNeedsConfig,
    TradeOffsConfig as TradeOffsConfig,
    TwoNeedsConfig as TwoNeedsConfig,
)
from koki2.envs.configs.outside import (
    GymnaxConfig as GymnaxConfig,
    ObjectConfig as ObjectConfig,
)
from koki2.envs.configs.search import (
    SeasonsConfig as SeasonsConfig,
    SparseConfig as SparseConfig,
)
from koki2.envs.configs.storms import (
    MisleadingCuesConfig as MisleadingCuesConfig,
    PredictiveCuesConfig as PredictiveCuesConfig,
)
from koki2.envs.configs.ways import (
    DetourConfig as DetourConfig,
    HazardZonesConfig as HazardZonesConfig,
    ObstaclesConfig as ObstaclesConfig,
)
