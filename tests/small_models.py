"""Models small enough for quick tests, one of every part, and their parameters."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from koki2.models import gpt, GptConfig

SMALL = dict(vocabulary=11, block=8, layers=2, heads=4, dim=8)
CONFIGS = {
    "as GPT-2": GptConfig(**SMALL, bias=True),
    "as Llama": GptConfig(
        **SMALL,
        kv_heads=2,
        ffn_activation="swiglu",
        ffn_dim=12,
        positions="rotary",
        norm="rms",
        tied=False,
        softcap=2.0,
    ),
}


@functools.cache
def model(name):
    return gpt(CONFIGS[name])


@functools.cache
def params(name):
    """Lively ones: far larger than those that training begins with, biases too."""
    first = jax.jit(model(name).init)(jax.random.key(0))
    draw = np.random.default_rng(1).standard_normal
    return jax.tree.map(lambda x: x + 0.3 * draw(x.shape).astype("float32"), first)


def tokens(length=8, seed=2):
    """One text; `tokens()[None]` is a batch of it."""
    drawn = np.random.default_rng(seed).integers(0, 11, length)
    return jnp.asarray(drawn, jnp.int32)
