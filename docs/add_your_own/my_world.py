"""A world of your own: on a line, a step earns more the nearer to the middle it ends.

koki2 evo docs/add_your_own/my_world.py:line --generations 60
"""

import chex
import jax
import jax.numpy as jnp

import koki2


@chex.dataclass(frozen=True, kw_only=True)
class LineState:
    """All that changes within an episode."""

    x: jax.Array  # where the agent is, from -1 to 1
    t: jax.Array  # steps taken


def line(steps: int = 32) -> koki2.Env:
    """Builds the world: an episode starts anywhere on the line and lasts `steps`."""

    def observe(state: LineState) -> jax.Array:
        return jnp.stack([state.x, jnp.float32(1.0)])

    def init(key: jax.Array) -> tuple[LineState, jax.Array]:
        x = jax.random.uniform(key, minval=-1.0, maxval=1.0)
        state = LineState(x=x, t=jnp.int32(0))
        return state, observe(state)

    def step(
        key: jax.Array, state: LineState, action: jax.Array, care: None = None
    ) -> tuple[LineState, jax.Array, koki2.Feedback]:
        move = jnp.array([0.0, -0.1, 0.1])[action]  # stay, left, right
        x = jnp.clip(state.x + move, -1.0, 1.0)
        after = LineState(x=x, t=state.t + 1)
        feedback = koki2.Feedback(
            reward=1.0 - jnp.abs(x),
            terminated=jnp.array(False),
            truncated=after.t >= steps,
        )
        return after, observe(after), feedback

    return koki2.Env(
        init=init,
        step=step,
        observation_size=2,
        num_actions=3,
        steps=steps,
        version=1,
    )
