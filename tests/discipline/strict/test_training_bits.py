"""Under the strict flags a whole step of training is the same compiled and op by op."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits

from koki2.models import gpt, GptConfig
from koki2.training import (
    first_state,
    flat,
    Numbers,
    optimizer,
    OptimizerConfig,
    StepParts,
    train_step,
)

CONFIG = GptConfig(vocabulary=7, block=4, layers=1, heads=2, dim=4, dropout=0.2)
MODEL = gpt(CONFIG)
ROWS = jnp.asarray(np.random.default_rng(0).integers(0, 7, (4, 5)), jnp.int32)


@pytest.mark.parametrize(
    ("name", "microbatches"),
    [
        ("adamw", 1),
        *(
            pytest.param(name, 2, marks=pytest.mark.slow)
            for name in ("adamw", "lion", "adafactor", "sgd")
        ),
    ],
)
def test_a_step_is_the_same_compiled_and_op_by_op(name, microbatches):
    """With dropout, a clip that bites, and a guard."""
    config = OptimizerConfig(
        optimizer=name, grad_clip=0.1, spike_threshold=100.0, warmup_iters=3
    )
    layout = flat(jax.eval_shape(MODEL.init, jax.random.key(0)))
    parts = StepParts(
        loss=MODEL.loss,
        flat=layout,
        optimizer=optimizer(config, layout),
        config=config,
        decay_iters=10,
        most_microbatches=microbatches,
        metrics_interval=1,
        has_dropout=True,
    )
    state = jax.jit(lambda key: first_state(parts, MODEL.init(key), microbatches))(
        jax.random.key(1)
    )
    state = dataclasses.replace(state, step=jnp.int32(2))
    numbers = Numbers(jnp.float32(1e-2), jnp.float32(1e-3), jnp.float32(0.1))
    key = jax.random.key(2)

    def windows(step, j):
        return jax.lax.dynamic_slice_in_dim(ROWS, j * 2, 2)

    step = lambda state: train_step(parts, numbers, key, windows, state)
    compiled, row = jax.jit(step)(state)
    with jax.disable_jit():
        eager, other = step(state)
    assert float(row["metrics"]["clip_coef"]) < 1
    assert not np.array_equal(compiled.weights, state.weights)
    assert_same_bits(eager, compiled)
    assert_same_bits(other, row)
