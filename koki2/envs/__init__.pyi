"""What `koki2.envs` exports: for its door, type checkers and editors."""

from .base import (
    AnyEnv as AnyEnv,
    BodyFeedback as BodyFeedback,
    Care as Care,
    counted as counted,
    Env as Env,
    Feedback as Feedback,
    has_map as has_map,
    MapEnv as MapEnv,
    Policy as Policy,
    PrivilegedState as PrivilegedState,
)
from .chemotaxis import chemotaxis as chemotaxis, ChemotaxisState as ChemotaxisState
from .configs import (
    ChemotaxisConfig as ChemotaxisConfig,
    DetourConfig as DetourConfig,
    FamilyConfig as FamilyConfig,
    GymnaxConfig as GymnaxConfig,
    HazardZonesConfig as HazardZonesConfig,
    LayoutShiftConfig as LayoutShiftConfig,
    MisleadingCuesConfig as MisleadingCuesConfig,
    MovingNeedsConfig as MovingNeedsConfig,
    ObjectConfig as ObjectConfig,
    ObstaclesConfig as ObstaclesConfig,
    PredictiveCuesConfig as PredictiveCuesConfig,
    SeasonsConfig as SeasonsConfig,
    SparseConfig as SparseConfig,
    TradeOffsConfig as TradeOffsConfig,
    TwoNeedsConfig as TwoNeedsConfig,
)
from .detour import detour as detour
from .family import family as family
from .foraging import ForagerState as ForagerState
from .gymnax_world import gymnax_world as gymnax_world, GymnaxState as GymnaxState
from .hazard_zones import hazard_zones as hazard_zones
from .layout_shift import layout_shift as layout_shift
from .misleading_cues import misleading_cues as misleading_cues
from .moving_needs import moving_needs as moving_needs
from .obstacles import obstacles as obstacles
from .predictive_cues import predictive_cues as predictive_cues
from .registry import (
    find as find,
    is_env as is_env,
    Level as Level,
    LEVELS as LEVELS,
    make as make,
    register_world as register_world,
    World as World,
    WORLDS as WORLDS,
)
from .seasons import seasons as seasons
from .sparse import sparse as sparse
from .trade_offs import trade_offs as trade_offs
from .two_needs import two_needs as two_needs
