"""A battery for `over_lanes`: every rule, and what goes without one.

Each case is a function of one item and its arguments, whose last two axes are lanes
(of size 1 where an argument is the same for all). The normal lane compares it with
`vmap` within a tolerance, the strict lane bit for bit.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.extend import core as jex

from koki2.kernels import edge_sum, in_table
from koki2.lanes import any_lane, over_lanes

Shape = tuple[int, ...]

LANES = (2, 3)
NAN = float("nan")


class Case(NamedTuple):
    function: Callable
    args: tuple[Array, ...]
    reordered: bool = False  # XLA adds more than 32 rows, or several axes, otherwise


def _draw(shape: Shape, lanes: Shape) -> np.ndarray:
    seed = sum(shape) * 10 + len(shape)
    return np.random.default_rng(seed).normal(size=(*shape, *lanes))


def floats(*shape: int, lanes: Shape = LANES) -> Array:
    return jnp.asarray(_draw(shape, lanes), jnp.float32)


def ints(*shape: int, lanes: Shape = LANES) -> Array:
    return jnp.asarray(np.round(_draw(shape, lanes) * 3), jnp.int32)


def bools(*shape: int, lanes: Shape = LANES) -> Array:
    return jnp.asarray(_draw(shape, lanes) > 0)


def keys(*, lanes: Shape = LANES) -> Array:
    count = lanes[0] * lanes[1]
    return jax.random.split(jax.random.key(5), count).reshape(lanes)


def ties(*shape: int) -> Array:
    """Few different numbers, so that extremes tie; one lane has NaN in it."""
    x = np.round(_draw(shape, LANES))
    x[-1, ..., 0, 1] = NAN
    return jnp.asarray(x, jnp.float32)


def _elementwise() -> Iterator[tuple[str, Case]]:
    x, y, i, j = floats(3), floats(3, lanes=(2, 1)), ints(3), ints(3, lanes=(1, 3))
    one_float = """neg sign abs floor ceil round exp exp2 log log1p expm1 tanh logistic
    sqrt rsqrt cbrt square sin cos tan erf erf_inv erfc is_finite""".split()
    two_floats = "add sub mul div rem max min pow nextafter eq ne lt le gt ge".split()
    two_ints = "add sub mul div rem max min bitwise_and bitwise_or bitwise_xor".split()
    shifts = "shift_left shift_right_logical shift_right_arithmetic".split()
    for name in one_float:
        yield name, Case(getattr(lax, name), (x,))
    for name in two_floats:
        yield name, Case(getattr(lax, name), (x, y))
    for name in two_ints:
        yield f"{name} of integers", Case(getattr(lax, name), (i, j))
    for name in shifts:
        yield name, Case(getattr(lax, name), (i, abs(j)))
    yield "not", Case(lax.bitwise_not, (i,))
    yield "population_count", Case(lax.population_count, (i,))
    yield "integer_pow", Case(lambda x: x**3, (x,))
    yield "convert", Case(lambda i: i.astype(jnp.float32), (i,))
    yield "bitcast", Case(lambda x: lax.bitcast_convert_type(x, jnp.int32), (x,))
    yield "copy", Case(jnp.copy, (x,))
    yield "stop_gradient", Case(lax.stop_gradient, (x,))
    yield "gradient of a sum", Case(jax.grad(lambda x: jnp.sum(x * x * x)), (x,))
    yield "select", Case(jnp.where, (bools(3), x, y))
    yield "select by a scalar", Case(jnp.where, (bools(), x, y))
    yield (
        "select among three",
        Case(lambda i, *xs: lax.select_n(i % 3, *xs), (abs(i), x, x + 1, y)),
    )
    yield "clamp", Case(lambda x: jnp.clip(x, -0.5, 0.5), (x,))
    yield "clamp by data", Case(lax.clamp, (-abs(floats()), x, abs(floats())))
    yield "a scalar meets a matrix", Case(lambda x, m: x * m, (floats(), floats(2, 3)))


def _moving() -> Iterator[tuple[str, Case]]:
    x, i = floats(4, 3), ints()
    order = np.array([2, 0, 0])
    yield "slice", Case(lambda x: x[1:3, 2], (x,))
    yield "every other row", Case(lambda x: x[::2], (x,))
    yield "reshape", Case(lambda x: x.reshape(2, 6), (x,))
    yield "squeeze", Case(lambda x: jnp.squeeze(x[:1], 0), (x,))
    yield "broadcast", Case(lambda x: jnp.broadcast_to(x[:, None], (4, 2, 3)), (x,))
    yield "transpose", Case(lambda x: x.T, (x,))
    yield "stack", Case(lambda x, y: jnp.stack([x, y], 1), (floats(3), floats(3)))
    yield "stack a row", Case(lambda x: jnp.stack([x[0], x[1], x[0]]), (x,))
    yield "unstack", Case(lambda x: jnp.unstack(x, axis=1), (x,))
    yield (
        "concatenate",
        Case(lambda x, y: jnp.concatenate([x, y]), (x, floats(2, 3, lanes=(2, 1)))),
    )
    yield "gather by a constant", Case(lambda x: x[order], (x,))
    yield "gather columns by a constant", Case(lambda x: x[:, order], (x,))
    yield (
        "gather what is the same in all lanes",
        Case(lambda x: x + jnp.arange(5.0)[jnp.array([3, 1, 0, 2])][:, None], (x,)),
    )
    yield "gather by data", Case(lambda x, i: x[i], (x, abs(ints(5)) % 4))
    yield (
        "row by data, any integer",
        Case(
            lambda x, i: lax.dynamic_index_in_dim(x, i, 0, keepdims=False), (x, 4 * i)
        ),
    )
    yield "column by data", Case(lambda x, i: lax.dynamic_index_in_dim(x, i, 1), (x, i))
    yield "row of a constant", Case(lambda i: jnp.arange(5.0)[i], (i,))
    yield (
        "two rows by data",
        Case(lambda x, i: lax.dynamic_slice_in_dim(x, i, 2), (x, i)),
    )
    yield "scatter", Case(lambda x, i: x.at[i].add(1.0), (x, abs(i)))
    yield "sort", Case(jnp.sort, (floats(5),))
    yield "constants only", Case(lambda x: jnp.arange(3), (x,))


def _sums() -> Iterator[tuple[str, Case]]:
    x = floats(3, 4)
    yield "sum of rows", Case(lambda x: jnp.sum(x, 0), (x,))
    yield "sum of all", Case(jnp.sum, (x,), reordered=True)
    yield "sum of 32", Case(jnp.sum, (floats(32),))
    yield "sum of 64", Case(jnp.sum, (floats(64),), reordered=True)
    yield "sum of 100", Case(jnp.sum, (floats(100),), reordered=True)
    yield "sum of 100 integers", Case(jnp.sum, (ints(100),))
    yield "mean", Case(jnp.mean, (floats(8),))
    yield "largest of 100", Case(jnp.max, (floats(100),))
    yield "largest", Case(lambda x: jnp.max(x, 1), (x,))
    yield "smallest, NaN among them", Case(jnp.min, (ties(5),))
    yield "any", Case(lambda x: jnp.any(x, 0), (bools(3, 4),))
    yield "all", Case(lambda x: jnp.all(x, 1), (bools(3, 4),))
    yield "product", Case(jnp.prod, (x,))
    yield "running sum", Case(jnp.cumsum, (floats(5),))
    for name, function in (("argmin", jnp.argmin), ("argmax", jnp.argmax)):
        yield name, Case(function, (floats(6),))
        yield f"{name} of rows", Case(lambda x, f=function: f(x, axis=1), (x,))
        yield f"{name}, ties and NaN", Case(function, (ties(6),))
        yield f"{name} of integers", Case(function, (ints(6),))
        yield f"{name} of two NaN", Case(function, (ties(3) / ties(3) * 0,))
    m, v = floats(3, 4), floats(4, lanes=(2, 1))
    constant = jnp.asarray(_draw((3, 4), ()), jnp.float32)
    yield "vector by vector", Case(jnp.dot, (v, floats(4)))
    yield "matrix by vector", Case(jnp.dot, (m, v))
    yield "vector by matrix", Case(jnp.dot, (floats(3), m))
    yield "matrix by matrix", Case(jnp.dot, (m, floats(4, 2)))
    yield "constant by vector", Case(lambda v: constant @ v, (v,))
    yield "vector by constant", Case(lambda x: x @ constant, (floats(3),))
    yield "outer product", Case(jnp.outer, (floats(3), v))
    yield (
        "contract the first axes",
        Case(
            lambda a, b: lax.dot_general(a, b, (((0,), (0,)), ((), ()))),
            (m, floats(3, 2)),
        ),
    )
    yield "batched product", Case(jnp.matmul, (floats(2, 3, 4), floats(2, 4, 3)))
    yield "softmax", Case(jax.nn.softmax, (floats(5),))


def _control() -> Iterator[tuple[str, Case]]:
    x, p = floats(3), bools()
    up, down = (lambda x: (x + 1.0, x[0])), (lambda x: (x * x, x[1]))
    yield "cond by data", Case(lambda p, x: lax.cond(p, up, down, x), (p, x))
    yield (
        "cond by a constant",
        Case(lambda x: lax.cond(jnp.array(True), up, down, x), (x,)),
    )
    yield (
        "cond by some lanes",
        Case(lambda p, x: lax.cond(p, up, down, x), (bools(lanes=(2, 1)), x)),
    )
    yield (
        "cond within cond",
        Case(
            lambda p, q, x: lax.cond(
                p, lambda: lax.cond(q, up, down, x), lambda: down(x)
            ),
            (p, bools(lanes=(1, 3)), x),
        ),
    )
    yield (
        "switch",
        Case(
            lambda i, x: lax.switch(i, [up, down, lambda x: (-x, x[2])], x), (ints(), x)
        ),
    )
    yield (
        "branches that mix lanes and none",
        Case(lambda p, x: lax.cond(p, lambda: x[0], lambda: jnp.float32(0.0)), (p, x)),
    )
    yield "jit", Case(lambda x: jax.jit(lambda x: x + 1.0)(x), (x,))
    yield "custom derivative", Case(jax.nn.relu, (x,))
    yield "checkpoint", Case(jax.checkpoint(lambda x: jnp.sin(x)), (x,))
    yield "a loop", Case(lambda x: lax.fori_loop(0, 3, lambda _, x: x * 0.5, x), (x,))
    yield (
        "a loop as long as data say",
        Case(
            lambda x, n: lax.fori_loop(0, n, lambda _, x: x * 0.5, x), (x, abs(ints()))
        ),
    )
    yield "scan", Case(lambda x: lax.scan(lambda c, x: (c + x, c), 0.0, x), (x,))
    yield (
        "any_lane",
        Case(
            lambda p, x: lax.cond(
                any_lane(p), lambda x: jnp.where(p, -x, x), lambda x: x, x
            ),
            (p, x),
        ),
    )
    wiring = np.array([0, 1, 2, 2]), np.array([1, 2, 0, 1])
    spikes = bools(3).astype(jnp.float32)
    yield (
        "edge_sum",
        Case(
            lambda *args: edge_sum(*args, *wiring), (x, floats(4, lanes=(2, 1)), spikes)
        ),
    )
    data = (*(jnp.asarray(a) for a in wiring), jnp.asarray(in_table(*wiring)))
    yield (
        "edge_sum with wiring as data",
        Case(
            lambda *args: edge_sum(*args, *data), (x, floats(4, lanes=(2, 1)), spikes)
        ),
    )


def _random() -> Iterator[tuple[str, Case]]:
    random = jax.random
    constant = random.key(3)
    words = lambda key: random.key_data(key)
    yield "fold_in", Case(lambda k: words(random.fold_in(k, 7)), (keys(),))
    yield (
        "fold_in of data",
        Case(
            lambda k, i: words(random.fold_in(k, i)), (keys(lanes=(2, 1)), abs(ints()))
        ),
    )
    yield (
        "fold_in of data into a constant",
        Case(lambda i: words(random.fold_in(constant, i)), (abs(ints()),)),
    )
    yield "split", Case(lambda k: words(random.split(k)[1]), (keys(),))
    yield "split in many", Case(lambda k: words(random.split(k, 65)), (keys(),))
    yield "bits", Case(lambda k: random.bits(k, (3,)), (keys(lanes=(1, 3)),))
    yield "many bits", Case(lambda k: random.bits(k, (65,)), (keys(),))
    yield "bytes", Case(lambda k: random.bits(k, (5,), "uint8"), (keys(),))
    yield (
        "bits of a constant",
        Case(lambda x: x + random.uniform(random.clone(constant), (3,)), (floats(3),)),
    )
    yield "uniform", Case(lambda k: random.uniform(k, (4,)), (keys(),))
    yield "normal", Case(lambda k: random.normal(k, (4,)), (keys(),))
    yield "bernoulli", Case(lambda k: random.bernoulli(k, 0.3, (4,)), (keys(),))
    yield "randint", Case(lambda k: random.randint(k, (4, 2), 0, 17), (keys(),))
    yield "permutation", Case(lambda k: random.permutation(k, 5), (keys(),))
    yield (
        "a draw for each of a split",
        Case(
            lambda k: jax.vmap(lambda k: random.randint(k, (), 0, 99))(
                random.split(k, 3)
            ),
            (keys(),),
        ),
    )


GROUPS = {
    "elementwise": _elementwise,
    "moving": _moving,
    "sums": _sums,
    "control": _control,
    "random": _random,
}


def results(
    group: str, options: dict[str, int] | None = None
) -> tuple[dict[str, Case], dict[str, Any], dict[str, Any]]:
    """The cases of a group, and what `over_lanes` and `vmap` make of them."""
    cases = dict(GROUPS[group]())
    args = {name: case.args for name, case in cases.items()}

    def ours(args: dict[str, tuple]) -> dict[str, Any]:
        return {n: over_lanes(c.function, 2)(*args[n]) for n, c in cases.items()}

    def theirs(args: dict[str, tuple]) -> dict[str, Any]:
        return {n: by_vmap(c, args[n]) for n, c in cases.items()}

    ours, theirs = (jax.jit(f, compiler_options=options) for f in (ours, theirs))
    first = jax.device_get(ours(args))
    with jax.debug_key_reuse(False):  # jax 0.10.2 suspects a vmap of vmap of randint
        return cases, first, jax.device_get(theirs(args))


def by_vmap(case: Case, args: Sequence[Array]) -> Any:
    """The case by `vmap`, lanes of size 1 spread out first."""
    lanes = jnp.broadcast_shapes(*(x.shape[-2:] for x in args))
    whole = [jnp.broadcast_to(x, x.shape[:-2] + lanes) for x in args]
    over = jax.vmap(case.function, in_axes=-1, out_axes=-1)
    return jax.vmap(over, in_axes=-1, out_axes=-1)(*whole)


def equations(jaxpr: jex.Jaxpr) -> Iterator[jex.JaxprEqn]:
    """All operations of a program, also within branches and calls."""
    for eqn in jaxpr.eqns:
        yield eqn
        for value in jax.tree.leaves(list(eqn.params.values()), is_leaf=_is_program):
            if _is_program(value):
                yield from equations(getattr(value, "jaxpr", value))


def _is_program(value: object) -> bool:
    return isinstance(value, jex.ClosedJaxpr | jex.Jaxpr)
