"""ladder_matmul: the formula, the twins, level 0, one program for every level."""

import functools

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import pytest
from lanes_of_tests import mostly_slow

from koki2.kernels import cases, ladder_matmul
from koki2.kernels.dispatch import no_mosaic
from koki2.kernels.ladder_matmul import reference

needs_mosaic = pytest.mark.skipif(no_mosaic() is not None, reason=str(no_mosaic()))
NAMES = ["reference", pytest.param("interpret", marks=needs_mosaic)]
TINY = [c for c in cases.CASES if c.op == "ladder_matmul" and c.use == "tiny"]


def draw(items, wide, out, ranks, adapters, dtype=jnp.bfloat16, seed=0):
    """x, w, a, b."""
    shapes = (items, wide), (wide, out), (adapters, wide, ranks), (adapters, ranks, out)
    draw = np.random.default_rng(seed).standard_normal
    return tuple(jnp.asarray(draw(shape), dtype) for shape in shapes)


def by_hand(x, w, a, b, level, adapter, scale):
    """The formula of the door, item by item, in float64."""
    x, w, a, b = (np.asarray(y, np.float64) for y in (x, w, a, b))
    out = x @ w
    for n, (r, m, s) in enumerate(zip(level, adapter, scale, strict=True)):
        if 0 <= m < len(a) and r > 0:
            out[n] += s * (x[n] @ a[m, :, :r]) @ b[m, :r]
    return out


def error(ours, expected):
    """Largest difference, as a share of the largest number."""
    ours, expected = (np.asarray(x, np.float64) for x in (ours, expected))
    return np.abs(ours - expected).max() / np.abs(expected).max()


def bits(x):
    x = np.asarray(x)
    return x.view(f"u{x.itemsize}")


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-6), ("bfloat16", 2**-7)])
@pytest.mark.parametrize(
    "shape",
    mostly_slow(
        [(1, 1, 1, 1, 1), (7, 5, 3, 4, 2), (65, 33, 70, 8, 5)], (7, 5, 3, 4, 2)
    ),
)
def test_the_reference_is_the_formula_and_auto_takes_it(shape, dtype, tolerance):
    """Levels from -1 to R + 1, adapters from -1 to M: what is outside is clipped."""
    items, _, _, ranks, adapters = shape
    level = np.arange(items) % (ranks + 3) - 1
    adapter = np.arange(items) * 7 % (adapters + 2) - 1
    scale = np.linspace(0.5, 2.0, items)
    inputs = draw(*shape, dtype)
    out = jax.jit(ladder_matmul)(
        *inputs,
        jnp.asarray(level, jnp.int32),
        adapter=jnp.asarray(adapter, jnp.int32),
        scale=jnp.asarray(scale, jnp.float32),
    )
    assert out.dtype == dtype
    assert error(out, by_hand(*inputs, level, adapter, scale)) < tolerance


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


@pytest.mark.parametrize("name", NAMES)
def test_at_level_0_it_is_the_host_bit_for_bit(name):
    """Whether the whole tile is off, or one item among others that are on."""
    x, w, a, b = draw(128, 64, 64, 16, 2)
    run = jax.jit(functools.partial(ladder_matmul, x, w, implementation=name))
    off = bits(run(a, b, 0, adapter=jnp.zeros(128, jnp.int32)))
    level = jnp.where(jnp.arange(128) % 3 == 1, 9, 0)
    some = bits(run(a, b, level, adapter=jnp.arange(128) % 2))
    np.testing.assert_array_equal(some[level == 0], off[level == 0])
    assert (some[level == 9] != off[level == 9]).any(axis=1).all()
    none = jnp.where(jnp.arange(128) < 64, -1, 2)
    np.testing.assert_array_equal(bits(run(a, b, 16, adapter=none)), off)
    if name == "reference":
        host = jax.jit(functools.partial(jnp.dot, preferred_element_type=jnp.float32))
        np.testing.assert_array_equal(off, bits(host(x, w).astype(x.dtype)))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_whole_numbers_have_one_answer_whatever_the_order_of_sums(name):
    """-1, 0 and 1: every sum is exact in float32, and few enough for bfloat16."""
    draw = np.random.default_rng(0)
    some = lambda *shape: jnp.asarray(draw.integers(-1, 2, shape), jnp.bfloat16)
    x, w, a, b = some(64, 64), some(64, 64), some(1, 64, 16), some(1, 16, 64)
    level, adapter = draw.integers(0, 3, 64), np.zeros(64, int)
    out = ladder_matmul(
        x, w, a[0], b[0], jnp.asarray(level, jnp.int32), implementation=name
    )
    exact = by_hand(x, w, a, b, level, adapter, np.ones(64))
    assert np.abs(exact).max() <= 256  # a bfloat16 holds these exactly
    np.testing.assert_array_equal(np.asarray(out, np.float64), exact)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_ranks_that_are_off_have_a_gradient_of_exactly_0(name):
    x, w, a, b = draw(64, 64, 64, 16, 2)
    level = jnp.where(jnp.arange(64) < 32, 5, 3)  # adapter 1 is never above 3
    adapter = (jnp.arange(64) >= 32).astype(jnp.int32)

    def loss(a, b, scale):
        knobs = dict(adapter=adapter, scale=scale, implementation=name)
        out = ladder_matmul(x, w, a, b, level, **knobs)
        return jnp.sum(out.astype(jnp.float32) ** 2)

    scale = jnp.ones(64).at[7].set(0.0)
    da, db, d_scale = jax.jit(jax.grad(loss, (0, 1, 2)))(a, b, scale)
    for m, top in ((0, 5), (1, 3)):
        assert not np.any(da[m, :, top:]) and not np.any(db[m, top:])
        assert np.all(np.any(da[m, :, :top], 0)) and np.all(np.any(db[m, :top], 1))
    assert np.all(d_scale)


@pytest.mark.slow
def test_gradients_of_the_reference_are_the_finite_differences():
    with jax.enable_x64(True):
        inputs = draw(6, 4, 3, 5, 2, jnp.float64)
        level = jnp.array([0, 1, 2, 3, 5, 5], jnp.int32)
        adapter = jnp.array([0, 1, 0, 1, -1, 0], jnp.int32)
        run = lambda x, w, a, b, scale: reference.ladder_matmul(
            x, w, a, b, level, adapter, scale
        )
        inputs = (*inputs, jnp.linspace(0.5, 2.0, 6))
        jax.test_util.check_grads(
            jax.jit(run), inputs, order=1, modes=["rev"], rtol=1e-6
        )


@pytest.mark.parametrize("name", NAMES)
def test_no_level_recompiles(name):
    x, w, a, b = draw(64, 64, 64, 16, 1)
    traced = []

    @jax.jit
    def run(level):
        traced.append(level)
        return ladder_matmul(x, w, a[0], b[0], level, implementation=name)

    outs = [np.asarray(run(jnp.int32(level)), np.float32) for level in (0, 1, 16)]
    assert len(traced) == 1
    assert (outs[0] != outs[1]).any() and (outs[1] != outs[2]).any()


@pytest.mark.slow
@needs_mosaic
@pytest.mark.parametrize(
    "batched", mostly_slow(["x", "adapters", "host", "all"], "all")
)
def test_vmap_over_one_adapter_is_many(batched, monkeypatch):
    """Items join, adapters join; only hosts make groups. One launch, always."""
    two = 2
    shapes = {"x": "x", "adapters": "ab", "host": "w", "all": "xwab"}
    inputs = dict(zip("xwab", draw(64, 64, 64, 16, 1), strict=True))
    inputs["a"], inputs["b"] = inputs["a"][0], inputs["b"][0]
    axes = dict.fromkeys("xwab")
    for name in shapes[batched]:
        inputs[name] = jnp.stack([inputs[name], -2 * jnp.roll(inputs[name], 1)])
        axes[name] = 0
    level = jnp.array([3, 16], jnp.int32)

    def run(name, inputs):
        one = lambda i, level: ladder_matmul(
            i["x"], i["w"], i["a"], i["b"], level, implementation=name
        )
        out = jax.vmap(one, in_axes=(axes, 0), axis_size=two)(inputs, level)
        return jnp.sum(out.astype(jnp.float32) ** 2), out

    from koki2.kernels.ladder_matmul import pallas

    launches, launch = [], pallas._launch
    spy = lambda arrays, turn, interpret: (
        launches.append((turn, *arrays[0].shape[:2])) or launch(arrays, turn, interpret)
    )
    monkeypatch.setattr(pallas, "_launch", spy)
    run = jax.jit(jax.grad(run, argnums=1, has_aux=True), static_argnums=0)
    ours, theirs = run("interpret", inputs), run("reference", inputs)
    for a, b in zip(*map(jax.tree.leaves, (ours, theirs)), strict=True):
        assert a.shape == b.shape and error(a, b) < 2**-6
    size = (two, 64) if axes["w"] == 0 else (1, two * 64)  # groups, items
    assert {(False, *size), (True, *size)} <= set(launches)


def test_a_frozen_host_costs_no_gradient():
    """2 N D O = 2^21 operations less: what d w would be."""
    inputs = draw(128, 128, 64, 16, 1)

    def cost(*wrt):
        loss = lambda x, w, a, b: jnp.sum(
            ladder_matmul(x, w, a[0], b[0], 3).astype(jnp.float32)
        )
        compiled = jax.jit(jax.grad(loss, wrt)).lower(*inputs).compile()
        return compiled.cost_analysis()["flops"]

    saved = cost(0, 1, 2, 3) - cost(0, 2, 3)
    assert abs(saved / 2**21 - 1) < 0.05


@needs_mosaic
@pytest.mark.parametrize(
    "shape, dtype, why",
    [
        ((64, 64, 64, 16), "float32", "takes bfloat16, got float32"),
        ((63, 64, 64, 16), "bfloat16", "N must be a multiple of 64, got N=63"),
        ((64, 48, 64, 16), "bfloat16", "D must be a multiple of 64, got D=48"),
        ((64, 64, 65, 16), "bfloat16", "O must be a multiple of 64, got O=65"),
        ((64, 64, 64, 8), "bfloat16", "got R=8"),
    ],
)
def test_what_the_kernel_cannot_take_it_refuses(shape, dtype, why):
    x, w, a, b = draw(*shape, 1, dtype)
    for named in ("pallas", "interpret"):
        with pytest.raises(NotImplementedError, match=why):
            ladder_matmul(x, w, a[0], b[0], 1, implementation=named)


def test_mixed_dtypes_and_adapters_without_an_index_are_refused():
    x, w, a, b = draw(4, 3, 2, 2, 2)
    with pytest.raises(ValueError, match="and `adapter`.*no adapter"):
        ladder_matmul(x, w, a, b, 1)
    with pytest.raises(ValueError, match="an adapter"):
        ladder_matmul(x, w, a[0], b[0], 1, adapter=jnp.zeros(4, jnp.int32))
    with pytest.raises(ValueError, match="one dtype, got x bfloat16, w float32"):
        ladder_matmul(x, w.astype(jnp.float32), a[0], b[0], 1)
    with pytest.raises(ValueError, match="at least one"):
        ladder_matmul(x[:0], w, a[0], b[0], 1)
