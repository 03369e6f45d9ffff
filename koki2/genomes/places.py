"""Coordinates of an agent's observation, neurons and actions: three sheets.

    senses   at depth -1, in a line along x
    neurons  at depth  0, row by row on a square grid, two apart in units of its width
    actions  at depth  1, in a line along x

Coordinates are (x, y, depth); x and y lie within (-1, 1).
"""

import math

import numpy as np


def columns(n_neurons: int) -> int:
    """Counts the neurons in a full row: the least whose square holds all neurons."""
    return math.isqrt(n_neurons - 1) + 1


def grid(n_neurons: int) -> np.ndarray:
    """Returns column and row of every neuron, int32 [N, 2]; the last row may be short.

    Example:
      >>> grid(3).tolist()
      [[0, 0], [1, 0], [0, 1]]
    """
    row, column = np.divmod(np.arange(n_neurons, dtype=np.int32), columns(n_neurons))
    return np.stack([column, row], axis=1).astype(np.int32)


def places(
    n_neurons: int, observation_size: int, num_actions: int
) -> dict[str, np.ndarray]:
    """Returns coordinates by axis letter (N neurons, O senses, A actions), each [., 3].

    Example:
      >>> points = places(4, observation_size=1, num_actions=2)
      >>> points["N"].tolist()
      [[-0.5, -0.5, 0.0], [0.5, -0.5, 0.0], [-0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]
      >>> points["O"].tolist(), points["A"].tolist()
      ([[0.0, 0.0, -1.0]], [[-0.5, 0.0, 1.0], [0.5, 0.0, 1.0]])
    """
    cells, width = grid(n_neurons), columns(n_neurons)
    extent = cells.max(axis=0) + 1  # columns and rows in use
    sheet = (2 * cells + 1 - extent) / width
    depth = np.zeros((n_neurons, 1))
    return {
        "N": np.concatenate([sheet, depth], axis=1).astype(np.float32),
        "O": _line(observation_size, -1.0),
        "A": _line(num_actions, 1.0),
    }


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Computes Euclidean distances over the last axis, as float32.

    Example:
      >>> distance(np.array([[0.0, 0.0, -1.0]]), np.array([[3.0, 4.0, -1.0]])).tolist()
      [5.0]
    """
    return np.sqrt(np.sum(np.square(a - b), axis=-1)).astype(np.float32)


def _line(count: int, depth: float) -> np.ndarray:
    x = (2 * np.arange(count) + 1 - count) / count
    return np.stack([x, np.zeros(count), np.full(count, depth)], 1).astype(np.float32)
