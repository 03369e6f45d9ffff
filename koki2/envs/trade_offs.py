"""Trade-offs (L2.1): what is common feeds one need and harms the other.

Salty food gives energy and takes hydration; foul water gives hydration and takes
energy; clean food and clean water only give, and are scarce. The senses keep the four
kinds apart, but what a source is worth hangs on how the body is just now: salt saves
the starving and kills the thirsty. Neglected, either store ends a life after 50 steps.

There is no integrity to lose: what a source takes counts against what it gives, so that
the energy gained may be below zero. Units are those of `stores`.

Source: seed 002, the ladder's L2.1 (trade-offs); kinds and numbers are ours.
"""

from koki2.envs.base import MapEnv
from koki2.envs.configs import TradeOffsConfig
from koki2.envs.grid import Map
from koki2.envs.stores import Kind, two_stores
from koki2.policies.goals import clean_unless_far


def trade_offs(config: TradeOffsConfig = TradeOffsConfig()) -> MapEnv:
    """Builds the world of this module; `TradeOffsConfig` has its settings.

    The observation is a gradient (x, y) to the nearest source of each of `env.kinds` in
    turn, in units of the world's size, then energy and hydration. A source counts as
    bad where arriving raises the drive, as the body is on leaving for it.

    Example:
      >>> import jax
      >>> env = trade_offs()
      >>> state, observation = env.init(jax.random.key(0))
      >>> len(env.kinds), observation.shape, observation[8:].tolist()
      (4, (10,), [1.0, 1.0])
    """
    food, water = (config.energy_gain, 0.0), (0.0, config.hydration_gain)
    salt, taint = (0.0, config.hydration_loss), (config.energy_loss, 0.0)
    kinds = {
        "salty food": Kind(config.num_salty, gives=food, takes=salt),
        "foul water": Kind(config.num_foul, gives=water, takes=taint),
        "clean food": Kind(config.num_food, gives=food),
        "clean water": Kind(config.num_water, gives=water),
    }
    competent = clean_unless_far(Map(config.width, config.height).span)
    return two_stores(config, kinds, version=1, competent=competent)
