"""Samples whose correlations are known on paper, and some that a library measured."""

import jax.numpy as jnp
import numpy as np

# Three factors at two levels: a, b, c and abc are uncorrelated, of variance 1.
A, B, C = (
    jnp.array(x, jnp.float32) for x in np.indices((2, 2, 2)).reshape(3, 8) * 2 - 1
)
ABC = A * B * C


def columns(*each):
    return jnp.stack(each, axis=1)


def some_samples():
    """24 samples of 5 metrics: waves, of which three also share a slow one."""
    i, j = np.arange(24)[:, None], np.arange(5)[None]
    waves = np.sin(0.9 * i * (j + 1) ** 0.5 + j) + 0.8 * np.cos(0.37 * i) * (j < 3)
    return jnp.array(waves, jnp.float32)
