"""Trade-offs (L2.1): what is common feeds one need and harms the other.

Salty food gives energy and takes hydration; foul water gives hydration and takes
energy; clean food and clean water only give, and are scarce. The senses tell the four
kinds apart, but what a source is worth hangs on how the body is just now: salt saves
the starving and kills the thirsty. Neglected, either store ends a life after 50 steps.

Cells are (x, y) from the north-west corner; stores are in [0, 1], 1 is full. A source
that is arrived at comes back in another cell at once. What a full store has no room
for is not taken in, and does not count. Nobody here has an integrity to lose: what a
source takes counts against what it gives, so that the energy gained may be below zero.

Source: seed 002, the ladder's L2.1 (trade-offs); kinds and numbers are ours.
"""

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from koki2.core.types import Key
from koki2.envs.base import (
    BodyFeedback,
    Care,
    Feedback,
    MapEnv,
    Policy,
    PrivilegedState,
)
from koki2.envs.configs import TradeOffsConfig
from koki2.envs.foraging import lived, met, smell, worths
from koki2.envs.grid import cells, drive, moved, towards

VERSION = 1
KINDS = ("salty food", "foul water", "clean food", "clean water")


@chex.dataclass(frozen=True, kw_only=True)
class TradeOffsState:
    """One life."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells, kind after kind
    store: Float[Array, "2"]  # energy, hydration


def trade_offs(config: TradeOffsConfig = TradeOffsConfig()) -> MapEnv:
    """Builds the world. See the module for the task, `TradeOffsConfig` for knobs.

    The observation is a gradient (x, y) to the nearest source of each of `KINDS` in
    turn, in units of the world's size, then energy and hydration. A source counts as
    bad where arriving raises the drive, as the body is on leaving for it.

    Example:
      >>> env = trade_offs()
      >>> state, observation = env.init(jax.random.key(0))
      >>> len(env.kinds), observation.shape, observation[8:].tolist()
      (4, (10,), [1.0, 1.0])
    """
    size = np.array([config.width, config.height], np.int32)
    span = (size - 1).astype(np.float32)
    counts = (config.num_salty, config.num_foul, config.num_food, config.num_water)
    kind = np.repeat(np.arange(4, dtype=np.int32), counts)
    cost = np.float32([config.energy_decay, config.hydration_decay])
    e, h = config.energy_gain, config.hydration_gain
    gives = np.float32([[e, 0], [0, h], [e, 0], [0, h]])[kind]  # [K, 2]
    salt, foul = [0, config.hydration_loss], [config.energy_loss, 0]
    takes = np.float32([salt, foul, [0, 0], [0, 0]])[kind]

    def init(key: Key) -> tuple[TradeOffsState, Float[Array, "10"]]:
        key_source, key_start = jax.random.split(key)
        state = TradeOffsState(
            t=jnp.int32(0),
            position=cells(key_start, 1, size)[0],
            source=cells(key_source, len(kind), size),
            store=jnp.array([config.energy_init, config.hydration_init], jnp.float32),
        )
        return state, observe(state)

    def observe(state: TradeOffsState) -> Float[Array, "10"]:
        smelt = smell(state.source, state.position, counts, span)
        return jnp.concatenate([smelt, state.store])

    def worth(state: TradeOffsState) -> Float[Array, " K"]:
        return worths(state.store, cost=cost, effect=jnp.asarray(gives - takes))

    def step(
        key: Key,
        state: TradeOffsState,
        action: Int[Array, ""],
        care: Care | None = None,
    ) -> tuple[TradeOffsState, Float[Array, "10"], Feedback]:
        position = moved(state.position, action, size)
        here, arrived = met(state.source, state.position, position)
        total = lambda effect: jnp.sum(jnp.where(arrived[:, None], effect, 0.0), axis=0)
        store, taken = lived(
            state.store, cost=cost, gain=total(gives), loss=total(takes), care=care
        )
        value = worth(state)
        fresh = cells(key, len(kind), size)
        after = dataclasses.replace(
            state,
            t=state.t + 1,
            position=position,
            source=jnp.where(arrived[:, None], fresh, state.source),
            store=store,
        )
        body = BodyFeedback(
            energy_gained=jnp.sum(taken),
            integrity_lost=jnp.float32(0.0),
            drive_fall=drive(state.store) - drive(store),
            integrity=jnp.float32(1.0),
            bad_arrivals=jnp.sum(arrived & (value < 0), dtype=jnp.int32),
            reached=jnp.any(here & (value > 0)),
        )
        feedback = Feedback(
            reward=body.drive_fall,
            terminated=jnp.any(store <= 0.0),
            truncated=after.t >= config.steps,
            body=body,
        )
        return after, observe(after), feedback

    def privileged_state(state: TradeOffsState) -> PrivilegedState:
        return PrivilegedState(
            position=state.position,
            source=state.source,
            worth=worth(state),
            active=jnp.ones(len(kind), bool),
            needs=state.store,
            kind=jnp.asarray(kind),
        )

    return MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state,
        observation_size=2 * len(KINDS) + 2,
        steps=config.steps,
        version=VERSION,
        size=(config.width, config.height),
        needs=("energy", "hydration"),
        kinds=KINDS,
        competent=_clean_unless_far(span),
    )


def _clean_unless_far(span: np.ndarray) -> Policy:
    """Goes for the emptier store, clean unless the tainted is less than half as far."""

    def choose(key, memory, observation):
        del key
        thirsty = observation[9] < observation[8]
        tainted = jnp.where(thirsty, observation[2:4], observation[0:2])
        clean = jnp.where(thirsty, observation[6:8], observation[4:6])
        far = lambda g: jnp.sum(jnp.abs(g) * span)  # cells; nothing there is also 0
        nearer = (2 * far(tainted) < far(clean)) | (far(clean) == 0)
        gx, gy = jnp.where(nearer & (far(tainted) > 0), tainted, clean)
        return memory, towards(gx, gy)

    return Policy(memory=None, choose=choose)
