"""What every agent promises, as checks that anyone can run on one of their own.

    for name, check in CHECKS.items():
        check(newborn(AgentConfig(agent="my_agent")))  # AssertionError, with a sentence

An agent lives `STEPS` steps without a world: what it observes, and what a step brings,
is drawn at random. It is compiled once, however many checks look at it.
"""

import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from koki2.agents.base import Agent, Learning, Params, State, StepFeedback
from koki2.agents.catalogue import AGENTS
from koki2.agents.configs import AgentConfig
from koki2.agents.registry import make, parameter_shapes
from koki2.agents.topology import random_topology
from koki2.contracts import requirements
from koki2.contracts.requirements import must
from koki2.core.types import Key

STEPS = 16
NUM_OBSERVED = 4
NUM_ACTIONS = 5
StepKeys = jaxtyping.Key[Array, " T"]


class Newborn(NamedTuple):
    """An agent, what it is born with, and what there is for it to observe."""

    agent: Agent
    params: Params
    observations: PyTree
    """At each step: [T, O]; or T privileged states, for one that uses them."""


class Life(NamedTuple):
    """What came of every step. T steps."""

    states: State
    actions: Int[Array, " T"]
    learning: Learning | None
    costs: Float[Array, " T"] | None


def newborn(config: AgentConfig) -> Newborn:
    """Makes an agent, born with random numbers in the shapes that its family declares.

    Raises:
      ValueError: shapes that mean nothing.

    Example:
      >>> newborn(AgentConfig(n_neurons=4, k_edges=2)).params.obs_w.shape
      (4, 4)
    """
    wiring = random_topology(0, config.n_neurons, config.k_edges)
    shapes = parameter_shapes(config, NUM_OBSERVED, NUM_ACTIONS)
    draw = np.random.default_rng(44).standard_normal
    arrays = {name: jnp.asarray(draw(s), jnp.float32) for name, s in shapes.items()}
    seen = jnp.asarray(draw((STEPS, NUM_OBSERVED)), jnp.float32)
    params = AGENTS.find(config.agent).params(arrays)
    return Newborn(make(config, wiring, STEPS), params, seen)


def live(newborn: Newborn, seed: int = 0) -> Life:
    """Lives a whole life, compiled."""
    life = _compiled(newborn.agent)
    return life(jax.random.key(seed), newborn.params, newborn.observations)


def check_form(newborn: Newborn) -> None:
    """It has the fields of an `Agent`."""
    agent = newborn.agent
    must(
        isinstance(agent, Agent),
        f"it must be a koki2.agents.Agent, got {type(agent).__name__}",
    )
    optional = [name for name in ("learn", "cost") if getattr(agent, name) is not None]
    requirements.must_be_callable(agent, "init", "act", *optional)


def check_birth(newborn: Newborn) -> None:
    """A newborn has all that it needs: the arrays that its family declares."""
    try:
        _first_step(newborn)
    except Exception as error:
        text = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise AssertionError(
            "a first step must need no more than the arrays that its family declares, "
            f"and what it observes, got {text}."
        ) from error


def check_actions(newborn: Newborn) -> None:
    """Every step takes one of the actions that there are."""
    requirements.must_be_array("action", _first_step(newborn).action, (), np.int32)
    actions = np.asarray(live(newborn).actions)
    must(
        (actions >= 0) & (actions < NUM_ACTIONS),
        f"action must be one of 0 to {NUM_ACTIONS - 1}, got {np.unique(actions)}",
    )


def check_types(newborn: Newborn) -> None:
    """The state is arrays whose types never change, and holds no key."""
    step = _first_step(newborn)
    requirements.must_keep_types(step.born, step.acted, "act")
    requirements.must_keep_types(step.born, step.after, "learn")
    requirements.must_hold_no_key(step.born)


def check_learning(newborn: Newborn) -> None:
    """What a step taught is a `Learning`, and what it cost is a number."""
    step = _first_step(newborn)
    if newborn.agent.learn is not None:
        must(
            isinstance(step.learning, Learning),
            f"learn must return (state, Learning), got {type(step.learning).__name__}",
        )
        for name in ("abs_dw", "abs_modulator"):
            requirements.must_be_array(
                name, getattr(step.learning, name), (), np.float32
            )
    if newborn.agent.cost is not None:
        requirements.must_be_array("cost", step.cost, (), np.float32)


def check_numbers(newborn: Newborn) -> None:
    """Everything is finite."""
    requirements.must_be_finite(live(newborn))


def check_replay(newborn: Newborn) -> None:
    """The same key gives the same life, bit for bit."""
    sentence = "the same key must give the same life bit for bit, got two"
    requirements.must_be_same_bits(live(newborn), live(newborn), sentence)


def check_jit(newborn: Newborn) -> None:
    """`jit` agrees with eager, within a rounding."""
    life, seen = requirements.plain((live(newborn), newborn.observations))
    keys, brought = _draw(jax.random.key(0))
    state = newborn.agent.init(newborn.params)
    for t in range(2):
        at = lambda x, t=t: jnp.asarray(x[t])
        now = keys[t], jax.tree.map(at, seen), brought[t]
        state, eager = _step(newborn.agent, newborn.params, state, now)
        requirements.must_be_close(eager, jax.tree.map(at, life), "a step")


CHECKS: Mapping[str, Callable[[Newborn], None]] = requirements.by_name(
    *(check_form, check_birth, check_actions, check_types, check_learning),
    *(check_numbers, check_replay, check_jit),
)
"""Every check by name; each raises AssertionError with a sentence."""


class _FirstStep(NamedTuple):
    """The types of what a first step gives, by `jax.eval_shape`."""

    born: State
    acted: State
    action: Int[Array, ""]
    after: State
    learning: Learning | None
    cost: Float[Array, ""] | None


def _first_step(newborn: Newborn) -> _FirstStep:
    agent, params, observations = newborn
    seen = jax.tree.map(lambda x: x[0], observations)
    born = after = jax.eval_shape(agent.init, params)
    acted, action = jax.eval_shape(agent.act, jax.random.key(0), params, born, seen)
    learning = cost = None
    if agent.learn is not None:
        feedback = _feedback(jnp.zeros(3))
        after, learning = jax.eval_shape(agent.learn, params, born, feedback)
    if agent.cost is not None:
        cost = jax.eval_shape(agent.cost, params, born)
    return _FirstStep(born, acted, action, after, learning, cost)


def _draw(key: Key) -> tuple[StepKeys, Float[Array, "T 3"]]:
    """The key of every step, and what each brings."""
    key_act, key_feel = jax.random.split(key)
    brought = jax.random.uniform(key_feel, (STEPS, 3), minval=-0.5)
    return jax.random.split(key_act, STEPS), brought


def _feedback(brought: Float[Array, "3"]) -> StepFeedback:
    return StepFeedback(
        energy_gained=brought[0],
        integrity_lost=jnp.abs(brought[1]),
        drive_fall=brought[2],
    )


def _step(
    agent: Agent,
    params: Params,
    state: State,
    now: tuple[Key, PyTree, Float[Array, "3"]],
) -> tuple[State, Life]:
    key, seen, brought = now
    state, action = agent.act(key, params, state, seen)
    learning = cost = None
    if agent.learn is not None:
        state, learning = agent.learn(params, state, _feedback(brought))
    if agent.cost is not None:
        cost = agent.cost(params, state)
    return state, Life(state, action, learning, cost)


@functools.lru_cache(maxsize=64)
def _compiled(agent: Agent) -> Callable[[Key, Params, PyTree], Life]:
    def life(key: Key, params: Params, observations: PyTree) -> Life:
        keys, brought = _draw(key)
        one = lambda state, now: _step(agent, params, state, now)
        return jax.lax.scan(one, agent.init(params), (keys, observations, brought))[1]

    return requirements.compiled(life)
