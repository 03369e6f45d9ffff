"""Under the strict flags a model gives the same bits compiled and run eagerly."""

import jax
import jax.numpy as jnp
import pytest
from bits import assert_same_bits
from small_models import CONFIGS, model, params, tokens


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_loss_and_gradients_compiled_are_those_of_eager_execution(name):
    read = jnp.stack([tokens(), tokens(seed=5)])
    run = jax.value_and_grad(model(name).loss)
    arguments = params(name), read, jnp.roll(read, -1, axis=1)
    assert_same_bits(jax.jit(run)(*arguments), run(*arguments))
