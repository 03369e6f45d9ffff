"""The knobs of every world, one file each. No JAX, so that `--help` answers at once."""

from koki2.envs.configs.chemotaxis import ChemotaxisConfig as ChemotaxisConfig
from koki2.envs.configs.gymnax_world import GymnaxConfig as GymnaxConfig
from koki2.envs.configs.obstacles import ObstaclesConfig as ObstaclesConfig
