"""A world with a map: one piece of food, and another elsewhere when it is eaten.

koki2 watch docs/add_your_own/my_map_world.py:field --policy greedy
"""

import chex
import jax
import jax.numpy as jnp

import koki2

SIZE = (9, 9)  # cells: columns, rows
MOVES = ((0, 0), (0, -1), (0, 1), (-1, 0), (1, 0))  # stay, up, down, left, right


@chex.dataclass(frozen=True, kw_only=True)
class FieldState:
    """All that changes within an episode. Cells are (x, y), from the upper left."""

    position: jax.Array
    food: jax.Array
    energy: jax.Array  # from 0 to 1; at 0 the episode is over
    t: jax.Array  # steps taken


def cell(key: jax.Array) -> jax.Array:
    """Draws a cell."""
    return jax.random.randint(key, (2,), 0, jnp.array(SIZE))


def field(steps: int = 64) -> koki2.MapEnv:
    """Builds the world: a step costs .03 of energy, food gives .5."""

    def observe(state: FieldState) -> jax.Array:
        offset = (state.food - state.position).astype(jnp.float32)
        return jnp.append(offset / max(SIZE), state.energy)  # gradient first

    def init(key: jax.Array) -> tuple[FieldState, jax.Array]:
        key_position, key_food = jax.random.split(key)
        state = FieldState(
            position=cell(key_position),
            food=cell(key_food),
            energy=jnp.float32(1.0),
            t=jnp.int32(0),
        )
        return state, observe(state)

    def step(
        key: jax.Array, state: FieldState, action: jax.Array, care: None = None
    ) -> tuple[FieldState, jax.Array, koki2.Feedback]:
        edge = jnp.array(SIZE) - 1
        position = jnp.clip(state.position + jnp.array(MOVES)[action], 0, edge)
        eats = jnp.all(position == state.food)
        after = FieldState(
            position=position,
            food=jnp.where(eats, cell(key), state.food),
            energy=jnp.clip(state.energy - 0.03 + jnp.where(eats, 0.5, 0.0), 0.0, 1.0),
            t=state.t + 1,
        )
        feedback = koki2.Feedback(
            reward=eats.astype(jnp.float32),
            terminated=after.energy <= 0.0,
            truncated=after.t >= steps,
        )
        return after, observe(after), feedback

    def privileged_state(state: FieldState) -> koki2.envs.PrivilegedState:
        return koki2.envs.PrivilegedState(
            position=state.position,
            source=state.food[None],
            worth=jnp.ones(1),
            active=jnp.ones(1, bool),
            needs=state.energy[None],
        )

    return koki2.MapEnv(
        init=init,
        step=step,
        observation_size=3,
        steps=steps,
        version=1,
        privileged_state=privileged_state,
        size=SIZE,
        needs=("energy",),
    )
