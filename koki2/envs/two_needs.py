"""Two needs (L2.0): food and water, two stores, and death when either is empty.

Food and water are told apart by the senses, and each store falls by itself, so that
what to go for depends on how the body is: who always eats dies of thirst, with a full
stomach. Neglected, either store ends a life after 40 steps.

Cells are (x, y) from the north-west corner; stores are in [0, 1], 1 is full. A source
that is arrived at comes back in another cell at once. What a full store has no room
for is not taken in, and does not count.

Source: seed 002, the ladder's L2.0 (energy and hydration); the numbers are ours.
"""

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from koki2.core.types import Key
from koki2.envs.base import Action, Care, Feedback, MapEnv, Observation, PrivilegedState
from koki2.envs.body import arrivals, drive_reduction, live_by_stores, truth
from koki2.envs.configs import TwoNeedsConfig
from koki2.envs.grid import Map
from koki2.envs.on_map import on_map
from koki2.envs.policies.needs import for_the_emptier

VERSION = 1
KINDS = ("food", "water")


@chex.dataclass(frozen=True, kw_only=True)
class TwoNeedsState:
    """One life."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells, food first
    store: Float[Array, "2"]  # energy, hydration


def two_needs(config: TwoNeedsConfig = TwoNeedsConfig()) -> MapEnv:
    """Builds the world of this module; `TwoNeedsConfig` has its settings.

    The observation is `[fx, fy, wx, wy, energy, hydration]`: f points at the nearest
    food and w at the nearest water, in units of the world's size.

    Example:
      >>> env = two_needs()
      >>> state, observation = env.init(jax.random.key(0))
      >>> env.needs, observation.shape, observation[4:].tolist()
      (('energy', 'hydration'), (6,), [1.0, 1.0])
    """
    map = Map(config.width, config.height)
    counts = (config.num_food, config.num_water)
    kind = np.repeat(np.arange(2, dtype=np.int32), counts)
    gain = np.array([config.energy_gain, config.hydration_gain], np.float32)
    cost = np.array([config.energy_decay, config.hydration_decay], np.float32)
    effect = np.eye(2, dtype=np.float32)[kind] * gain  # [K, 2]

    def start(key: Key) -> TwoNeedsState:
        key_source, key_start = jax.random.split(key)
        return TwoNeedsState(
            t=jnp.int32(0),
            position=map.cells(key_start, 1)[0],
            source=map.cells(key_source, len(kind)),
            store=jnp.array([config.energy_init, config.hydration_init], jnp.float32),
        )

    def observe(state: TwoNeedsState) -> Observation:
        gradients = map.source_gradients(state.source, state.position, counts)
        return jnp.concatenate([gradients, state.store])

    def advance(
        key: Key, state: TwoNeedsState, action: Action, care: Care | None
    ) -> tuple[TwoNeedsState, Feedback]:
        position = map.move(state.position, action)
        standing, arrived = arrivals(state.source, state.position, position)
        fresh = map.cells(key, len(kind))
        return live_by_stores(
            state,
            steps=config.steps,
            cost=cost,
            gain=jnp.sum(jnp.where(arrived[:, None], effect, 0.0), axis=0),
            care=care,
            reached=jnp.any(standing),
            position=position,
            source=jnp.where(arrived[:, None], fresh, state.source),
        )

    def privileged_state(state: TwoNeedsState) -> PrivilegedState:
        worth = drive_reduction(state.store, cost=cost, effect=jnp.asarray(effect))
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
        competent=for_the_emptier(),
    )
