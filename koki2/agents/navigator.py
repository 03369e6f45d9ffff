"""The navigator: the planner of worlds with walls, danger and several needs.

It knows the whole map and what every source is worth just now, and goes where the most
drive falls per step of the cheapest way, in which a step through harm counts as a long
detour. It does not look further ahead than the next source, so it is no ceiling: who
plans further, or was evolved, may be better.
"""

from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.agents.base import Agent
from koki2.agents.scripted import MOVES, STAY, Truth
from koki2.core.types import Key

HARM = 20.0  # steps of detour that a harmful source in the way is worth
DANGER = 100.0  # steps of detour per unit of integrity lost in a cell


@runtime_checkable
class MapTruth(Truth, Protocol):
    """What the navigator observes, beside what every planner does."""

    wall: Bool[Array, "H W"] | None
    danger: Float[Array, "H W"] | None  # integrity lost per step


def navigator(size: tuple[int, int]) -> Agent:
    """Builds the planner for maps of `size` (width, height), which it sees in full.

    On a source that still feeds it steps off and on again, since arriving is what pays.
    """
    width, height = size
    moves = jnp.array(MOVES, jnp.int32)

    def choose(key: Key | None, truth: MapTruth) -> Int[Array, ""]:
        del key
        position = truth.position
        cost = _costs(truth, width, height)
        reach = _distances(cost, position)[truth.source[:, 1], truth.source[:, 0]]
        reach = jnp.where(jnp.all(truth.source == position[None], axis=1), 2.0, reach)
        feeds = truth.active & (truth.worth > 0) & jnp.isfinite(reach)
        gain = jnp.where(feeds, truth.worth / (reach + 1.0), -jnp.inf)
        goal = truth.source[jnp.argmax(gain)]

        around = jnp.clip(
            position[None] + moves, 0, jnp.array([[width - 1, height - 1]], jnp.int32)
        )
        stands = jnp.all(around == position[None], axis=1)  # stays, or is at the edge
        look = lambda field: field[around[:, 1], around[:, 0]]
        way = look(_distances(cost, goal)) + look(cost)
        go = jnp.argmin(jnp.where(stands, jnp.inf, way))
        flee = jnp.argmin(look(cost))  # to where it is safest; staying wins ties
        out = jnp.where(jnp.any(feeds), go, flee).astype(jnp.int32)
        stuck = jnp.all(stands | ~jnp.isfinite(look(cost)))
        return jnp.where(stuck, STAY, out)

    act = lambda key, params, state, truth: (None, choose(key, truth))
    nothing = lambda params: None
    return Agent(init=nothing, act=act, learn=None, uses_privileged_state=True)


def _costs(truth: MapTruth, width: int, height: int) -> Float[Array, "H W"]:
    """What entering a cell costs, in steps; a wall costs infinitely many."""
    cost = jnp.ones((height, width))
    if truth.danger is not None:
        cost = cost + DANGER * truth.danger
    harm = jnp.where(truth.active & (truth.worth < 0), HARM, 0.0)
    cost = cost.at[truth.source[:, 1], truth.source[:, 0]].add(harm)
    return cost if truth.wall is None else jnp.where(truth.wall, jnp.inf, cost)


def _distances(
    cost: Float[Array, "H W"], start: Int[Array, "2"]
) -> Float[Array, "H W"]:
    """The cheapest way from `start` to every cell, by relaxing until nothing changes.

    Both ends count alike: a cell's own cost is paid on entering it.
    """
    first = jnp.full_like(cost, jnp.inf).at[start[1], start[0]].set(0.0)

    def relax(carry):
        _, now = carry
        wide = jnp.pad(now, 1, constant_values=jnp.inf)
        sides = (wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:])
        least = jnp.min(jnp.stack(sides), axis=0) + cost
        after = jnp.minimum(now, least)
        return jnp.any(after < now), after

    return jax.lax.while_loop(lambda carry: carry[0], relax, (jnp.array(True), first))[
        1
    ]
