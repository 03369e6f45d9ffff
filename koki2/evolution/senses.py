"""Senses as an agent gets them: the form of an observation, between world and agent.

    cells    g span                        span: cells in a unit, along x and y
    unit     (g span) / d, log(1 + d)      d = |g span|, in cells; zeros where d is 0
    deficit  1 - store
    running  (x - mean) / sqrt(var + eps)  of this episode's steps up to this one

in this order, channel by channel of what the world's senses are (`Env.senses`). Mean
and variance are Welford's, and so the agent's body has them: at birth there are none,
the first step reads zero, and a channel that is constant reads zero always. What is
off is not built.

Source: Welford, "Note on a method for calculating corrected sums of squares and
products", 1962; the scaling is that of common PPO code, there over many episodes.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.agents.base import Agent, Learning, Params, State, StepFeedback
from koki2.agents.configs import SensesConfig
from koki2.core.types import Key
from koki2.envs.base import AnyEnv
from koki2.envs.senses import named, Sense

EPS = 1e-8  # added to a variance, in squared units of its channel


class Encoding(NamedTuple):
    """The form in which an agent gets what a world's senses tell."""

    size: int
    """Channels that the agent gets, O."""
    wrap: Callable[[Agent], Agent]
    """An agent for these channels -> the same for those of the world."""


@chex.dataclass(frozen=True, kw_only=True)
class ScaledState:
    """What changes within an episode, of an agent whose input is scaled."""

    agent: Any
    steps: Float[Array, ""]  # taken
    mean: Float[Array, " O"]  # of each channel
    squares: Float[Array, " O"]  # sum of the squared deviations from it


def encoding(config: SensesConfig, env: AnyEnv) -> Encoding:
    """Builds the encoding of a world's senses.

    Args:
      config: which forms.
      env: the world; of it `senses` and `observation_size` are read.

    Raises:
      ValueError: a gradient of which the world does not say the span, or senses that
        are not those of its observations.

    Example:
      >>> from koki2 import envs
      >>> env = envs.chemotaxis()  # of one gradient, energy and integrity
      >>> encoding(SensesConfig(gradients="unit"), env).size
      5
    """
    senses = named(env.senses, env.observation_size)
    if sum(sense.size for sense in senses) != env.observation_size:
        raise ValueError(
            f"senses must have {env.observation_size} channels in all, as the "
            f"observation, got {sum(sense.size for sense in senses)}."
        )
    presented = presentation(config, senses)
    size, extra = env.observation_size, config.gradients == "unit"
    size += sum(extra and sense.kind == "gradient" for sense in senses)

    def wrap(agent: Agent) -> Agent:
        if config.scaling == "running":
            agent = _scaled(agent, size)
        return agent if presented is None else _given(agent, presented)

    return Encoding(size, wrap)


def presentation(
    config: SensesConfig, senses: tuple[Sense, ...]
) -> Callable[[Float[Array, " W"]], Float[Array, " O"]] | None:
    """Builds observation -> the same in other units; None where that is the same.

    Args:
      config: `gradients` and `needs` are read.
      senses: of the observation, all of them.

    Raises:
      ValueError: a gradient of which the world does not say the span.

    Example:
      >>> from koki2.envs.senses import fill_of, gradient_to
      >>> senses = (gradient_to("food", (15.0, 10.0)), *fill_of("energy"))
      >>> seen = jnp.array([0.2, 0.4, 0.75])  # 3 cells east, 4 south
      >>> turn = lambda **how: presentation(SensesConfig(**how), senses)(seen)
      >>> turn(gradients="cells").tolist()
      [3.0, 4.0, 0.75]
      >>> unit = turn(gradients="unit", needs="deficit")
      >>> [round(x, 4) for x in unit.tolist()]  # (3, 4) / 5, log 6, 1 - 0.75
      [0.6, 0.8, 1.7918, 0.25]
    """
    turns = {"gradient": _GRADIENTS[config.gradients], "need": _NEEDS[config.needs]}
    if not any(turns.get(sense.kind) for sense in senses):
        return None
    for sense in senses if turns["gradient"] else ():
        nowhere = isinstance(sense.span, tuple | list) and not sense.span
        if sense.kind == "gradient" and nowhere:
            raise ValueError(
                f"the sense {sense.name} must have a span, by which its gradient is "
                f"turned into cells for gradients {config.gradients}, got none."
            )

    def present(observation: Float[Array, " W"]) -> Float[Array, " O"]:
        parts, start = [], 0
        for sense in senses:
            part = observation[start : start + sense.size]
            turn = turns.get(sense.kind)
            parts.append(part if turn is None else turn(part, sense))
            start += sense.size
        return jnp.concatenate(parts)

    return present


def running_scale(
    state: ScaledState, observation: Float[Array, " O"]
) -> tuple[ScaledState, Float[Array, " O"]]:
    """Scales an observation by the mean and spread of those up to it.

    Args:
      state: of the observations before this one.
      observation: of this step.

    Returns:
      The state with this observation counted, and the scaled observation.

    Example:
      >>> state = ScaledState(
      ...     agent=None, steps=jnp.float32(0), mean=jnp.zeros(2), squares=jnp.zeros(2))
      >>> for x in (4.0, 4.0, 10.0):  # mean 6, variance (4 + 4 + 16) / 3 = 8
      ...     state, scaled = running_scale(state, jnp.array([x, 0.5]))
      >>> round(float(scaled[0]), 4), state.mean.tolist()  # 4 / sqrt 8
      (1.4142, [6.0, 0.5])
    """
    steps = state.steps + 1.0
    off = observation - state.mean
    mean = state.mean + off / steps
    left = observation - mean
    squares = state.squares + off * left
    scaled = left / jnp.sqrt(squares / steps + EPS)
    after = dataclasses.replace(state, steps=steps, mean=mean, squares=squares)
    return after, scaled


def inner_state(body: State) -> State:
    """The state of an agent itself, whether its input is scaled or not."""
    return body.agent if isinstance(body, ScaledState) else body


def _in_cells(gradient: Float[Array, "2"], sense: Sense) -> Float[Array, "2"]:
    return gradient * jnp.asarray(sense.span, jnp.float32)


def _unit(gradient: Float[Array, "2"], sense: Sense) -> Float[Array, "3"]:
    cells = _in_cells(gradient, sense)
    distance = jnp.sqrt(cells[:1] * cells[:1] + cells[1:] * cells[1:])
    unit = cells / jnp.where(distance > 0, distance, 1.0)
    return jnp.concatenate([unit, jnp.log1p(distance)])


def _deficit(store: Float[Array, " K"], sense: Sense) -> Float[Array, " K"]:
    del sense
    return 1.0 - store


_Turn = Callable[[Array, Sense], Array] | None
_GRADIENTS: dict[str, _Turn] = {"world": None, "cells": _in_cells, "unit": _unit}
_NEEDS: dict[str, _Turn] = {"store": None, "deficit": _deficit}


def _given(
    agent: Agent, present: Callable[[Float[Array, " W"]], Float[Array, " O"]]
) -> Agent:
    """The agent, given every observation as `present` turns it."""

    def act(
        key: Key, params: Params, state: State, observation: Float[Array, " W"]
    ) -> tuple[State, Int[Array, ""]]:
        return agent.act(key, params, state, present(observation))

    return agent._replace(act=act)


def _scaled(agent: Agent, size: int) -> Agent:
    """The agent, given every observation scaled by those of its own episode."""

    def init(params: Params) -> ScaledState:
        zero = jnp.zeros(size)
        return ScaledState(
            agent=agent.init(params), steps=jnp.float32(0.0), mean=zero, squares=zero
        )

    def act(
        key: Key, params: Params, state: ScaledState, observation: Float[Array, " O"]
    ) -> tuple[ScaledState, Int[Array, ""]]:
        state, scaled = running_scale(state, observation)
        inner, action = agent.act(key, params, state.agent, scaled)
        return dataclasses.replace(state, agent=inner), action

    learns, charges = agent.learn, agent.cost

    def learn(
        params: Params, state: ScaledState, feedback: StepFeedback
    ) -> tuple[ScaledState, Learning]:
        assert learns is not None
        inner, learning = learns(params, state.agent, feedback)
        return dataclasses.replace(state, agent=inner), learning

    def cost(params: Params, state: ScaledState) -> Float[Array, ""]:
        assert charges is not None
        return charges(params, state.agent)

    return agent._replace(
        init=init,
        act=act,
        learn=None if learns is None else learn,
        cost=None if charges is None else cost,
    )
