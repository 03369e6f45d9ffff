"""Norms, rotation and dropout: the derivatives that they bring, and what they keep."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.models import parts
from koki2.models.params import NormParams

X = jnp.asarray(np.random.default_rng(0).normal(1.0, 2.0, (2, 3, 8)), jnp.float32)
PARAMS = NormParams(
    gain=jnp.linspace(0.5, 2.0, 8, dtype=jnp.float32),
    bias=jnp.linspace(-1.0, 1.0, 8, dtype=jnp.float32),
)


def plain(name, x, params):
    """The same formula, whose derivatives JAX finds."""
    if name == "layer":
        x = x - x.mean(axis=2, keepdims=True)
    y = x / jnp.sqrt((x**2).mean(axis=2, keepdims=True) + 1e-5)
    return y * params.gain[None, None] + params.bias[None, None]


@pytest.mark.parametrize("name", ["layer", "rms"])
def test_norms_and_their_derivatives_are_those_of_the_formula(name):
    ours = {"layer": parts.layer_norm, "rms": parts.rms_norm}[name]
    theirs = lambda x, params: plain(name, x, params)
    towards = jnp.cos(X)

    @jax.jit
    def both(x, params):
        (a, back), (b, expected) = (jax.vjp(f, x, params) for f in (ours, theirs))
        still = jax.tree.map(jnp.zeros_like, params)
        ahead = [jax.jvp(f, (x, params), (towards, still)) for f in (ours, theirs)]
        return (a, back(towards), ahead[0]), (b, expected(towards), ahead[1])

    for a, b in zip(*map(jax.tree.leaves, both(X, PARAMS)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_rotation_keeps_lengths_and_products_depend_on_the_distance_alone():
    q, k = X[:1, :1, None], X[1:, :1, None]  # one query and one key, at many places
    turn = jax.jit(lambda x, place: parts.rotate(x, place[None], 100.0).ravel())
    at = lambda x, place: np.asarray(turn(x, jnp.int32(place)))
    length = float(np.linalg.norm(np.asarray(q).ravel()))
    assert float(np.linalg.norm(at(q, 7))) == pytest.approx(length, rel=1e-5)
    near = [float(at(q, 3 + shift) @ at(k, shift)) for shift in (0, 5, 90)]
    assert near == pytest.approx([near[0]] * 3, rel=1e-4)
    assert abs(near[0] - float(at(q, 0) @ at(k, 0))) > 0.1


def test_dropout_keeps_the_mean_and_the_share_that_it_says():
    kept = parts.dropout(jax.random.key(0), jnp.ones((4, 50, 50)), 0.2)
    assert abs(np.mean(kept == 0) - 0.2) < 0.02
    assert set(np.unique(kept)) == {np.float32(0), np.float32(1.25)}
