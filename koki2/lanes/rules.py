"""How each operation of an item is carried out on arrays of shape `item + lanes`.

A rule takes an equation and its operands as `Lane`s and gives back `Lane`s. Operations
whose operands have no lanes stay what they are; those without a rule go through `vmap`.
Keys are raw words here: a key array of shape `s` is uint32 of shape `s + [2] + lanes`.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core as jex

from koki2.lanes import reductions, threefry
from koki2.lanes.hints import any_lane_p, lane_form_p
from koki2.lanes.lane import as_lane, Lane, lane_sizes

WORDS = 64  # the most random words written out one by one
CHOICES = 64  # the most rows chosen among by a chain

CALLS = set("jit pjit closed_call core_call custom_jvp_call custom_vjp_call".split())


def called(eqn):
    """The jaxpr and constants of an equation that calls one."""
    params = eqn.params
    names = ("jaxpr", "call_jaxpr", "fun_jaxpr")
    closed = next(params[name] for name in names if name in params)
    if isinstance(closed, jex.ClosedJaxpr):
        return closed.jaxpr, closed.consts
    return closed, ()


def apply(eqn, values, axes):
    """Carries out one equation on operands with and without lanes."""
    rule = RULES.get(eqn.primitive.name)
    if rule is not None:
        return rule(eqn, values, axes)
    if all(value.uniform for value in values):
        return _uniform(eqn, values)
    return _fallback(eqn, values, axes)


def evaluate(jaxpr, consts, inputs, axes):
    """Carries out a whole jaxpr, as of a branch or a call."""
    env = dict(zip(jaxpr.invars, inputs, strict=True))
    for var, value in zip(jaxpr.constvars, consts, strict=True):
        env[var] = as_lane(value, jnp.ndim(value))

    def read(atom):
        if isinstance(atom, jex.Literal):
            return Lane(jnp.asarray(atom.val, atom.aval.dtype), jnp.ndim(atom.val))
        return env[atom]

    for eqn in jaxpr.eqns:
        outs = apply(eqn, [read(atom) for atom in eqn.invars], axes)
        env.update(zip(eqn.outvars, outs, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _bind(eqn, arrays):
    out = eqn.primitive.bind(*arrays, **eqn.params)
    return out if eqn.primitive.multiple_results else [out]


def _uniform(eqn, values):
    return [Lane(out, out.ndim) for out in _bind(eqn, [v.array for v in values])]


def _fallback(eqn, values, axes):
    if all(value.uniform for value in values):
        outs = _bind(eqn, [value.array for value in values])
        return [Lane(out, out.ndim) for out in outs]
    sizes = lane_sizes(values, axes)
    arrays = [v.array if v.uniform else v.spread(sizes) for v in values]
    where = tuple(None if v.uniform else -1 for v in values)
    function = lambda *arrays: _bind(eqn, arrays)
    for _ in range(axes):
        function = jax.vmap(function, in_axes=where, out_axes=-1)
    return [Lane(out, out.ndim - axes) for out in function(*arrays)]


def _elementwise(eqn, values, axes):
    rank = max(value.rank for value in values)
    laned = not all(value.uniform for value in values)
    arrays = []
    for value in values:
        array = value.array
        if array.ndim:  # a plain scalar meets every shape as it is
            array = value.with_lanes(axes) if laned else array
            array = array.reshape((1,) * (rank - value.rank) + array.shape)
        arrays.append(array)
    shape = jnp.broadcast_shapes(*(array.shape for array in arrays))
    scalars = eqn.primitive.name not in ("select_n", "clamp")
    arrays = [
        array if scalars and not array.ndim else jnp.broadcast_to(array, shape)
        for array in arrays
    ]
    return [Lane(out, rank) for out in _bind(eqn, arrays)]


# --- moving data: lanes stay behind ---------------------------------------------------


def _slice(eqn, values, axes):
    (value,) = values
    p = eqn.params
    kept = len(p["start_indices"])
    steps = tuple(p["strides"] or (1,) * kept)
    rest = value.array.shape[kept:]
    starts = tuple(p["start_indices"]) + (0,) * len(rest)
    stops = tuple(p["limit_indices"]) + rest
    array = lax.slice(value.array, starts, stops, steps + (1,) * len(rest))
    return [Lane(array, value.rank)]


def _squeeze(eqn, values, axes):
    (value,) = values
    gone = eqn.params["dimensions"]
    return [Lane(lax.squeeze(value.array, gone), value.rank - len(gone))]


def _reshape(eqn, values, axes):
    sizes = tuple(eqn.params["new_sizes"])
    return [Lane(values[0].array.reshape(sizes + values[0].lanes), len(sizes))]


def _broadcast(eqn, values, axes):
    value, shape = values[0], tuple(eqn.params["shape"])
    lanes = value.lanes
    where = (
        *eqn.params["broadcast_dimensions"],
        *range(len(shape), len(shape) + len(lanes)),
    )
    array = lax.broadcast_in_dim(value.array, shape + lanes, where)
    return [Lane(array, len(shape))]


def _transpose(eqn, values, axes):
    (value,) = values
    order = (*eqn.params["permutation"], *range(value.rank, value.array.ndim))
    return [Lane(lax.transpose(value.array, order), value.rank)]


def _unstack(eqn, values, axes):
    (value,) = values
    rows = reductions.rows(value.array, eqn.params["axis"])
    return [Lane(row, value.rank - 1) for row in rows]


def _stack(eqn, values, axes):
    axis = eqn.params["axis"]
    values = [Lane(jnp.expand_dims(v.array, axis), v.rank + 1) for v in values]
    return _join(values, axis, axes)


def _join(values, axis, axes):
    if all(value.uniform for value in values):
        arrays = [value.array for value in values]
    else:
        sizes = lane_sizes(values, axes)
        arrays = [value.spread(sizes) for value in values]
    return [Lane(lax.concatenate(arrays, axis), values[0].rank)]


def _gather(eqn, values, axes):
    """Rows by an index that is the same in all lanes, as of a fixed wiring."""
    value, index = values
    if not index.uniform or value.uniform:
        return _fallback(eqn, values, axes)
    p = eqn.params
    rank = len(eqn.outvars[0].aval.shape)
    behind = range(rank, rank + len(value.lanes))
    numbers = p["dimension_numbers"]
    numbers = numbers._replace(offset_dims=(*numbers.offset_dims, *behind))
    out = lax.gather(
        value.array,
        index.array,
        numbers,
        slice_sizes=(*p["slice_sizes"], *value.lanes),
        indices_are_sorted=p["indices_are_sorted"],
        unique_indices=p["unique_indices"],
        mode=p["mode"],
        fill_value=p["fill_value"],
    )
    return [Lane(out, rank)]


def _dynamic_slice(eqn, values, axes):
    """One row by an index that differs between lanes: a chain of choices."""
    value, *starts = values
    sizes, shape = eqn.params["slice_sizes"], value.array.shape
    moving = [i for i, size in enumerate(sizes) if size != shape[i]]
    if len(moving) != 1 or sizes[moving[0]] != 1 or shape[moving[0]] > CHOICES:
        return _fallback(eqn, values, axes)
    (axis,) = moving
    rows = [
        lax.slice_in_dim(value.with_lanes(axes), i, i + 1, axis=axis)
        for i in range(shape[axis])
    ]
    index = starts[axis].with_lanes(axes)
    index = index.reshape((1,) * value.rank + index.shape)
    out = rows[-1]
    for i, row in reversed(list(enumerate(rows[:-1]))):
        out = jnp.where(index <= i, row, out)
    return [Lane(out, value.rank)]


# --- sums and choices -----------------------------------------------------------------


def _reduce(combine):
    def rule(eqn, values, axes):
        (value,) = values
        array = value.array
        for axis in sorted(eqn.params["axes"], reverse=True):
            array = reductions.reduce(combine, array, axis)
        return [Lane(array, value.rank - len(eqn.params["axes"]))]

    return rule


def _arg_extreme(better):
    def rule(eqn, values, axes):
        (value,) = values
        (axis,) = eqn.params["axes"]
        rows = reductions.rows(value.array, axis)
        index = reductions.first_extreme(better, rows, eqn.params["index_dtype"])
        return [Lane(index, value.rank - 1)]

    return rule


def _dot(eqn, values, axes):
    left, right = values
    contracted, batched = eqn.params["dimension_numbers"]
    if left.uniform and right.uniform:
        return _uniform(eqn, values)
    if batched[0] or len(contracted[0]) != 1:
        return _fallback(eqn, values, axes)
    arrays = left.with_lanes(axes), right.with_lanes(axes)
    ranks = left.rank - 1, right.rank - 1
    where = contracted[0][0], contracted[1][0]
    return [Lane(reductions.dot(*arrays, *where, *ranks), sum(ranks))]


# --- control --------------------------------------------------------------------------


def _cond(eqn, values, axes):
    index, *operands = values
    branches = eqn.params["branches"]
    shapes = [tuple(aval.shape) for aval in branches[0].out_avals]
    sizes = lane_sizes(values, axes)

    def run(branch):
        def call(arrays):
            lanes = [Lane(a, v.rank) for a, v in zip(arrays, operands, strict=True)]
            outs = evaluate(branch.jaxpr, branch.consts, lanes, axes)
            return [out.spread(sizes) for out in outs]

        return call

    arrays = [value.array for value in operands]
    if index.uniform:  # the same for all lanes: a real branch
        results = lax.switch(index.array, [run(b) for b in branches], arrays)
    else:
        results = []
        each = [run(branch)(arrays) for branch in branches]
        for shape, options in zip(shapes, zip(*each, strict=True), strict=True):
            which = index.array.reshape((1,) * len(shape) + index.array.shape)
            result = options[0]
            for i, option in enumerate(options[1:], 1):
                result = jnp.where(which == i, option, result)
            results.append(result)
    return [Lane(out, len(shape)) for out, shape in zip(results, shapes, strict=True)]


def _call(eqn, values, axes):
    return evaluate(*called(eqn), values, axes)


def _any_lane(eqn, values, axes):
    return [Lane(jnp.any(values[0].array), 0)]


def _lane_form(eqn, values, axes):
    arrays = [value.with_lanes(axes) for value in values]
    out = eqn.params["lanes"](axes, *arrays)
    return [Lane(out, out.ndim - axes)]


# --- keys: threefry on raw words ------------------------------------------------------


def _fold_in(eqn, values, axes):
    key, data = values
    if key.uniform and data.uniform:
        return [Lane(threefry.fold_in(key.array, data.array), key.rank)]
    out = threefry.fold_in(key.with_lanes(axes), data.with_lanes(axes))
    return [Lane(out, key.rank)]


def _draw(form):
    def rule(eqn, values, axes):
        (key,) = values
        if key.rank > 1 or math.prod(eqn.params["shape"]) > WORDS:
            return _draw_rolled(eqn, key, axes)
        out = form(key.array, eqn.params)
        return [Lane(out, out.ndim - len(key.lanes))]

    return rule


def _draw_rolled(eqn, key, axes):
    """Many words: JAX's own loop, lanes first and back."""

    def function(words):
        out = _bind(eqn, [jax.random.wrap_key_data(words)])[0]
        is_key = jax.dtypes.issubdtype(out.dtype, jax.dtypes.prng_key)
        return jax.random.key_data(out) if is_key else out

    for _ in key.lanes:
        function = jax.vmap(function, in_axes=-1, out_axes=-1)
    out = function(key.array)
    return [Lane(out, out.ndim - len(key.lanes))]


RULES = {
    "slice": _slice,
    "squeeze": _squeeze,
    "reshape": _reshape,
    "broadcast_in_dim": _broadcast,
    "transpose": _transpose,
    "gather": _gather,
    "dynamic_slice": _dynamic_slice,
    "stack": _stack,
    "unstack": _unstack,
    "concatenate": lambda eqn, values, axes: _join(
        values, eqn.params["dimension"], axes
    ),
    "reduce_sum": _reduce(lax.add),
    "reduce_max": _reduce(lax.max),
    "reduce_min": _reduce(lax.min),
    "reduce_and": _reduce(lax.bitwise_and),
    "reduce_or": _reduce(lax.bitwise_or),
    "argmin": _arg_extreme(lax.lt),
    "argmax": _arg_extreme(lax.gt),
    "dot_general": _dot,
    "cond": _cond,
    "random_fold_in": _fold_in,
    "random_split": _draw(lambda key, p: threefry.split(key, p["shape"])),
    "random_bits": _draw(lambda key, p: threefry.bits(key, p["bit_width"], p["shape"])),
    "random_clone": lambda eqn, values, axes: values,
    "random_unwrap": lambda eqn, values, axes: values,
    "random_wrap": lambda eqn, values, axes: values,
    any_lane_p.name: _any_lane,
    lane_form_p.name: _lane_form,
}
RULES |= dict.fromkeys(CALLS, _call)
RULES |= dict.fromkeys(
    """add sub mul div rem neg sign max min abs floor ceil round exp exp2 log log1p
    expm1 tanh logistic sqrt rsqrt cbrt pow integer_pow square sin cos tan erf erf_inv
    erfc is_finite and or xor not eq ne lt le gt ge nextafter select_n clamp
    shift_left shift_right_logical shift_right_arithmetic population_count
    convert_element_type bitcast_convert_type stop_gradient copy add_any""".split(),
    _elementwise,
)
