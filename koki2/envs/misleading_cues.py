"""Misleading cues (L3.2): two sounds, of which one foretells a strike, most times.

As in predictive cues, but there are two cues. After the honest one a storm strikes
with a chance p, after the other one never; which is which is drawn at birth, and no
sense shows. Who flees at every sound loses half its time to nothing, so one must find
out within a life: strikes are observed from everywhere.

How long a calm lasts is drawn anew each time. Delays are in steps; other units are
those of `foraging`.

Source: seed 002, the ladder's L3.2 (stochastic and misleading cues).
"""

import dataclasses

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.envs.base import MapEnv
from koki2.envs.configs import MisleadingCuesConfig
from koki2.envs.senses import Sense
from koki2.envs.storms import between, NEVER, Sky, storms
from koki2.policies.goals import once_sure


@chex.dataclass(frozen=True, kw_only=True)
class TwoCueSky:
    """An alarm on its way, true or false."""

    until: Int[Array, ""]  # steps until its end; its cue sounds at the delay
    cue: Int[Array, ""]  # which of two sounds
    true: Bool[Array, ""]  # a strike will end it
    honest: Int[Array, ""]  # the cue that strikes may follow, all life long


def misleading_cues(config: MisleadingCuesConfig = MisleadingCuesConfig()) -> MapEnv:
    """Builds the world of this module; `MisleadingCuesConfig` has its settings.

    The observation is `[gx, gy, energy, integrity, sx, sy, cue, cue, strike]`, g and s
    pointing to the nearest source and shelter in units of the world's size; a cue is 1
    in the one step in which it sounds, and so is a strike. The agent's move
    `cue_delay` steps after a cue is the one that must end in a shelter.

    Example:
      >>> env = misleading_cues()
      >>> state, observation = env.init(jax.random.key(0))
      >>> observation.shape, int(state.extra.sky.honest) in (0, 1)
      ((9,), True)
    """
    delay = config.cue_delay

    def alarm(key: Key, honest: Int[Array, ""]) -> TwoCueSky:
        long, false, true = jax.random.uniform(key, (3,))
        false = false < config.false_p
        return TwoCueSky(
            until=delay + between(long, config.calm_min, config.calm_max),
            cue=jnp.where(false, 1 - honest, honest),
            true=~false & (true < config.strike_p),
            honest=honest,
        )

    def init(key: Key) -> TwoCueSky:
        key_honest, key_alarm = jax.random.split(key)
        return alarm(key_alarm, jax.random.randint(key_honest, (), 0, 2))

    def advance(key: Key, sky: TwoCueSky) -> tuple[TwoCueSky, Bool[Array, ""]]:
        over = sky.until == 1
        later = dataclasses.replace(sky, until=sky.until - 1)
        choose = lambda new, old: jnp.where(over, new, old)
        after = jax.tree.map(choose, alarm(key, sky.honest), later)
        return after, over & sky.true

    def observe(sky: TwoCueSky, struck: Bool[Array, ""]) -> Float[Array, " C"]:
        sounds = (sky.until == delay) & (sky.cue == jnp.arange(2))
        return jnp.concatenate([sounds, struck[None]]).astype(jnp.float32)

    sky = Sky(
        init=init,
        advance=advance,
        observe=observe,
        until=lambda sky: jnp.where(sky.true, sky.until, NEVER),
        senses=(Sense("first cue"), Sense("second cue"), Sense("strike")),
    )
    return storms(config, sky, once_sure, version=1)
