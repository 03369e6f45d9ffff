"""Layout shift (L2.2): which of two kinds feeds must be found out, and again.

Sources look red or blue. One kind feeds and the other harms; which is drawn for every
life, and swapped once within it, unseen. No fixed habit is right in both halves of all
lives: an agent must taste, go by the consequence, and give up what it has learnt. The
places are another thing that does not last: a source that is arrived at comes back
elsewhere, and now and then all move. Without food a life ends after 40 steps.

Cells are (x, y) from the north-west corner; energy and integrity are in [0, 1], 1 is
full. What a full store has no room for is not taken in, and does not count.

Source: seed 002, the ladder's L2.2 (layout shift); valence that shifts is ours, after
its L0.2 (ambiguous valence).
"""

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.envs.base import Action, Care, Feedback, MapEnv, Observation, PrivilegedState
from koki2.envs.body import arrivals, count, drive_reduction, live, needs_of, truth
from koki2.envs.configs import LayoutShiftConfig
from koki2.envs.grid import Map
from koki2.envs.on_map import on_map
from koki2.envs.policies.inference import win_stay_lose_shift

VERSION = 1
KINDS = ("red", "blue")


@chex.dataclass(frozen=True, kw_only=True)
class LayoutShiftState:
    """One life. Fields of features that are off are left out (None)."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells, red first
    red_at_birth: Bool[Array, ""] | None  # whether red feeds, at first
    swap: Int[Array, ""] | None  # the step from which it is the other way round
    energy: Float[Array, ""]
    integrity: Float[Array, ""]
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
      >>> observation.shape, observation[4:].tolist(), 32 <= int(state.swap) < 96
      ((7,), [1.0, 1.0, 0.0], True)
    """
    map = Map(config.width, config.height)
    counts = (config.num_red, config.num_blue)
    kind = np.repeat(np.arange(2, dtype=np.int32), counts)
    first, last = config.steps // 4, config.steps - config.steps // 4

    def start(key: Key) -> LayoutShiftState:
        key_source, key_start, key_kind, key_swap = jax.random.split(key, 4)
        return LayoutShiftState(
            t=jnp.int32(0),
            position=map.cells(key_start, 1)[0],
            source=map.cells(key_source, len(kind)),
            red_at_birth=jax.random.bernoulli(key_kind)
            if config.drawn_at_birth
            else None,
            swap=jax.random.randint(key_swap, (), first, last)
            if config.swaps_within
            else None,
            energy=jnp.float32(config.energy_init),
            integrity=jnp.float32(1.0),
            taste=jnp.float32(0.0) if config.feels_taste else None,
        )

    def red_feeds(state: LayoutShiftState) -> Bool[Array, ""]:
        red = jnp.array(True) if state.red_at_birth is None else state.red_at_birth
        return red if state.swap is None else red ^ (state.t >= state.swap)

    def feeds(state: LayoutShiftState) -> Bool[Array, " K"]:
        return red_feeds(state) ^ jnp.asarray(kind == 1)

    def observe(state: LayoutShiftState) -> Observation:
        seen = [state.energy, state.integrity]
        if state.taste is not None:
            seen.append(state.taste)
        if config.tells_valence:
            seen.append(jnp.where(red_feeds(state), 1.0, -1.0))
        gradients = map.source_gradients(state.source, state.position, counts)
        return jnp.concatenate([gradients, jnp.stack(seen)])

    def advance(
        key: Key, state: LayoutShiftState, action: Action, care: Care | None
    ) -> tuple[LayoutShiftState, Feedback]:
        position = map.move(state.position, action)
        standing, goes = arrivals(state.source, state.position, position)
        good = feeds(state)
        meals, harms = count(goes & good), count(goes & ~good)
        taste = jnp.sign(meals - harms).astype(jnp.float32)
        if config.places_shift:
            goes = goes | ((state.t + 1) % config.places_shift == 0)
        fresh = map.cells(key, len(kind))
        return live(
            state,
            steps=config.steps,
            cost=config.energy_decay,
            gain=config.energy_gain * meals.astype(jnp.float32),
            loss=config.integrity_loss * harms.astype(jnp.float32),
            care=care,
            reached=jnp.any(standing & good),
            bad_arrivals=harms,
            absorbs=True,
            position=position,
            source=jnp.where(goes[:, None], fresh, state.source),
            taste=taste if config.feels_taste else None,
        )

    def privileged_state(state: LayoutShiftState) -> PrivilegedState:
        fed = jnp.array([config.energy_gain, 0.0], jnp.float32)
        harmed = jnp.array([0.0, -config.integrity_loss], jnp.float32)
        effect = jnp.where(feeds(state)[:, None], fed[None], harmed[None])
        cost = np.array([config.energy_decay, 0], np.float32)
        worth = drive_reduction(needs_of(state), cost=cost, effect=effect)
        return truth(state, worth, kind=jnp.asarray(kind))

    return on_map(
        map,
        start=start,
        advance=advance,
        observe=observe,
        privileged_state=privileged_state,
        observation_size=6 + config.feels_taste + config.tells_valence,
        steps=config.steps,
        version=VERSION,
        kinds=KINDS,
        competent=win_stay_lose_shift(map.span),
    )
