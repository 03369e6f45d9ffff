"""Policies that see nothing: what an agent must beat before it is said to use a sense.

A constant action, or a schedule of actions by the clock. On a map the schedules visit
as many cells as they can: a sweep row by row, or column by column, from a corner, and a
spiral from where the episode starts; the map's edge holds them back.
"""

from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np

from koki2.core.types import Key
from koki2.policies.base import Memory, Observation, Policy
from koki2.policies.moves import DOWN, LEFT, RIGHT, UP

MOVE_NAMES = ("stay", "up", "down", "left", "right")


def constant(action: int) -> Policy:
    """Always does the same."""
    return Policy(
        memory=None, choose=lambda key, memory, seen: (None, jnp.int32(action))
    )


def schedule(actions: Sequence[int] | np.ndarray) -> Policy:
    """Does one action after the other, and begins again. It remembers the step.

    Example:
      >>> memory, first = schedule([3, 4]).choose(None, jnp.int32(0), None)
      >>> memory, second = schedule([3, 4]).choose(None, memory, None)
      >>> int(first), int(second), int(memory)
      (3, 4, 0)
    """
    table = np.asarray(actions, np.int32)

    def choose(_: Key | None, step: Memory, seen: Observation | None):
        return (step + 1) % len(table), jnp.asarray(table)[step]

    return Policy(memory=jnp.int32(0), choose=choose)


def sweep_rows(width: int, height: int) -> list[int]:
    """Into the north-west corner, then row by row, and back the same way.

    Example:
      >>> sweep_rows(3, 2)  # up; left, left; right, right, down, left, left; back
      [1, 3, 3, 4, 4, 2, 3, 3, 4, 4, 1, 3, 3]
    """
    rows: list[int] = []
    for y in range(height):
        rows += [RIGHT if y % 2 == 0 else LEFT] * (width - 1)
        rows += [DOWN] * (y < height - 1)
    back = {LEFT: RIGHT, RIGHT: LEFT, DOWN: UP, UP: DOWN}
    corner = [UP] * (height - 1) + [LEFT] * (width - 1)
    return corner + rows + [back[action] for action in reversed(rows)]


def sweep_columns(width: int, height: int) -> list[int]:
    """The same with rows and columns exchanged."""
    turned = {UP: LEFT, LEFT: UP, DOWN: RIGHT, RIGHT: DOWN}
    return [turned[action] for action in sweep_rows(height, width)]


def spiral(width: int, height: int) -> list[int]:
    """Outwards in turns of growing length, until one is as long as the map.

    Example:
      >>> spiral(3, 3)
      [4, 2, 3, 3, 1, 1, 4, 4, 4, 2, 2, 2]
    """
    turns = (RIGHT, DOWN, LEFT, UP)
    lengths = [1 + i // 2 for i in range(2 * max(width, height))]
    return [turns[i % 4] for i, n in enumerate(lengths) for _ in range(n)]


def blind(num_actions: int, size: tuple[int, int] | None) -> Mapping[str, Policy]:
    """Every policy that sees nothing, by name.

    Args:
      num_actions: of the world.
      size: width and height of its map; None: it has none.

    Example:
      >>> list(blind(5, (9, 1)))
      ['stay', 'up', 'down', 'left', 'right', 'sweep', 'sweep-columns', 'spiral']
      >>> list(blind(2, None))
      ['action-0', 'action-1']
    """
    if size is None:
        return {f"action-{i}": constant(i) for i in range(num_actions)}
    found = {name: constant(i) for i, name in enumerate(MOVE_NAMES)}
    return found | {
        "sweep": schedule(sweep_rows(*size)),
        "sweep-columns": schedule(sweep_columns(*size)),
        "spiral": schedule(spiral(*size)),
    }
