"""Family (L5): every life is in a world of its own, and must find out in which.

What food gives, what living costs, what harm does, how many sources harm, how reliable
the senses are and how soon food comes back are drawn at birth, and so is how the senses
lie: the gradient is turned by quarter turns, and mirrored. Where it points is no guide
until one has seen what a move does to it. No reflex is good in all these worlds; who
learns within a life is at home in each: the test of meta-learning.

Cells are (x, y) from the north-west corner; energy and integrity are in [0, 1], 1 is
full. Without food a life ends after 40 to 60 steps.

Source: seed 002, the ladder's L5 (a family of worlds); what differs is ours.
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
from koki2.envs.configs import FamilyConfig
from koki2.envs.grid import cells, drive, moved, MOVES, nearest, towards

VERSION = 1

_TURN = np.array([[0, -1], [1, 0]], np.float32)  # east is felt as south, as on the map
_MIRROR = np.array([[-1, 0], [0, 1]], np.float32)  # east as west
WAYS = np.stack(
    [
        np.linalg.matrix_power(_TURN, turns) @ np.linalg.matrix_power(_MIRROR, mirrored)
        for mirrored in range(2)
        for turns in range(4)
    ]
)  # [8, 2, 2]: how a gradient may be felt; the first is as it is


@chex.dataclass(frozen=True, kw_only=True)
class Rules:
    """What kind of world a life is in; drawn at birth."""

    gain: Float[Array, ""]  # energy, on arriving at a good source
    decay: Float[Array, ""]  # energy per step
    loss: Float[Array, ""]  # integrity, on arriving at a bad source
    bad: Bool[Array, " K"]
    dropout: Float[Array, ""]  # chance per step that the gradient reads zero
    delay: Int[Array, ""]  # steps until a source arrived at is back
    way: Float[Array, "2 2"]  # one of `WAYS`: felt = way @ gradient


@chex.dataclass(frozen=True, kw_only=True)
class FamilyState:
    """One life."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells
    respawn: Int[Array, " K"]  # steps until active again; 0 is active
    energy: Float[Array, ""]
    integrity: Float[Array, ""]
    rules: Rules


def family(config: FamilyConfig = FamilyConfig()) -> MapEnv:
    """Builds the world. See the module for the task, `FamilyConfig` for knobs.

    The observation is `[gx, gy, energy, integrity]`, g pointing to the nearest active
    source in units of the world's size, then turned and mirrored as this life's senses
    are; zero if there is none, or if it drops out.

    Example:
      >>> env = family()
      >>> state, observation = env.init(jax.random.key(0))
      >>> observation.shape, 0.2 <= float(state.rules.gain) <= 0.4
      ((4,), True)
    """
    size = np.array([config.width, config.height], np.int32)
    span = np.maximum(size - 1, 1).astype(np.float32)
    count = config.num_sources

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
            bad=jnp.arange(count) < whole(config.bad_min, config.bad_max),
            dropout=real(config.dropout_min, config.dropout_max),
            delay=whole(config.delay_min, config.delay_max),
            way=jnp.asarray(WAYS)[
                whole(0, config.turns - 1) + 4 * whole(0, int(config.mirrors))
            ],
        )

    def init(key: Key) -> tuple[FamilyState, Float[Array, "4"]]:
        key_rules, key_source, key_start, key_sense = jax.random.split(key, 4)
        state = FamilyState(
            t=jnp.int32(0),
            position=cells(key_start, 1, size)[0],
            source=cells(key_source, count, size),
            respawn=jnp.zeros(count, jnp.int32),
            energy=jnp.float32(config.energy_init),
            integrity=jnp.float32(1.0),
            rules=draw(key_rules),
        )
        return state, observe(key_sense, state)

    def observe(key: Key, state: FamilyState) -> Float[Array, "4"]:
        offset = state.source - state.position[None]
        gradient = nearest(offset, state.respawn == 0).astype(jnp.float32) / span
        felt = jnp.sum(state.rules.way * gradient[None], axis=1)
        if config.dropout_max > 0:
            dropped = jax.random.uniform(key) < state.rules.dropout
            felt = jnp.where(dropped, 0.0, felt)
        return jnp.concatenate([felt, _needs(state)])

    def step(
        key: Key,
        state: FamilyState,
        action: Int[Array, ""],
        care: Care | None = None,
    ) -> tuple[FamilyState, Float[Array, "4"], Feedback]:
        key_place, key_sense = jax.random.split(key)
        rules, before = state.rules, state.position
        position = moved(before, action, size)
        active = state.respawn == 0
        here = jnp.all(state.source == position[None], axis=1) & active
        arrived = here & ~jnp.all(state.source == before[None], axis=1)
        meals = jnp.sum(arrived & ~rules.bad, dtype=jnp.int32)
        harms = jnp.sum(arrived & rules.bad, dtype=jnp.int32)
        gained = rules.gain * meals.astype(jnp.float32)
        lost = rules.loss * harms.astype(jnp.float32)
        decay = rules.decay
        if care is not None:
            gained, lost = care.richness * gained, care.hazard * lost
            decay = care.metabolism * decay
        energy = jnp.clip(state.energy - decay + gained, 0.0, 1.0)
        if care is not None:
            energy = jnp.maximum(energy, care.buffer)
        integrity = jnp.clip(state.integrity - lost, 0.0, 1.0)
        waits = jnp.maximum(state.respawn - 1, 0)
        respawn = jnp.where(arrived, rules.delay, waits)
        comes = (arrived | ~active) & (respawn == 0)
        fresh = cells(key_place, count, size)
        after = dataclasses.replace(
            state,
            t=state.t + 1,
            position=position,
            source=jnp.where(comes[:, None], fresh, state.source),
            respawn=respawn,
            energy=energy,
            integrity=integrity,
        )
        body = BodyFeedback(
            energy_gained=gained,
            integrity_lost=lost,
            drive_fall=drive(_needs(state)) - drive(_needs(after)),
            integrity=integrity,
            bad_arrivals=harms,
            reached=jnp.any(here & ~rules.bad),
        )
        feedback = Feedback(
            reward=body.drive_fall,
            terminated=(energy <= 0.0) | (integrity <= 0.0),
            truncated=after.t >= config.steps,
            body=body,
        )
        return after, observe(key_sense, after), feedback

    def privileged_state(state: FamilyState) -> PrivilegedState:
        rules = state.rules
        return PrivilegedState(
            position=state.position,
            source=state.source,
            worth=jnp.where(rules.bad, -rules.loss, rules.gain),
            active=state.respawn == 0,
            needs=_needs(state),
        )

    return MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state,
        observation_size=4,
        steps=config.steps,
        version=VERSION,
        size=(config.width, config.height),
        competent=_finds_its_bearings(span),
    )


def _needs(state: FamilyState) -> Float[Array, "2"]:
    return jnp.stack([state.energy, state.integrity])


def _finds_its_bearings(span: np.ndarray) -> Policy:
    """Tries a way of reading its senses, and keeps those that foretell what moves do.

    A move by m changes the offset to a source by -m, so what is felt changes by
    way @ (-m / span). It remembers how often each of `WAYS` foretold that, what it
    felt, and its move. Where nothing is felt it goes on as it went; held by the edge,
    it tries another move.
    """
    foretold = -np.einsum("wij,mj->wmi", WAYS, np.array(MOVES, np.float32) / span)
    undo = np.linalg.inv(WAYS).astype(np.float32)
    numbers = np.arange(len(MOVES))

    def choose(key, memory, observation):
        del key
        right, felt, move = memory
        now = observation[:2]
        nothing = lambda g: jnp.all(g == 0)
        changed = now - felt
        taken = (move == numbers).astype(jnp.float32)
        expected = jnp.sum(foretold * taken[None, :, None], axis=1)  # [8, 2]
        match = jnp.all(jnp.abs(changed[None] - expected) < 1e-4, axis=1)
        fair = ~nothing(now) & ~nothing(felt) & jnp.any(changed != 0)
        right = right + jnp.where(fair & match, 1.0, 0.0)
        best = jnp.arange(len(WAYS)) == jnp.argmax(right)
        back = jnp.sum(jnp.where(best[:, None, None], undo, 0.0), axis=0)
        g = jnp.sum(back * now[None], axis=1) * span
        go = jnp.where(nothing(now), move, towards(g[0], g[1])).astype(jnp.int32)
        held = (move > 0) & ~nothing(now) & ~jnp.any(changed != 0)
        go = jnp.where(held, move % 4 + 1, go)
        return (right, now, go), go

    return Policy(
        memory=(jnp.zeros(len(WAYS)), jnp.zeros(2), jnp.int32(0)), choose=choose
    )
