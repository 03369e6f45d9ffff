"""Activations: values that can be checked on paper, gradients, and strangers' own."""

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import pytest
from small_models import SMALL, tokens

from koki2.models import (
    Activation,
    ACTIVATIONS,
    count_parameters,
    gpt,
    GptConfig,
    Own,
    register_activation,
)


@pytest.mark.parametrize(
    "name, inputs, expected",
    [
        ("relu", (-1.0,), 0.0),
        ("relu", (2.0,), 2.0),
        ("gelu", (1.0,), 0.8413447),  # the normal distribution function at 1
        ("gelu", (-1.0,), -0.1586553),
        ("silu", (1.0,), 1 / (1 + np.exp(-1))),
        ("swiglu", (1.0, 3.0), 3 / (1 + np.exp(-1))),
        ("swiglu", (3.0, 1.0), 3 / (1 + np.exp(-3))),  # the gate comes first
        ("0.5*relu(x) + 0.25*x*relu(x) - x", (2.0,), 0.0),  # 1 + 1 - 2
    ],
)
def test_values(name, inputs, expected):
    value = ACTIVATIONS.find(name).apply(*map(jnp.float32, inputs))
    assert abs(value - expected) < 1e-6


def test_what_is_learnt_begins_as_it_says():
    x = jnp.array([[-1.0, 2.0]])
    of_one = {"gain": jnp.ones(2), "residual": jnp.array([0.0, 10.0])}
    universal = ACTIVATIONS["universal"].apply(x, **of_one)
    silu = np.asarray(jax.nn.silu(x))
    np.testing.assert_allclose(universal, silu + [[0.0, 20.0]], rtol=1e-6)
    starts = {
        name: jnp.full(2, array.start)
        for name, array in ACTIVATIONS["kan_spline"].own.items()
    }
    kan = ACTIVATIONS["kan_spline"].apply(x, **starts)
    gelu = np.asarray(ACTIVATIONS["gelu"].apply(x))
    np.testing.assert_allclose(kan, (silu + gelu) / 2, rtol=1e-6)


def own(activation, width, dtype):
    """What an activation has of its own, each number apart from its start."""
    draw = np.random.default_rng(3).standard_normal
    return {
        name: jnp.asarray(array.start + 0.2 * draw(array.shape(width)), dtype)
        for name, array in activation.own.items()
    }


EVERY = [*ACTIVATIONS, "0.7*silu(x) - 0.2*relu(x)*gelu(x) + 0.3*x + sq(x)"]


@pytest.mark.parametrize("name", EVERY)
def test_gradients_are_the_finite_differences(name):
    """In float64, away from the corner of relu; those of its own numbers, too."""
    activation = ACTIVATIONS.find(name)
    with jax.enable_x64(True):
        draw = np.random.default_rng(2).standard_normal
        parts = [jnp.asarray(3 * draw((3, 4))) for _ in range(activation.parts)]
        run = jax.jit(lambda parts, own: activation.apply(*parts, **own))
        arguments = (parts, own(activation, 4, jnp.float64))
        jax.test_util.check_grads(run, arguments, 1, modes=["rev"], rtol=1e-7, eps=1e-5)


@pytest.mark.parametrize("name", EVERY)
def test_an_activation_keeps_shape_and_dtype_and_nothing_large_breaks_it(name):
    activation = ACTIVATIONS.find(name)
    for dtype in ("float32", "bfloat16"):
        x = jnp.asarray([[-1e4, -1.0, 0.0, 1.0, 1e4]], dtype)
        run = lambda x, own, a=activation: a.apply(*[x] * a.parts, **own)
        y, slope = jax.vjp(run, x, own(activation, 5, dtype))
        (back, _) = slope(jnp.ones_like(y))
        assert y.dtype == dtype and y.shape == x.shape
        assert np.isfinite(np.asarray(y, np.float32)).all()
        assert np.isfinite(np.asarray(back, np.float32)).all()


def test_a_stranger_s_activation_has_parameters_and_three_parts():
    def mixed(a, b, c, gain, shift):
        return jnp.maximum(a, 0) * gain[None, None] + b * jnp.tanh(c) + shift

    numbers = {"gain": Own(("F",), 2.0), "shift": Own((), 0.5)}
    register_activation("mixed", mixed, parts=3, own=numbers)
    try:
        config = GptConfig(**SMALL, ffn_activation="mixed")
        assert config.ffn_width == 64  # 8 D / 4 = 16, rounded up
        first = jax.jit(gpt(config).init)(jax.random.key(0))
        assert first.blocks[0].up.shape == (8, 3 * 64)
        assert np.all(np.asarray(first.blocks[1].own["gain"]) == 2.0)
        sizes = sum(x.size for x in jax.tree.leaves(first))
        assert count_parameters(config).total == sizes
        read = tokens()[None]
        grads = jax.jit(jax.grad(gpt(config).loss))(first, read, read)
        assert all(np.any(grads.blocks[0].own[name]) for name in numbers)
    finally:
        ACTIVATIONS.remove("mixed")


def test_a_function_alone_is_an_activation_of_one_part():
    accepted = ACTIVATIONS.accept("module:tanh", jnp.tanh)
    assert accepted == Activation(jnp.tanh) and accepted.parts == 1
    with pytest.raises(ValueError, match="must be an Activation or the function"):
        ACTIVATIONS.accept("module:three", 3)


def test_data_of_the_program_may_choose_among_activations_of_the_same_shapes():
    """One program for relu and silu, as a search trains both in lock-step."""
    model = gpt(GptConfig(**SMALL, ffn_activation="relu"))
    first = jax.jit(model.init)(jax.random.key(0))

    @jax.jit
    def chosen(which):
        activate = lambda x: jnp.where(which == 0, jax.nn.relu(x), jax.nn.silu(x))
        return model.apply(first, tokens()[None], activate=activate)

    silu = gpt(GptConfig(**SMALL, ffn_activation="silu"))
    for which, alone in enumerate((model, silu)):
        ours, theirs = (
            chosen(jnp.int32(which)),
            jax.jit(alone.apply)(first, tokens()[None]),
        )
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
