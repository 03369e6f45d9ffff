"""Trade-offs (L2.1): what is common feeds one need and harms the other.

Salty food gives energy and takes hydration; foul water gives hydration and takes
energy; clean food and clean water only give, and are scarce. The senses tell the four
kinds apart, but what a source is worth hangs on how the body is just now: salt saves
the starving and kills the thirsty. Neglected, either store ends a life after 50 steps.

Cells are (x, y) from the north-west corner; stores are in [0, 1], 1 is full. A source
that is arrived at comes back in another cell at once. What a full store has no room
for is not taken in, and does not count. There is no integrity to lose: what a
source takes counts against what it gives, so that the energy gained may be below zero.

Source: seed 002, the ladder's L2.1 (trade-offs); kinds and numbers are ours.
"""

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from koki2.core.types import Key
from koki2.envs.base import Action, Care, Feedback, MapEnv, Observation
from koki2.envs.body import arrivals, count, drive_reduction, live_by_stores, truth
from koki2.envs.configs import TradeOffsConfig
from koki2.envs.grid import Map
from koki2.envs.on_map import on_map
from koki2.envs.policies.needs import clean_unless_far

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
    """Builds the world of this module; `TradeOffsConfig` has its settings.

    The observation is a gradient (x, y) to the nearest source of each of `KINDS` in
    turn, in units of the world's size, then energy and hydration. A source counts as
    bad where arriving raises the drive, as the body is on leaving for it.

    Example:
      >>> env = trade_offs()
      >>> state, observation = env.init(jax.random.key(0))
      >>> len(env.kinds), observation.shape, observation[8:].tolist()
      (4, (10,), [1.0, 1.0])
    """
    map = Map(config.width, config.height)
    counts = (config.num_salty, config.num_foul, config.num_food, config.num_water)
    kind = np.repeat(np.arange(4, dtype=np.int32), counts)
    cost = np.array([config.energy_decay, config.hydration_decay], np.float32)
    e, h = config.energy_gain, config.hydration_gain
    gives = np.array([[e, 0], [0, h], [e, 0], [0, h]], np.float32)[kind]  # [K, 2]
    salt, foul = [0, config.hydration_loss], [config.energy_loss, 0]
    takes = np.array([salt, foul, [0, 0], [0, 0]], np.float32)[kind]

    def start(key: Key) -> TradeOffsState:
        key_source, key_start = jax.random.split(key)
        return TradeOffsState(
            t=jnp.int32(0),
            position=map.cells(key_start, 1)[0],
            source=map.cells(key_source, len(kind)),
            store=jnp.array([config.energy_init, config.hydration_init], jnp.float32),
        )

    def observe(state: TradeOffsState) -> Observation:
        gradients = map.source_gradients(state.source, state.position, counts)
        return jnp.concatenate([gradients, state.store])

    def worth(state: TradeOffsState) -> Float[Array, " K"]:
        effect = jnp.asarray(gives - takes)
        return drive_reduction(state.store, cost=cost, effect=effect)

    def advance(
        key: Key, state: TradeOffsState, action: Action, care: Care | None
    ) -> tuple[TradeOffsState, Feedback]:
        position = map.move(state.position, action)
        standing, arrived = arrivals(state.source, state.position, position)
        total = lambda effect: jnp.sum(jnp.where(arrived[:, None], effect, 0.0), axis=0)
        value = worth(state)
        fresh = map.cells(key, len(kind))
        return live_by_stores(
            state,
            steps=config.steps,
            cost=cost,
            gain=total(gives),
            loss=total(takes),
            care=care,
            reached=jnp.any(standing & (value > 0)),
            bad_arrivals=count(arrived & (value < 0)),
            position=position,
            source=jnp.where(arrived[:, None], fresh, state.source),
        )

    return on_map(
        map,
        start=start,
        advance=advance,
        observe=observe,
        privileged_state=lambda s: truth(s, worth(s), kind=jnp.asarray(kind)),
        observation_size=2 * len(KINDS) + 2,
        steps=config.steps,
        version=VERSION,
        needs=("energy", "hydration"),
        kinds=KINDS,
        competent=clean_unless_far(map.span),
    )
