"""Baselines: what an evolved agent is read against. They learn and remember nothing.

`greedy` follows the gradient it senses, `walker` moves at random, `stay` never moves,
and `straight_planner` knows which sources are good: the planner of chemotaxis. A world
may bring a policy of its own (`policy`); `navigator` is the planner of worlds with
walls. Actions are those of the worlds: 0 stay, 1 up (y - 1), 2 down, 3 left (x - 1),
4 right.
"""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.agents.base import Agent
from koki2.core.types import Key
from koki2.policies.base import Action, Observation
from koki2.policies.moves import MOVES, STAY, towards

DEADBAND = 1e-3  # a gradient smaller than this is none


@runtime_checkable
class Truth(Protocol):
    """What a planner observes: the fields of a privileged state that it reads."""

    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells
    worth: Float[Array, " K"]  # of arriving: above zero feeds, below harms
    active: Bool[Array, " K"]


def _scripted(
    choose: Callable[..., Action], *, uses_privileged_state: bool = False
) -> Agent:
    nothing = lambda params: None
    act = lambda key, params, state, observation: (None, choose(key, observation))
    return Agent(
        init=nothing, act=act, learn=None, uses_privileged_state=uses_privileged_state
    )


def greedy() -> Agent:
    """Goes where the gradient points, and stays where there is none.

    Example:
      >>> _, action = greedy().act(None, None, None, jnp.array([0.1, -0.3, 1.0, 1.0]))
      >>> int(action)  # up
      1
    """

    def choose(key: Key | None, observation: Observation) -> Action:
        del key
        gx, gy = observation[0], observation[1]
        flat = jnp.maximum(jnp.abs(gx), jnp.abs(gy)) < DEADBAND
        return jnp.where(flat, STAY, towards(gx, gy))

    return _scripted(choose)


def walker(num_actions: int = 5) -> Agent:
    """Takes any action, all equally likely."""
    return _scripted(lambda key, _: jax.random.randint(key, (), 0, num_actions))


def stay() -> Agent:
    """Never moves: what the world gives for nothing."""
    return _scripted(lambda key, _: jnp.int32(STAY))


def policy(
    memory: Any,
    choose: Callable[[Key, Any, Observation], tuple[Any, Action]],
    /,
) -> Agent:
    """A scripted way to live by the senses: `choose(key, memory, observation)`."""
    act = lambda key, params, state, observation: choose(key, state, observation)
    return Agent(init=lambda params: memory, act=act, learn=None)


def timed() -> Agent:
    """Does what its parameters say, by the clock: an action a step, int32 [T]."""

    def act(
        key: Key, params: Int[Array, " T"], t: Int[Array, ""], observation: Observation
    ) -> tuple[Int[Array, ""], Action]:
        del key, observation
        return t + 1, params[t]

    return Agent(init=lambda params: jnp.int32(0), act=act, learn=None)


def straight_planner(size: tuple[int, int]) -> Agent:
    """Knows every source, and which are good: feeds as often as it can.

    In a world of `size` (width, height) without walls, where only arriving pays.
    It goes to the good source that costs least to reach, where a harmful source in
    the way counts as a long detour, and once there steps off and on again, since
    entering a good source pays each time. It walks along one axis after the other, with
    one step of foresight round harm, and so is no ceiling: who walks round harm in
    another way may be better.
    """
    detour = 1000
    width, height = size

    def room(position: Int[Array, "2"]) -> Int[Array, "4"]:
        """Cells to the edge going up, down, left, right."""
        x, y = position[0], position[1]
        return jnp.stack([y, height - 1 - y, x, width - 1 - x])

    def choose(key: Key | None, truth: Truth) -> Action:
        del key
        offset = truth.source - truth.position[None]  # [K, 2], cells
        food = (truth.worth > 0) & truth.active
        harm = ~(truth.worth > 0) & truth.active
        reach = jnp.sum(jnp.abs(offset), axis=1)
        crossed = _between(offset, harm)
        standing = reach == 0
        cost = reach + detour * crossed
        cost = jnp.where(food & ~standing, cost, jnp.iinfo(jnp.int32).max)
        goal = offset[jnp.argmin(cost)]
        near = jnp.min(cost)
        step_off = _free_step(offset, harm, room(truth.position))
        home = jnp.any(food & standing)
        along = jnp.where(goal[0] != 0, 0, goal[1])  # x first, as `_between` looks
        go = towards(goal[0].astype(jnp.float32), along.astype(jnp.float32))
        away = jnp.where(near <= 1, go, step_off)
        nothing = near == jnp.iinfo(jnp.int32).max
        return jnp.where(home, away, jnp.where(nothing, STAY, go))

    return _scripted(choose, uses_privileged_state=True)


def _between(offset: Int[Array, "K 2"], harm: Bool[Array, " K"]) -> Int[Array, " K"]:
    """How many harmful sources lie on the walk to each source."""
    x, y = offset[:, 0], offset[:, 1]
    inside = lambda a, end: (a * jnp.sign(end) >= 0) & (jnp.abs(a) <= jnp.abs(end))
    on_row = (y[None] == 0) & inside(x[None], x[:, None])
    on_column = (x[None] == x[:, None]) & inside(y[None], y[:, None])
    crossed = (on_row | on_column) & harm[None]
    return jnp.sum(crossed, axis=1, dtype=jnp.int32)


def _free_step(
    offset: Int[Array, "K 2"], harm: Bool[Array, " K"], room: Int[Array, "4"]
) -> Action:
    """A step to a cell within the walls and free of harm; staying if there is none."""
    moves = jnp.array(MOVES, jnp.int32)  # [5, 2]
    lands = jnp.all(offset[None] == moves[:, None], axis=2) & harm[None]
    free = (~jnp.any(lands, axis=1))[1:] & (room > 0)
    return jnp.where(jnp.any(free), 1 + jnp.argmax(free), STAY).astype(jnp.int32)
