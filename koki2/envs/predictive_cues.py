"""Predictive cues (L3.1): a sound foretells a strike, some steps ahead.

Every now and then a cue sounds for one step; a set number of steps later a storm
strikes everybody in the open. Nothing is observed in between, so who lives must
remember the cue, go to a shelter, and wait there until the strike is over. Food lies
outside.

How long a calm lasts is drawn anew each time. Delays are in steps; other units are
those of `foraging`.

Source: seed 002, the ladder's L3.1 (predictive cues with delays); shelters are ours.
"""

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.envs.base import MapEnv
from koki2.envs.configs import PredictiveCuesConfig
from koki2.envs.senses import Sense
from koki2.envs.storms import between, Sky, storms
from koki2.policies.goals import home_at_the_cue


@chex.dataclass(frozen=True, kw_only=True)
class WarnedSky:
    """A storm on its way."""

    until: Int[Array, ""]  # steps until the strike; the cue sounds at the delay


def predictive_cues(config: PredictiveCuesConfig = PredictiveCuesConfig()) -> MapEnv:
    """Builds the world of this module; `PredictiveCuesConfig` has its settings.

    The observation is `[gx, gy, energy, integrity, sx, sy, cue]`, g and s pointing to
    the nearest source and shelter in units of the world's size; the cue is 1 in the
    one step in which it sounds. The agent's move `cue_delay` steps after that is the
    one that must end in a shelter.

    Example:
      >>> env = predictive_cues()
      >>> state, observation = env.init(jax.random.key(0))
      >>> observation.shape, int(state.extra.sky.until) > 10  # the cue's delay
      ((7,), True)
    """
    delay = config.cue_delay

    def calm(key: Key) -> Int[Array, ""]:
        drawn = jax.random.uniform(key)
        return delay + between(drawn, config.calm_min, config.calm_max)

    def advance(key: Key, sky: WarnedSky) -> tuple[WarnedSky, Bool[Array, ""]]:
        strikes = sky.until == 1
        return WarnedSky(until=jnp.where(strikes, calm(key), sky.until - 1)), strikes

    def observe(sky: WarnedSky, struck: Bool[Array, ""]) -> Float[Array, " C"]:
        del struck
        return (sky.until == delay).astype(jnp.float32)[None]

    sky = Sky(
        init=lambda key: WarnedSky(until=calm(key)),
        advance=advance,
        observe=observe,
        until=lambda sky: sky.until,
        senses=(Sense("cue"),),
    )
    return storms(config, sky, home_at_the_cue, version=1)
