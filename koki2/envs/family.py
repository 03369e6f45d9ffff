"""Family (L5): every life is in a world of its own, and must find out in which.

What food gives, what living costs, what harm does, how many sources harm, how reliable
the senses are and how soon food comes back are drawn at birth, and so is how the senses
lie: the gradient is turned by quarter turns, and mirrored. Where it points is no guide
until one has seen what a move does to it. No reflex is good in all these worlds; who
learns within a life is at home in each: the test of meta-learning.

Without food a life ends after 40 to 60 steps. Units are those of `foraging`.

Source: seed 002, the ladder's L5 (a family of worlds); what differs is ours.
"""

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.core.given import given
from koki2.core.types import Key
from koki2.envs.base import MapEnv, Observation, PrivilegedState
from koki2.envs.body import count, Effects, needs_of, truth
from koki2.envs.configs import FamilyConfig
from koki2.envs.foraging import ForagerState, foraging, Start, Visit
from koki2.envs.grid import Map
from koki2.envs.senses import fill_of, gradient_to
from koki2.policies.inference import find_bearings

_TURN = np.array(
    [[0, -1], [1, 0]], np.float32
)  # east is sensed as south, as on the map
_MIRROR = np.array([[-1, 0], [0, 1]], np.float32)  # east as west
WAYS = np.stack(
    [
        np.linalg.matrix_power(_TURN, turns) @ np.linalg.matrix_power(_MIRROR, mirrored)
        for mirrored in range(2)
        for turns in range(4)
    ]
)  # [8, 2, 2]: how a gradient may be sensed; the first is as it is


@chex.dataclass(frozen=True, kw_only=True)
class Rules:
    """What kind of world an episode is in; drawn at its start."""

    gain: Float[Array, ""]  # energy, on arriving at a good source
    decay: Float[Array, ""]  # energy per step
    loss: Float[Array, ""]  # integrity, on arriving at a bad source
    bad: Bool[Array, " K"]
    dropout: Float[Array, ""]  # chance per step that the gradient reads zero
    delay: Int[Array, ""]  # steps until a source arrived at is back
    way: Float[Array, "2 2"]  # one of `WAYS`: sensed = way @ gradient


@chex.dataclass(frozen=True, kw_only=True)
class Conditions:
    """What kind of world an episode is in, and what is so just now."""

    rules: Rules
    respawn: Int[Array, " K"]  # steps until active again; 0 is active
    dropped: Bool[Array, ""]  # the gradient reads zero


def family(config: FamilyConfig = FamilyConfig()) -> MapEnv:
    """Builds the world of this module; `FamilyConfig` has its settings.

    The observation is `[gx, gy, energy, integrity]`, g pointing to the nearest active
    source in units of the world's size, then turned and mirrored as this life's senses
    are; zero if there is none, or if it drops out.

    Example:
      >>> env = family()
      >>> state, observation = env.init(jax.random.key(0))
      >>> observation.shape, 0.2 <= float(state.extra.rules.gain) <= 0.4
      ((4,), True)
    """
    map = Map(config.width, config.height)
    sources = config.num_sources

    def draw(key: Key) -> Rules:
        keys = iter(jax.random.split(key, 8))
        real = lambda least, most: jax.random.uniform(
            next(keys), (), minval=least, maxval=most
        )
        whole = lambda least, most: jax.random.randint(next(keys), (), least, most + 1)
        return Rules(
            gain=real(config.gain_min, config.gain_max),
            decay=real(config.decay_min, config.decay_max),
            loss=real(config.loss_min, config.loss_max),
            bad=jnp.arange(sources) < whole(config.bad_min, config.bad_max),
            dropout=real(config.dropout_min, config.dropout_max),
            delay=whole(config.delay_min, config.delay_max),
            way=jnp.asarray(WAYS)[
                whole(0, config.turns - 1) + 4 * whole(0, int(config.mirrors))
            ],
        )

    def start(key: Key) -> Start:
        key_rules, key_source, key_start, key_sense = jax.random.split(key, 4)
        rules = draw(key_rules)
        conditions = Conditions(
            rules=rules,
            respawn=jnp.zeros(sources, jnp.int32),
            dropped=drops(key_sense, rules),
        )
        return map.cells(key_start, 1)[0], map.cells(key_source, sources), conditions

    def drops(key: Key, rules: Rules) -> Bool[Array, ""]:
        """Draws whether the gradient drops out."""
        if config.dropout_max == 0:
            return jnp.array(False)
        return jax.random.uniform(key) < rules.dropout

    def observe(state: ForagerState) -> Observation:
        gradient = map.gradient(state.source, state.position, active(state))
        sensed = jnp.sum(state.extra.rules.way * gradient[None], axis=1)
        if config.dropout_max > 0:
            sensed = jnp.where(state.extra.dropped, 0.0, sensed)
        return jnp.concatenate([sensed, needs_of(state)])

    def active(state: ForagerState) -> Bool[Array, " K"]:
        return state.extra.respawn == 0

    def respawn(visit: Visit) -> Int[Array, " K"]:
        waits = jnp.maximum(visit.state.extra.respawn - 1, 0)
        return jnp.where(visit.arrived, visit.state.extra.rules.delay, waits)

    def leaves(visit: Visit) -> Bool[Array, " K"]:
        return (visit.arrived | ~active(visit.state)) & (respawn(visit) == 0)

    def effects(visit: Visit) -> Effects:
        rules = visit.state.extra.rules
        meals = count(visit.arrived & ~rules.bad)
        harms = count(visit.arrived & rules.bad)
        dropped = drops(given(visit.key), rules)
        conditions = Conditions(rules=rules, respawn=respawn(visit), dropped=dropped)
        return Effects(
            cost=rules.decay,
            gain=rules.gain * meals.astype(jnp.float32),
            loss=rules.loss * harms.astype(jnp.float32),
            reached=jnp.any(visit.standing & ~rules.bad),
            bad_arrivals=harms,
            changes={"extra": conditions},
        )

    def privileged_state(state: ForagerState) -> PrivilegedState:
        rules = state.extra.rules
        worth = jnp.where(rules.bad, -rules.loss, rules.gain)
        return truth(state, worth, active=active(state))

    return foraging(
        map,
        config,
        start=start,
        effects=effects,
        leaves=leaves,
        active=active,
        draws=True,
        observe=observe,
        privileged_state=privileged_state,
        senses=[gradient_to("gradient", map.span), *fill_of("energy", "integrity")],
        version=1,
        competent=find_bearings(WAYS, map.span),
    )
