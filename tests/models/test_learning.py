"""A model learns a text that repeats, and then goes on with it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_models import CONFIGS, model

from koki2.models import generate

WORD = np.array([3, 1, 4, 1, 5, 9, 2])


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_a_thousand_steps_of_descent_learn_a_word_of_seven_letters(name):
    text = jnp.asarray(np.tile(WORD, 3), jnp.int32)
    starts = jnp.arange(7)[:, None] + jnp.arange(8)[None]
    read, targets = text[starts], text[starts + 1]

    @jax.jit
    def learn(params):
        def step(params, _):
            loss, grads = jax.value_and_grad(model(name).loss)(params, read, targets)
            descend = lambda p, g: p - 0.5 * g
            return jax.tree.map(descend, params, grads), loss

        return jax.lax.scan(step, params, length=1000)

    params, losses = learn(jax.jit(model(name).init)(jax.random.key(0)))
    assert abs(losses[0] - np.log(11)) < 0.1  # at first all tokens are as likely
    # Two of the 56 places are a 1 that begins a text: it may be followed by 4 or by 5.
    assert losses[-1] == pytest.approx(2 * np.log(2) / 56, abs=0.002)
    run = functools.partial(generate, model(name), params, count=20, temperature=0.0)
    more = jax.jit(run)(prompt=text[:4], key=jax.random.key(1))
    np.testing.assert_array_equal(more, np.tile(WORD, 4)[4:24])
