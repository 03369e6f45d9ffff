"""koki2's worlds in gymnax' form: `as_gymnax("chemotaxis-l0.2")`, for code written so.

    reward = alpha + beta * energy gained + bonus on first standing on a good source

where there is no body, the world's own reward counts as energy gained.

The rewards of an episode add up to its fitness. As with gymnax' own environments,
`step` begins another episode where one ended, and `step_env` and `reset_env` do not.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import chex
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int

from koki2.envs.base import AnyEnv, counted
from koki2.envs.gymnax_world import require_gymnax
from koki2.envs.registry import find, make
from koki2.evolution.configs import FitnessConfig

REWARD = {
    name: getattr(FitnessConfig(), name)
    for name in ("fitness_alpha", "fitness_beta", "success_bonus")
}
"""What is paid where neither the caller nor the level sets it."""


@chex.dataclass(frozen=True, kw_only=True)
class LifeState:
    """One episode, as gymnax has it."""

    time: Int[Array, ""]  # steps taken
    world: Any  # the world's own state
    reached: Bool[Array, ""]  # has ever stood on a good source
    terminated: Bool[Array, ""]


def as_gymnax(
    world: AnyEnv | str,
    *,
    fitness_alpha: float | None = None,
    fitness_beta: float | None = None,
    success_bonus: float | None = None,
):
    """A world as an instance of gymnax' `Environment` (1.0 or later).

    Its parameters have one field, `max_steps_in_episode`, which may shorten an episode
    but not lengthen it beyond the world's clock. `step_env` and `reset_env` hand their
    key to the world's `step` and `init` as it is. Not batched; `vmap` as gymnax does.

    Args:
      world: an `Env`, or the name of a level.
      fitness_alpha: reward of a step alive; None takes the level's, if it sets one,
        or else evolution's (1, 10, 50).
      fitness_beta: reward of a unit of energy gained; None likewise.
      success_bonus: reward, once an episode, of standing on a good source; likewise.

    Raises:
      ValueError: there is no such level, or gymnax is not installed.

    Example:
      >>> import jax
      >>> env = as_gymnax("chemotaxis-l0.0")
      >>> env.name, env.num_actions, env.default_params.max_steps_in_episode
      ('chemotaxis-l0.0', 5, 128)
      >>> observation, state = env.reset(jax.random.key(0), env.default_params)
      >>> observation.shape
      (4,)
    """
    name, pays = "koki2", dict(REWARD)
    if isinstance(world, str):
        level = find(world)
        name, world = level.name, make(level.config)
        pays |= level.settings.get("fitness", {})
    given = {
        "fitness_alpha": fitness_alpha,
        "fitness_beta": fitness_beta,
        "success_bonus": success_bonus,
    }
    pays |= {what: value for what, value in given.items() if value is not None}
    return _form()(world, name, pays)


class _Life:
    """What needs nothing of gymnax: a world, what it pays, and its episodes."""

    discount: Callable[[LifeState, Any], Array]  # gymnax' own

    def __init__(self, env: AnyEnv, name: str, pays: dict[str, float]):
        super().__init__()
        self._env, self._name, self._pays = env, name, pays

    @property
    def name(self) -> str:
        return self._name

    @property
    def num_actions(self) -> int:
        return self._env.num_actions

    def reset_env(self, key, params):
        world, observation = self._env.init(key)
        no = jnp.array(False)
        state = LifeState(time=jnp.int32(0), world=world, reached=no, terminated=no)
        return observation, state

    def step_env(self, key, state: LifeState, action, params):
        action = jnp.asarray(action, jnp.int32)
        world, observation, feedback = self._env.step(key, state.world, action)
        counts = counted(feedback)
        first = counts.reached & ~state.reached
        reward = (
            self._pays["fitness_alpha"]
            + self._pays["fitness_beta"] * counts.energy_gained
            + self._pays["success_bonus"] * first.astype(jnp.float32)
        )
        after = dataclasses.replace(
            state,
            time=state.time + 1,
            world=world,
            reached=state.reached | counts.reached,
            terminated=feedback.terminated,
        )
        info = {"discount": self.discount(after, params)}
        return observation, after, reward, feedback.terminated, info

    def is_terminated(self, state: LifeState, params):
        return state.terminated

    def is_truncated(self, state: LifeState, params):
        last = jnp.minimum(params.max_steps_in_episode, self._env.steps)
        return state.time >= last


@functools.cache
def _form() -> type:
    """The class; gymnax is imported only once there is a need of it."""
    require_gymnax()
    from gymnax.environments import environment, spaces

    class World(_Life, environment.Environment):
        """A world of koki2."""

        @property
        def default_params(self):
            return environment.EnvParams(max_steps_in_episode=self._env.steps)

        def action_space(self, params=None):
            return spaces.Discrete(self._env.num_actions)

        def observation_space(self, params=None):
            shape = (self._env.observation_size,)
            return spaces.Box(-jnp.inf, jnp.inf, shape, jnp.float32)

    return World
