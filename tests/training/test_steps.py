"""A step: gradients of microbatches, optimisers, and what a skipped step leaves."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import tiny_training
from bits import assert_same_bits

from koki2.training import (
    first_state,
    flat,
    Numbers,
    optimizer,
    OptimizerConfig,
    StepParts,
    train_step,
)

MODEL = tiny_training.pairs()
LAYOUT = flat(jax.eval_shape(MODEL.init, tiny_training.key_of()))
ROWS = np.random.default_rng(1).integers(0, tiny_training.V, (12, 5)).astype(np.int32)
BATCH = (jnp.asarray(ROWS[:, :-1]), jnp.asarray(ROWS[:, 1:]))
SGD = OptimizerConfig(optimizer="sgd", beta1=0.0, grad_clip=0.0)


def parts(config=SGD, microbatches=1, **values):
    return StepParts(
        **{
            "loss": MODEL.loss,
            "flat": LAYOUT,
            "optimizer": optimizer(config, LAYOUT),
            "config": config,
            "decay_iters": 100,
            "most_microbatches": microbatches,
            "metrics_interval": 2,
            "has_dropout": False,
        }
        | values
    )


def begun(of, microbatches=1):
    params = jax.tree.map(
        lambda x: x + jnp.arange(x.size, dtype=x.dtype).reshape(x.shape) / 50,
        MODEL.init(tiny_training.key_of()),
    )
    return first_state(of, params, microbatches)


def rows(size):
    """Microbatch j is the rows from j * size on."""
    return lambda step, j: jax.lax.dynamic_slice_in_dim(ROWS, j * size, size)


def stepped(of, state, windows, lr=0.1, decay=0.0):
    numbers = Numbers(jnp.float32(lr), jnp.float32(lr), jnp.float32(decay))
    key = tiny_training.key_of()
    return jax.jit(lambda state: train_step(of, numbers, key, windows, state))(state)


@pytest.mark.parametrize("count", [2, 3, 6])
def test_microbatches_add_up_to_one_big_batch(count):
    whole, row = stepped(parts(), begun(parts()), rows(12))
    of = parts(microbatches=count)
    split, others = stepped(of, begun(of, count), rows(12 // count))
    np.testing.assert_allclose(split.weights, whole.weights, rtol=0, atol=1e-6)
    one, other = row["metrics"], others["metrics"]
    assert float(other["loss"].value) == pytest.approx(float(one["loss"].value), 1e-6)
    assert int(one["tokens"]) == int(other["tokens"]) == 48


def test_the_number_of_microbatches_is_data():
    """One compiled step, told to take one, two, or three."""
    of = parts(microbatches=3)
    numbers = Numbers(jnp.float32(0.1), jnp.float32(0.1), jnp.float32(0.0))
    step = jax.jit(
        lambda state: train_step(of, numbers, tiny_training.key_of(), rows(4), state)
    )
    tokens = [int(step(begun(of, n))[1]["metrics"]["tokens"]) for n in (1, 2, 3)]
    assert tokens == [16, 32, 48] and step._cache_size() == 1


def test_sgd_without_momentum_goes_down_the_gradient_and_decays_matrices_alone():
    of, state = parts(), begun(parts())
    after, row = stepped(of, state, rows(12), lr=0.5, decay=0.1)
    loss = lambda params: MODEL.loss(params, *BATCH)
    params = LAYOUT.unravel(state.weights)
    gradient = jax.grad(loss)(params)
    now = LAYOUT.unravel(after.weights)
    expected = params["table"] - 0.5 * (gradient["table"] + 0.1 * params["table"])
    np.testing.assert_allclose(now["table"], expected, atol=1e-6)
    expected = params["bias"] - 0.5 * gradient["bias"]
    np.testing.assert_allclose(now["bias"], expected, atol=1e-6)
    norms = {n: v.column.value for n, v in row["metrics"].items() if "norm_" in n}
    total = float(row["metrics"]["grad_norm"].value)
    assert {*norms} == {"grad_norm_table", "grad_norm_bias"}
    assert sum(float(n) ** 2 for n in norms.values()) == pytest.approx(total**2, 1e-5)


def test_adamw_is_that_of_optax_over_the_tree():
    config = OptimizerConfig(grad_clip=0.0)
    of = parts(config)
    state, params = begun(of), LAYOUT.unravel(begun(of).weights)
    is_matrix = lambda tree: jax.tree.map(lambda x: x.ndim > 1, tree)
    theirs = optax.adamw(0.1, 0.9, 0.95, weight_decay=0.1, mask=is_matrix)
    with jax.numpy_dtype_promotion("standard"):
        memory = theirs.init(params)
        for _ in range(3):
            gradient = jax.grad(MODEL.loss)(params, *BATCH)
            change, memory = theirs.update(gradient, memory, params)
            params = optax.apply_updates(params, change)
    for _ in range(3):
        state, _ = stepped(of, state, rows(12), decay=0.1)
    np.testing.assert_allclose(state.weights, LAYOUT.ravel(params), atol=1e-5)


@pytest.mark.parametrize("name", ["adamw", "lion", "adafactor", "sgd"])
def test_every_optimizer_lowers_the_loss_and_keeps_its_types(name):
    config = OptimizerConfig(optimizer=name)
    of = parts(config)
    state, losses = begun(of), []
    for _ in range(8):
        state, row = stepped(of, state, rows(12), lr=0.05)
        losses.append(float(row["metrics"]["loss"].value))
    assert losses[-1] < losses[0] - 0.02
    shapes = lambda tree: [(x.shape, x.dtype) for x in jax.tree.leaves(tree)]
    assert shapes(state) == shapes(begun(of))


def test_a_planted_spike_leaves_weights_and_optimizer_as_they_were():
    config = OptimizerConfig(spike_threshold=1.0)
    loud = lambda *args: MODEL.loss(*args) * jnp.where(args[1][0, 0] == 7, 1e3, 1.0)
    of = parts(config, loss=loud)
    quiet, spike = rows(12), lambda step, j: jnp.full((12, 5), 7)
    state, _ = stepped(of, begun(of), quiet)
    after, row = stepped(of, state, spike)
    assert_same_bits(after.weights, state.weights)
    assert_same_bits(after.optimizer, state.optimizer)
    row = row["metrics"]
    assert (float(row["clip_coef"]), float(row["clip_pct"])) == (0.0, 1.0)
    assert float(row["clipped_share"]) == 0.5 and int(row["skipped"]) == 1
    later, row = stepped(of, after, quiet)
    assert float(row["metrics"]["lr"]) == pytest.approx(0.05)
    assert float(row["metrics"]["lr_factor"]) == 0.5
    assert not np.array_equal(later.weights, after.weights)


def test_a_step_that_is_not_finite_is_skipped_and_told_as_null():
    of = parts(loss=lambda *args: MODEL.loss(*args) * jnp.nan)
    state = begun(of)
    after, row = stepped(of, state, rows(12))
    assert_same_bits(after.weights, state.weights)
    assert not row["metrics"]["loss"].is_known
    assert not row["metrics"]["grad_norm"].is_known
