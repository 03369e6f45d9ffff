"""Layout shift (L2.2): which of two kinds feeds must be found out, and again.

Sources look red or blue. One kind feeds and the other harms; which is drawn for every
life, and swapped once within it, unseen. No fixed habit is right in both halves of all
lives: an agent must taste, go by the consequence, and give up what it has learnt. The
places are another thing that does not last: a source that is arrived at comes back
elsewhere, and now and then all move. Without food a life ends after 40 steps.

What a full store has no room for is not taken in, and does not count. Units are those
of `foraging`.

Source: seed 002, the ladder's L2.2 (layout shift); valence that shifts is ours, after
its L0.2 (ambiguous valence).
"""

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.core.given import given
from koki2.core.types import Key
from koki2.envs.base import MapEnv, Observation, PrivilegedState
from koki2.envs.body import count, drive_reduction, Effects, needs_of, truth
from koki2.envs.configs import LayoutShiftConfig
from koki2.envs.foraging import feed, ForagerState, foraging, Start, Visit
from koki2.envs.grid import Map
from koki2.envs.senses import fill_of, gradient_to, Sense
from koki2.policies.inference import win_stay_lose_shift


@chex.dataclass(frozen=True, kw_only=True)
class Valence:
    """Which kind feeds, and what was tasted. What is off is left out (None)."""

    red_at_birth: Bool[Array, ""] | None  # whether red feeds, at first
    swap: Int[Array, ""] | None  # the step from which it is the other way round
    taste: Float[Array, ""] | None  # of this step: 1 fed, -1 harmed, 0 neither


def layout_shift(config: LayoutShiftConfig = LayoutShiftConfig()) -> MapEnv:
    """Builds the world of this module; `LayoutShiftConfig` has its settings.

    The observation is `[rx, ry, bx, by, energy, integrity]`: r points at the nearest
    red source and b at the nearest blue one, in units of the world's size. Then, if
    `feels_taste`, whether this step's arrival fed (1) or harmed (-1), and, if
    `tells_valence`, which kind feeds (1 red, -1 blue).

    Example:
      >>> env = layout_shift()
      >>> state, observation = env.init(jax.random.key(0))
      >>> observation.shape, observation[4:].tolist(), 32 <= int(state.extra.swap) < 96
      ((7,), [1.0, 1.0, 0.0], True)
    """
    map = Map(config.width, config.height)
    counts = (config.num_red, config.num_blue)
    kind = np.repeat(np.arange(2, dtype=np.int32), counts)
    first, last = config.steps // 4, config.steps - config.steps // 4

    def start(key: Key) -> Start:
        key_source, key_start, key_kind, key_swap = jax.random.split(key, 4)
        red, swap = config.drawn_at_birth, config.swaps_within
        valence = Valence(
            red_at_birth=jax.random.bernoulli(key_kind) if red else None,
            swap=jax.random.randint(key_swap, (), first, last) if swap else None,
            taste=jnp.float32(0.0) if config.feels_taste else None,
        )
        return map.cells(key_start, 1)[0], map.cells(key_source, len(kind)), valence

    def red_feeds(state: ForagerState) -> Bool[Array, ""]:
        birth, swap = state.extra.red_at_birth, state.extra.swap
        red = jnp.array(True) if birth is None else birth
        return red if swap is None else red ^ (state.t >= swap)

    def feeds(state: ForagerState) -> Bool[Array, " K"]:
        return red_feeds(state) ^ jnp.asarray(kind == 1)

    def observe(state: ForagerState) -> Observation:
        seen = [given(state.energy), given(state.integrity)]
        if config.feels_taste:
            seen.append(state.extra.taste)
        if config.tells_valence:
            seen.append(jnp.where(red_feeds(state), 1.0, -1.0))
        gradients = map.source_gradients(state.source, state.position, counts)
        return jnp.concatenate([gradients, jnp.stack(seen)])

    def effects(visit: Visit) -> Effects:
        good = feeds(visit.state)
        meals, harms = count(visit.arrived & good), count(visit.arrived & ~good)
        valence = visit.state.extra
        if config.feels_taste:
            taste = jnp.sign(meals - harms).astype(jnp.float32)
            valence = dataclasses.replace(valence, taste=taste)
        return feed(config, visit, good)._replace(
            loss=config.integrity_loss * harms.astype(jnp.float32),
            bad_arrivals=harms,
            absorbs=True,
            changes={"extra": valence},
        )

    def leaves(visit: Visit) -> Bool[Array, " K"]:
        if not config.places_shift:
            return visit.arrived
        return visit.arrived | ((visit.state.t + 1) % config.places_shift == 0)

    def privileged_state(state: ForagerState) -> PrivilegedState:
        fed = jnp.array([config.energy_gain, 0.0], jnp.float32)
        harmed = jnp.array([0.0, -config.integrity_loss], jnp.float32)
        effect = jnp.where(feeds(state)[:, None], fed[None], harmed[None])
        cost = jnp.array([config.energy_decay, 0.0], jnp.float32)
        worth = drive_reduction(needs_of(state), cost=cost, effect=effect)
        return truth(state, worth, kind=jnp.asarray(kind))

    return foraging(
        map,
        config,
        start=start,
        effects=effects,
        leaves=leaves,
        observe=observe,
        privileged_state=privileged_state,
        senses=[
            gradient_to("red", map.span),
            gradient_to("blue", map.span),
            *fill_of("energy", "integrity"),
            Sense("taste", int(config.feels_taste)),
            Sense("valence", int(config.tells_valence)),
        ],
        version=1,
        kinds=("red", "blue"),
        competent=win_stay_lose_shift(map.span),
    )
