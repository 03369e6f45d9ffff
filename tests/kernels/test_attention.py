"""attention: the formula, the twins, and what neither may do."""

import functools
import math

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import pytest
from lanes_of_tests import mostly_slow

from koki2.kernels import attention, cases
from koki2.kernels.attention import reference
from koki2.kernels.dispatch import no_mosaic

needs_mosaic = pytest.mark.skipif(no_mosaic() is not None, reason=str(no_mosaic()))
ODD = [(1, 1, 1, 1, 1), (2, 7, 6, 2, 5), (1, 65, 3, 3, 16), (3, 16, 4, 1, 8)]
TINY = [c for c in cases.CASES if c.op == "attention" and c.use == "tiny"]


def draw(batch, length, heads, groups, width, dtype=jnp.float32, seed=0):
    shapes = [(batch, length, n, width) for n in (heads, groups, groups)]
    draw = np.random.default_rng(seed).standard_normal
    return tuple(jnp.asarray(draw(shape), dtype) for shape in shapes)


def by_hand(q, k, v, causal):
    """The formula of the door, query by query, in float64."""
    q, k, v = (np.asarray(x, np.float64) for x in (q, k, v))
    out, share = np.empty_like(q), q.shape[2] // k.shape[2]
    for b, t, h in np.ndindex(q.shape[:3]):
        seen = t + 1 if causal else q.shape[1]
        logits = k[b, :seen, h // share] @ q[b, t, h] / math.sqrt(q.shape[3])
        weights = np.exp(logits - logits.max())
        out[b, t, h] = weights @ v[b, :seen, h // share] / weights.sum()
    return out


def error(ours, expected):
    """Largest difference, as a share of the largest number."""
    ours, expected = (np.asarray(x, np.float64) for x in (ours, expected))
    return np.abs(ours - expected).max() / np.abs(expected).max()


def attend_and_back(inputs, d_out, function=attention, **knobs):
    """The output and the gradients of q, k and v."""

    @jax.jit
    def both(d_out, *inputs):
        out, back = jax.vjp(functools.partial(function, **knobs), *inputs)
        return out, *back(d_out)

    return both(d_out, *inputs)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("shape", mostly_slow(ODD, *ODD[1:3]))
def test_the_reference_is_the_formula(shape, causal):
    inputs = draw(*shape)
    knobs = dict(causal=causal, implementation="reference")
    out = jax.jit(functools.partial(attention, **knobs))(*inputs)
    assert error(out, by_hand(*inputs, causal)) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-5), ("bfloat16", 2**-7)])
@pytest.mark.parametrize("shape", mostly_slow(ODD[1:3], ODD[1]))
def test_jax_s_own_attention_agrees_and_so_do_its_gradients(shape, dtype, tolerance):
    inputs = draw(*shape, dtype)
    d_out = draw(*shape, dtype, seed=1)[0]
    ours = attend_and_back(inputs, d_out, implementation="reference")
    with jax.numpy_dtype_promotion("standard"):
        jax_s = jax.nn.dot_product_attention
        theirs = attend_and_back(inputs, d_out, jax_s, is_causal=True)
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == dtype and error(a, b) < tolerance


@pytest.mark.slow
def test_gradients_of_the_reference_are_the_finite_differences():
    with jax.enable_x64(True):
        inputs = draw(2, 5, 4, 2, 3, jnp.float64)
        for causal in (True, False):
            knobs = dict(causal=causal, scale=0.7)
            run = jax.jit(functools.partial(reference.attention, **knobs))
            jax.test_util.check_grads(run, inputs, order=1, modes=["rev"], rtol=1e-6)


def before_it_learnt_more(q, k, v, causal, scale):
    """The reference as it was when it had neither softcap nor valid, word for word."""
    (batch, length, heads, width), groups = q.shape, k.shape[2]
    total = max(q.dtype, jnp.dtype(jnp.float32), key=lambda t: t.itemsize)  # of sums
    einsum = functools.partial(jnp.einsum, preferred_element_type=total)

    q = q.reshape(batch, length, groups, heads // groups, width)
    logits = einsum("btgrk,bsgk->bgrts", q, k) * jnp.asarray(scale, total)
    if causal:
        seen = jnp.tril(jnp.ones((length, length), bool))
        logits = jnp.where(seen[None, None, None], logits, -jnp.inf)
    weights = jax.nn.softmax(logits, axis=-1).astype(v.dtype)
    out = einsum("bgrts,bsgk->btgrk", weights, v)
    return out.reshape(batch, length, heads, width).astype(v.dtype)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_without_softcap_and_valid_the_program_is_the_old_one(dtype, causal):
    inputs = draw(2, 7, 6, 2, 5, dtype)
    old, new = (
        str(jax.make_jaxpr(lambda *qkv, f=f: f(*qkv, causal, 0.7))(*inputs))
        for f in (before_it_learnt_more, reference.attention)
    )
    assert new == old


def seen_by_hand(q, k, v, causal, softcap, valid):
    """The formula of the door, query by query, in float64."""
    q, k, v = (np.asarray(x, np.float64) for x in (q, k, v))
    share, later = q.shape[2] // k.shape[2], k.shape[1] - q.shape[1]
    out = np.zeros_like(q)
    for b, t, h in np.ndindex(q.shape[:3]):
        seen = np.asarray(valid)[b] & (
            np.arange(k.shape[1]) <= later + t if causal else True
        )
        if not seen.any():
            continue
        logits = k[b, seen, h // share] @ q[b, t, h] / math.sqrt(q.shape[3])
        logits = softcap * np.tanh(logits / softcap)
        weights = np.exp(logits - logits.max())
        out[b, t, h] = weights @ v[b, seen, h // share] / weights.sum()
    return out


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("queries", [9, 1, 4])
def test_caps_masks_and_fewer_queries_than_keys_are_the_formula(queries, causal):
    q, k, v = draw(3, 9, 4, 2, 5)
    valid = jnp.asarray(np.random.default_rng(1).random((3, 9)) < 0.6).at[2].set(False)
    q = q[:, 9 - queries :]
    knobs = dict(causal=causal, softcap=0.8)
    run = jax.jit(lambda q, k, v, valid: attention(q, k, v, valid=valid, **knobs))
    out = run(q, k, v, valid)
    assert not np.any(out[2])  # none of its keys may be seen
    assert error(out, seen_by_hand(q, k, v, causal, 0.8, valid)) < 1e-6


def test_the_last_queries_alone_attend_as_they_do_among_all():
    q, k, v = draw(2, 9, 4, 2, 5)
    every = attention(q, k, v)
    assert error(attention(q[:, 6:], k, v), every[:, 6:]) < 1e-6


def test_a_query_that_sees_nothing_has_gradients_of_zero_not_nan():
    q, k, v = draw(1, 4, 2, 1, 3)
    valid = jnp.array([[False, False, True, True]])  # the first two queries see none
    out, *grads = attend_and_back((q, k, v), jnp.ones_like(q), valid=valid, softcap=5.0)
    assert not np.any(out[:, :2]) and not np.any(grads[0][:, :2])
    assert all(np.isfinite(x).all() for x in grads)
    assert not np.any(grads[1][:, :2]) and np.any(grads[1][:, 2:])


@pytest.mark.slow
def test_gradients_with_a_cap_and_a_mask_are_the_finite_differences():
    with jax.enable_x64(True):
        q, k, v = draw(2, 5, 4, 2, 3, jnp.float64)
        valid = jnp.array([[True] * 5, [False, True, True, False, True]])
        run = jax.jit(lambda *x: reference.attention(*x, True, 0.7, 0.9, valid))
        jax.test_util.check_grads(run, (q[:, 2:], k, v), 1, modes=["rev"], rtol=1e-6)


@needs_mosaic
@pytest.mark.parametrize("case", mostly_slow(TINY, TINY[0]), ids=lambda case: case.name)
def test_the_kernel_is_the_reference_and_has_no_race(case, capfd):
    """Interpreted: same program as on a GPU, one operand apart."""
    key_inputs, key_out = jax.random.split(jax.random.key(7))
    inputs, d_out = case.inputs(key_inputs), cases.cotangents(case, key_out)
    ours, theirs = (
        jax.jit(cases.backward(case, name))(d_out, *inputs)
        for name in ("interpret", "reference")
    )
    for a, b in zip(*map(jax.tree.leaves, (ours, theirs)), strict=True):
        assert a.dtype == b.dtype and error(a, b) < case.tolerance
    assert "RACE" not in capfd.readouterr().out


@pytest.mark.parametrize(
    "name, shape",
    [("reference", (1, 9, 2, 1, 4)), ("interpret", (1, 128, 1, 1, 16))],
)
def test_no_output_hears_of_the_future(name, shape):
    """d out[t] / d input[s] is exactly 0 for s > t, and is not for some s <= t."""
    if name == "interpret" and no_mosaic():
        pytest.skip(no_mosaic())
    inputs = draw(*shape, jnp.bfloat16)
    t = shape[1] - 3
    at_t = jnp.zeros_like(inputs[0]).at[:, t].set(1.0)
    _, dq, dk, dv = attend_and_back(inputs, at_t, implementation=name)
    for grad in (dq, dk, dv):
        assert not np.any(grad[:, t + 1 :])
        assert np.any(grad[:, : t + 1])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reference", "interpret"])
def test_logits_of_ten_thousand_choose_and_stay_finite(name):
    """q = 100 or -100, k from 0 to 100: neighbouring logits are 159 apart."""
    if name == "interpret" and no_mosaic():
        pytest.skip(no_mosaic())
    length = 64
    one = jnp.zeros((1, length, 1, 16), jnp.bfloat16)
    sign = jnp.where(jnp.arange(length) % 2, -100.0, 100.0).astype(jnp.bfloat16)
    ramp = jnp.linspace(0.0, 100.0, length).astype(jnp.bfloat16)
    q, k = one.at[0, :, 0, 0].set(sign), one.at[0, :, 0, 0].set(ramp)
    v = one.at[0, :, 0, 0].set(jnp.arange(length).astype(jnp.bfloat16))
    knobs = dict(causal=True, scale=1.0, implementation=name)
    out, *grads = attend_and_back((q, k, v), jnp.ones_like(q), **knobs)
    # Even queries take the last key they see, their own; odd ones the first.
    expected = np.where(np.arange(length) % 2, 0, np.arange(length))
    np.testing.assert_array_equal(np.asarray(out[0, :, 0, 0], np.float64), expected)
    assert all(np.isfinite(np.asarray(x, np.float64)).all() for x in (out, *grads))


@pytest.mark.slow
@needs_mosaic
def test_vmap_makes_the_batch_longer():
    """Two sets of queries against one set of keys: the gradient of these is summed."""
    q, k, v = draw(2, 64, 1, 1, 16, jnp.bfloat16)
    q, k, v = q[:, None], k[:1], v[:1]

    def loss(k, name):
        one = lambda q: attention(q, k, v, implementation=name)
        return jnp.sum(jax.vmap(one)(q).astype(jnp.float32) ** 2)

    ours, theirs = (
        jax.jit(jax.grad(loss), static_argnums=1)(k, name)
        for name in ("interpret", "reference")
    )
    assert error(ours, theirs) < 2**-6


@pytest.mark.parametrize(
    "shape, dtype, why",
    [
        ((1, 64, 1, 1, 16), "float32", "takes bfloat16, got float32"),
        ((1, 65, 1, 1, 16), "bfloat16", "multiple of 64, got T=65"),
        ((1, 64, 1, 1, 24), "bfloat16", "got K=24"),
    ],
)
@needs_mosaic
def test_what_the_kernel_cannot_take_it_refuses_and_auto_does_without(
    shape, dtype, why
):
    inputs = draw(*shape, dtype)
    for named in ("pallas", "interpret"):
        with pytest.raises(NotImplementedError, match=why):
            attention(*inputs, implementation=named)
    auto, plain = (attention(*inputs, implementation=n) for n in ("auto", "reference"))
    np.testing.assert_array_equal(
        np.asarray(auto, np.float32), np.asarray(plain, np.float32)
    )


@pytest.mark.parametrize(
    "given, why",
    [
        (dict(softcap=30.0), "the kernel has no softcap, got 30.0"),
        (dict(valid=jnp.ones((1, 64), bool)), "the kernel has no mask of valid keys"),
        (dict(queries=1), "as many queries as keys, got T=1 and S=64"),
    ],
)
@needs_mosaic
def test_what_only_the_reference_can_do_the_kernel_refuses(given, why):
    given = dict(given)
    q, k, v = draw(1, 64, 1, 1, 16, jnp.bfloat16)
    q = q[:, 64 - given.pop("queries", 64) :]
    with pytest.raises(NotImplementedError, match=why):
        attention(q, k, v, **given, implementation="pallas")
    assert attention(q, k, v, **given).shape == q.shape


def test_heads_that_do_not_divide_and_mixed_dtypes_are_refused():
    q, k, v = draw(1, 4, 3, 2, 4)
    with pytest.raises(ValueError, match="equal groups per key head, got 3 and 2"):
        attention(q, k, v)
    with pytest.raises(ValueError, match="one dtype, got q float32, k bfloat16"):
        attention(q[:, :, :2], k.astype(jnp.bfloat16), v)
    with pytest.raises(ValueError, match="at least one"):
        attention(q[:, :0], k[:, :0], v[:, :0])
    with pytest.raises(ValueError, match="got 4 queries and 3 keys"):
        attention(q[:, :, :2], k[:, :3], v[:, :3])
    with pytest.raises(ValueError, match="softcap must be above 0, got 0"):
        attention(q[:, :, :2], k, v, softcap=0.0)
