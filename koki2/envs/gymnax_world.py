"""Environments of gymnax as worlds: `gymnax_world(GymnaxConfig(name="CartPole-v1"))`.

A reward is the environment's own, in its units, and may be negative; there is no body
and no map. The observation is laid out flat, float32. A step is the environment's
`step_env`, never its `step`, which would begin another episode on the spot; the clock
is its own time limit, T steps.

gymnax is an extra, and is not imported before one of its worlds is made. It is written
for JAX's ordinary promotion of types and shapes, which is set around every call of it.

Source: gymnax 1.0 (https://github.com/RobertTLange/gymnax), `environment.Environment`.
"""

import contextlib
import difflib
from typing import Any

import chex
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from koki2.core.types import Key
from koki2.envs.base import Care, Env, Feedback
from koki2.envs.configs import GymnaxConfig


@chex.dataclass(frozen=True, kw_only=True)
class GymnaxState:
    """One episode."""

    t: Int[Array, ""]  # steps taken
    inner: Any  # the environment's own state


def gymnax_world(config: GymnaxConfig = GymnaxConfig()) -> Env:
    """Builds the world. See the module for what becomes of rewards.

    `care` acts on the reward: richness is a factor on what is above zero,
    hazard on what is below.

    Raises:
      ValueError: gymnax is not installed, has no environment of that name, or has one
        whose actions are not discrete.

    Example:
      >>> env = gymnax_world(GymnaxConfig(name="CartPole-v1"))
      >>> env.observation_size, env.num_actions, env.steps
      (4, 2, 500)
    """
    with ordinary_promotion():
        inner, params = _made(config.name)
        if config.steps != "auto":
            params = params.replace(max_steps_in_episode=config.steps)
        space = inner.action_space(params)
    if not hasattr(space, "n"):
        raise ValueError(
            "a gymnax world needs discrete actions, for agents choose one of several, "
            f"got {config.name} with {space!r}."
        )
    steps = int(params.max_steps_in_episode)

    def reset(key: Key):
        with ordinary_promotion():
            return inner.reset_env(key, params)

    like = jax.eval_shape(lambda key: reset(key)[1], jax.random.key(0))

    def init(key: Key) -> tuple[GymnaxState, Float[Array, " O"]]:
        observation, state = reset(key)
        return GymnaxState(t=jnp.int32(0), inner=_typed(state, like)), _flat(
            observation
        )

    def step(
        key: Key,
        state: GymnaxState,
        action: Int[Array, ""],
        care: Care | None = None,
    ) -> tuple[GymnaxState, Float[Array, " O"], Feedback]:
        with ordinary_promotion():
            observation, after, reward, terminated, _ = inner.step_env(
                key, state.inner, action, params
            )
        reward = _scalar(reward, jnp.float32)
        if care is not None:
            reward = reward * jnp.where(reward > 0, care.richness, care.hazard)
        t = state.t + 1
        feedback = Feedback(
            reward=reward,
            terminated=_scalar(terminated, jnp.bool_),
            truncated=t >= steps,
        )
        return GymnaxState(t=t, inner=_typed(after, like)), _flat(observation), feedback

    observation = jax.eval_shape(lambda key: init(key)[1], jax.random.key(0))
    return Env(
        init=init,
        step=step,
        observation_size=observation.size,
        num_actions=int(space.n),
        steps=steps,
        version=1,
    )


@contextlib.contextmanager
def ordinary_promotion():
    """JAX's promotion of types and shapes as it is from the box, for gymnax' code."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def require_gymnax():
    """The gymnax package.

    Raises:
      ValueError: it is not installed; names what to install.
    """
    try:
        import gymnax
    except ImportError as error:
        raise ValueError(
            "worlds of gymnax, and koki2's worlds in its form, need the package gymnax "
            f"(pip install 'koki2[gymnax]'): {error}."
        ) from error
    return gymnax


def _made(name: str):
    """The environment of a name, and its parameters."""
    gymnax = require_gymnax()
    known = {other.lower(): other for other in gymnax.registered_envs}
    if name not in known.values():
        close = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        near = " or ".join(known[other] for other in close)
        hint = (
            f"did you mean {near}?" if near else f"one of {', '.join(known.values())}."
        )
        raise ValueError(f"gymnax has no environment {name[:60]!r}; {hint}")
    return gymnax.make(name)


def _typed(state, like):
    """A state with the types of `like`, none of them weak: a step keeps its types."""

    def cast(x, shape):
        if jnp.issubdtype(shape.dtype, jax.dtypes.prng_key):
            return x
        return lax.convert_element_type(jnp.asarray(x), shape.dtype)

    return jax.tree.map(cast, state, like)


def _scalar(x, dtype):
    return lax.convert_element_type(jnp.asarray(x), dtype).reshape(())


def _flat(observation) -> Float[Array, " O"]:
    """Every number of an observation, in the order of its tree."""
    leaves = [
        lax.convert_element_type(jnp.asarray(leaf), jnp.float32).reshape(-1)
        for leaf in jax.tree.leaves(observation)
    ]
    return leaves[0] if len(leaves) == 1 else jnp.concatenate(leaves)
