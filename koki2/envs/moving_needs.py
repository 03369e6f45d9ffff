"""Moving needs (L4.2): the seasons turn unseen, and with them what a body needs most.

When it is hot hydration falls four times as fast and weighs more in the drive, when it
is cold energy does. Which season a life begins in and when it turns is drawn anew for
every life, and no sense tells: it is felt by the stores alone. Left alone, the store of
a season that lasts is empty after 32 steps.

Cells are (x, y) from the north-west corner; stores are in [0, 1], 1 is full. A source
that is arrived at comes back in another cell at once. What a full store has no room
for is not taken in, and does not count. Each step's fall of the drive is weighed by
the season of that step, so that a turn by itself is no event.

Source: seed 002, the ladder's L4 (drive weights that switch); the numbers are ours.
"""

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.envs.base import Action, Care, Feedback, MapEnv, Observation, PrivilegedState
from koki2.envs.body import arrivals, drive_reduction, live_by_stores, truth
from koki2.envs.configs import MovingNeedsConfig
from koki2.envs.grid import Map
from koki2.envs.on_map import on_map
from koki2.envs.policies.needs import most_for_the_way

VERSION = 1
KINDS = ("food", "water")


@chex.dataclass(frozen=True, kw_only=True)
class MovingNeedsState:
    """One life. S turns of the season."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells, food first
    hot_at_birth: Bool[Array, ""]
    turn: Int[Array, " S"]  # the step from which it is the other season
    store: Float[Array, "2"]  # energy, hydration


def moving_needs(config: MovingNeedsConfig = MovingNeedsConfig()) -> MapEnv:
    """Builds the world of this module; `MovingNeedsConfig` has its settings.

    The observation is `[fx, fy, wx, wy, energy, hydration]`: f points at the nearest
    food and w at the nearest water, in units of the world's size.

    Example:
      >>> env = moving_needs()
      >>> state, observation = env.init(jax.random.key(0))
      >>> observation.shape, observation[4:].tolist(), state.turn.shape
      ((6,), [1.0, 1.0], (2,))
    """
    map = Map(config.width, config.height)
    counts = (config.num_food, config.num_water)
    kind = np.repeat(np.arange(2, dtype=np.int32), counts)
    gain = np.array([config.energy_gain, config.hydration_gain], np.float32)
    decay = np.array([config.energy_decay, config.hydration_decay], np.float32)
    effect = np.eye(2, dtype=np.float32)[kind] * gain  # [K, 2]
    ends = np.arange(config.turns + 1) * config.steps // max(config.turns, 1)
    ends = ends.astype(np.int32)  # of the stretches of an episode with a turn each

    def start(key: Key) -> MovingNeedsState:
        key_source, key_start, key_season, key_turn = jax.random.split(key, 4)
        shape = (config.turns,)
        return MovingNeedsState(
            t=jnp.int32(0),
            position=map.cells(key_start, 1)[0],
            source=map.cells(key_source, len(kind)),
            hot_at_birth=jax.random.bernoulli(key_season),
            turn=jax.random.randint(key_turn, shape, ends[:-1], ends[1:]),
            store=jnp.array([config.energy_init, config.hydration_init], jnp.float32),
        )

    def season(
        state: MovingNeedsState,
    ) -> tuple[Float[Array, "2"], Float[Array, "2"]]:
        """What living costs and what needs weigh just now."""
        turned = jnp.sum(state.t >= state.turn, dtype=jnp.int32) % 2 == 1
        hot = state.hot_at_birth ^ turned
        pressed = jnp.stack([~hot, hot])
        cost = jnp.where(pressed, config.pressed_rate * decay, decay)
        return cost, jnp.where(pressed, jnp.float32(config.pressed_weight), 1.0)

    def observe(state: MovingNeedsState) -> Observation:
        gradients = map.source_gradients(state.source, state.position, counts)
        return jnp.concatenate([gradients, state.store])

    def advance(
        key: Key, state: MovingNeedsState, action: Action, care: Care | None
    ) -> tuple[MovingNeedsState, Feedback]:
        position = map.move(state.position, action)
        standing, arrived = arrivals(state.source, state.position, position)
        cost, weights = season(state)
        fresh = map.cells(key, len(kind))
        return live_by_stores(
            state,
            steps=config.steps,
            cost=cost,
            gain=jnp.sum(jnp.where(arrived[:, None], effect, 0.0), axis=0),
            weights=weights,
            care=care,
            reached=jnp.any(standing),
            position=position,
            source=jnp.where(arrived[:, None], fresh, state.source),
        )

    def privileged_state(state: MovingNeedsState) -> PrivilegedState:
        cost, weights = season(state)
        worth = drive_reduction(
            state.store, cost=cost, effect=jnp.asarray(effect), weights=weights
        )
        return truth(state, worth, kind=jnp.asarray(kind))

    return on_map(
        map,
        start=start,
        advance=advance,
        observe=observe,
        privileged_state=privileged_state,
        observation_size=6,
        steps=config.steps,
        version=VERSION,
        needs=("energy", "hydration"),
        kinds=KINDS,
        competent=most_for_the_way(config, map.span),
    )
