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

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.envs.base import (
    BodyFeedback,
    Care,
    Feedback,
    MapEnv,
    Policy,
    PrivilegedState,
)
from koki2.envs.configs import LayoutShiftConfig
from koki2.envs.foraging import lived, met, smell, worths
from koki2.envs.grid import cells, drive, moved, towards

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
    """Builds the world. See the module for the task, `LayoutShiftConfig` for knobs.

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
    size = np.array([config.width, config.height], np.int32)
    span = (size - 1).astype(np.float32)
    counts = (config.num_red, config.num_blue)
    kind = np.repeat(np.arange(2, dtype=np.int32), counts)
    first, last = config.steps // 4, config.steps - config.steps // 4

    def init(key: Key) -> tuple[LayoutShiftState, Float[Array, " O"]]:
        key_source, key_start, key_kind, key_swap = jax.random.split(key, 4)
        state = LayoutShiftState(
            t=jnp.int32(0),
            position=cells(key_start, 1, size)[0],
            source=cells(key_source, len(kind), size),
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
        return state, observe(state)

    def red_feeds(state: LayoutShiftState) -> Bool[Array, ""]:
        red = jnp.array(True) if state.red_at_birth is None else state.red_at_birth
        return red if state.swap is None else red ^ (state.t >= state.swap)

    def feeds(state: LayoutShiftState) -> Bool[Array, " K"]:
        return red_feeds(state) ^ jnp.asarray(kind == 1)

    def observe(state: LayoutShiftState) -> Float[Array, " O"]:
        seen = [state.energy, state.integrity]
        if state.taste is not None:
            seen.append(state.taste)
        if config.tells_valence:
            seen.append(jnp.where(red_feeds(state), 1.0, -1.0))
        smelt = smell(state.source, state.position, counts, span)
        return jnp.concatenate([smelt, jnp.stack(seen)])

    def step(
        key: Key,
        state: LayoutShiftState,
        action: Int[Array, ""],
        care: Care | None = None,
    ) -> tuple[LayoutShiftState, Float[Array, " O"], Feedback]:
        position = moved(state.position, action, size)
        here, arrived = met(state.source, state.position, position)
        good = feeds(state)
        meals = jnp.sum(arrived & good, dtype=jnp.int32)
        harms = jnp.sum(arrived & ~good, dtype=jnp.int32)
        gain = config.energy_gain * meals.astype(jnp.float32)
        lost = config.integrity_loss * harms.astype(jnp.float32)
        energy, taken = lived(
            state.energy, cost=config.energy_decay, gain=gain, care=care
        )
        if care is not None:
            lost = care.hazard * lost
        t = state.t + 1
        goes = arrived
        if config.places_shift:
            goes = goes | (t % config.places_shift == 0)
        taste = jnp.sign(meals - harms).astype(jnp.float32)
        after = dataclasses.replace(
            state,
            t=t,
            position=position,
            source=jnp.where(goes[:, None], cells(key, len(kind), size), state.source),
            energy=energy,
            integrity=jnp.clip(state.integrity - lost, 0.0, 1.0),
            taste=taste if config.feels_taste else None,
        )
        body = BodyFeedback(
            energy_gained=taken,
            integrity_lost=lost,
            drive_fall=drive(_needs(state)) - drive(_needs(after)),
            integrity=after.integrity,
            bad_arrivals=harms,
            reached=jnp.any(here & good),
        )
        feedback = Feedback(
            reward=body.drive_fall,
            terminated=(after.energy <= 0.0) | (after.integrity <= 0.0),
            truncated=t >= config.steps,
            body=body,
        )
        return after, observe(after), feedback

    def privileged_state(state: LayoutShiftState) -> PrivilegedState:
        fed = jnp.array([config.energy_gain, 0.0], jnp.float32)
        harmed = jnp.array([0.0, -config.integrity_loss], jnp.float32)
        effect = jnp.where(feeds(state)[:, None], fed[None], harmed[None])
        cost = np.float32([config.energy_decay, 0])
        return PrivilegedState(
            position=state.position,
            source=state.source,
            worth=worths(_needs(state), cost=cost, effect=effect),
            active=jnp.ones(len(kind), bool),
            needs=_needs(state),
            kind=jnp.asarray(kind),
        )

    return MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state,
        observation_size=6 + config.feels_taste + config.tells_valence,
        steps=config.steps,
        version=VERSION,
        size=(config.width, config.height),
        kinds=KINDS,
        competent=_win_stay_lose_shift(span),
    )


def _needs(state: LayoutShiftState) -> Float[Array, "2"]:
    return jnp.stack([state.energy, state.integrity])


def _win_stay_lose_shift(span: np.ndarray) -> Policy:
    """Keeps to the kind that fed last, and off the kind that harmed; at first, nearest.

    It knows a meal by energy that did not fall, a harm by integrity that did, and
    whose it was by what was one step away. It remembers these, and the kind it holds
    to: 1 red, -1 blue, 0 not known yet.
    """

    def choose(key, memory, observation):
        del key
        held, met_last, energy_last, integrity_last = memory
        energy, integrity = observation[4], observation[5]
        fed, harmed = energy >= energy_last, integrity < integrity_last
        held = jnp.where(harmed, -met_last, jnp.where(fed, met_last, held))

        far = lambda g: jnp.sum(jnp.abs(g) * span)  # cells
        red, blue = far(observation[:2]), far(observation[2:4])
        nearer = jnp.where(red <= blue, 1, -1)
        goal = jnp.where(held == 0, nearer, held)
        gx, gy = jnp.where(goal > 0, observation[:2], observation[2:4])
        beside = (red < 1.5) == (blue < 1.5)
        meets = jnp.where(beside, goal, jnp.where(red < 1.5, 1, -1))
        return (held, meets, energy, integrity), towards(gx, gy)

    unknown = jnp.int32(0)
    at_birth = (unknown, unknown, jnp.float32(jnp.inf), jnp.float32(-jnp.inf))
    return Policy(memory=at_birth, choose=choose)
