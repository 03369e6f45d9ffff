"""Moving needs (L4.2): the seasons turn unseen, and with them what a body needs most.

When it is hot hydration falls four times as fast and weighs more in the drive, when it
is cold energy does. Which season a life begins in and when it turns is drawn anew for
every life, and no sense shows it: it is known by the stores alone. Left alone, the
store of a season that lasts is empty after 32 steps.

Each step's fall of the drive is weighed by the season of that step, so that a turn by
itself is no event. Units are those of `stores`.

Source: seed 002, the ladder's L4 (drive weights that switch); the numbers are ours.
"""

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.envs.base import MapEnv
from koki2.envs.body import drive_reduction
from koki2.envs.configs import MovingNeedsConfig
from koki2.envs.foraging import ForagerState
from koki2.envs.grid import Map
from koki2.envs.stores import Kind, Pressure, two_stores
from koki2.policies.goals import most_for_the_way


@chex.dataclass(frozen=True, kw_only=True)
class Season:
    """The seasons of one episode. S turns."""

    hot_at_birth: Bool[Array, ""]
    turn: Int[Array, " S"]  # the step from which it is the other season


def moving_needs(config: MovingNeedsConfig = MovingNeedsConfig()) -> MapEnv:
    """Builds the world of this module; `MovingNeedsConfig` has its settings.

    The observation is `[fx, fy, wx, wy, energy, hydration]`: f points at the nearest
    food and w at the nearest water, in units of the world's size.

    Example:
      >>> env = moving_needs()
      >>> state, observation = env.init(jax.random.key(0))
      >>> observation.shape, observation[4:].tolist(), state.extra.turn.shape
      ((6,), [1.0, 1.0], (2,))
    """
    decay = jnp.array([config.energy_decay, config.hydration_decay], jnp.float32)
    ends = np.arange(config.turns + 1) * config.steps // max(config.turns, 1)
    ends = ends.astype(np.int32)  # of the stretches of an episode with a turn each

    def season(key_season: Key, key_turn: Key) -> Season:
        shape = (config.turns,)
        return Season(
            hot_at_birth=jax.random.bernoulli(key_season),
            turn=jax.random.randint(key_turn, shape, ends[:-1], ends[1:]),
        )

    def pressure(state: ForagerState) -> Pressure:
        turned = jnp.sum(state.t >= state.extra.turn, dtype=jnp.int32) % 2 == 1
        hot = state.extra.hot_at_birth ^ turned
        pressed = jnp.stack([~hot, hot])
        cost = jnp.where(pressed, config.pressed_rate * decay, decay)
        return cost, jnp.where(pressed, jnp.float32(config.pressed_weight), 1.0)

    kinds = {
        "food": Kind(config.num_food, gives=(config.energy_gain, 0.0)),
        "water": Kind(config.num_water, gives=(0.0, config.hydration_gain)),
    }
    gains = jnp.array([config.energy_gain, config.hydration_gain], jnp.float32)

    def worth(store: Float[Array, "2"], pressed: Bool[Array, "2"]) -> Float[Array, "2"]:
        weights = jnp.where(pressed, jnp.float32(config.pressed_weight), 1.0)
        effect = jnp.eye(2) * gains[None]
        return drive_reduction(store, cost=0.0, effect=effect, weights=weights)

    return two_stores(
        config,
        kinds,
        season=season,
        pressure=pressure,
        version=1,
        competent=most_for_the_way(worth, Map(config.width, config.height).span),
    )
