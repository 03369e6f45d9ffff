"""Two needs (L2.0): food and water, two stores, and death when either is empty.

Food and water are kept apart by the senses, and each store falls by itself, so that
what to go for depends on how the body is: who always eats dies of thirst, with a full
stomach. Neglected, either store ends a life after 40 steps.

Units are those of `stores`.
Source: seed 002, the ladder's L2.0 (energy and hydration); the numbers are ours.
"""

from koki2.envs.base import MapEnv
from koki2.envs.configs import TwoNeedsConfig
from koki2.envs.stores import Kind, two_stores
from koki2.policies.goals import for_the_emptier


def two_needs(config: TwoNeedsConfig = TwoNeedsConfig()) -> MapEnv:
    """Builds the world of this module; `TwoNeedsConfig` has its settings.

    The observation is `[fx, fy, wx, wy, energy, hydration]`: f points at the nearest
    food and w at the nearest water, in units of the world's size.

    Example:
      >>> import jax
      >>> env = two_needs()
      >>> _, observation = env.init(jax.random.key(0))
      >>> env.needs, observation.shape, observation[4:].tolist()
      (('energy', 'hydration'), (6,), [1.0, 1.0])
    """
    kinds = {
        "food": Kind(config.num_food, gives=(config.energy_gain, 0.0)),
        "water": Kind(config.num_water, gives=(0.0, config.hydration_gain)),
    }
    return two_stores(config, kinds, version=1, competent=for_the_emptier())
