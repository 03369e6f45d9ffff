"""Descriptors of one's own: how often an agent rests, and which way it leans."""

import jax.numpy as jnp


def rest(stats, env):
    """The share of its steps in which it stays: action 0."""
    return stats.actions[0] / jnp.maximum(jnp.sum(stats.actions), 1)


def lean(stats, env):
    """Steps right of all steps left or right; a half where there are none."""
    left, right = stats.actions[3], stats.actions[4]
    return (right + 1) / (left + right + 2)
