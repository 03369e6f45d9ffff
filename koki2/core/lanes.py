"""lanes: `vmap` whose batch axes come last, for code written for one item.

Thousands of small lives are fast on a CPU when the lanes (genomes, episodes) lie on
the minor axes, so that one instruction serves many lives, and slow when they lie
first, as `vmap` puts them inside loops and branches. `over_lanes` takes a function
of one item and evaluates it, operation by operation, on arrays of shape
`item + lanes`. Three things it does that `vmap` does not:

* it never moves an axis, whatever mixture of lane shapes meets;
* sums over a short item axis become a chain in index order, so that the bits depend
  neither on the layout nor on the number of lanes;
* `anywhere` and `lane_form` (in `core.lane_ops`) give an item's code a say.

Operations without a rule fall back to `vmap`. Lanes broadcast: a value that is the
same for all genomes has lane axes of size 1 there and is computed once.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core as jex

from koki2.core import threefry
from koki2.core.lane_ops import anywhere_p, lane_form_p

CHAIN = 16  # longest sum unrolled in one go; longer ones go block by block


class Lane:
    """An array of shape `item + lanes`; without lanes it is the same in every one."""

    __slots__ = ("array", "rank")

    def __init__(self, array, rank: int):
        self.array, self.rank = array, rank  # rank of the item

    def with_lanes(self, axes: int):
        extra = self.rank + axes - self.array.ndim
        return self.array.reshape(self.array.shape + (1,) * extra)


def over_lanes(function, lanes: tuple[int, ...]):
    """Maps `function`, written for one item, over trailing lane axes.

    Args:
      function: pure; takes and returns pytrees of arrays.
      lanes: sizes of the lane axes, e.g. `(genomes, episodes)`.

    Returns:
      A function of the same arguments, each a pytree of arrays of shape
      `item + lanes`; a lane axis of size 1 means the same value all along it. The
      item's own shapes are given by `items`, its first argument: a pytree of
      `jax.ShapeDtypeStruct` for the arguments. Results have full lanes.

    Example:
      >>> norm = lambda x: jnp.sum(x * x)
      >>> x = jnp.arange(6.0).reshape(2, 3)  # an item of 2, in 3 lanes
      >>> item = jax.ShapeDtypeStruct((2,), jnp.float32)
      >>> over_lanes(norm, (3,))((item,), x).tolist()
      [9.0, 17.0, 29.0]
    """
    axes = len(lanes)

    def mapped(items, *args, always=None):
        closed, out = jax.make_jaxpr(function, return_shape=True)(*items)
        flat_items = jax.tree.leaves(items)
        flat_args = jax.tree.leaves(args)
        inputs = []
        for item, array in zip(flat_items, flat_args, strict=True):
            if jax.dtypes.issubdtype(array.dtype, jax.dtypes.prng_key):
                array = jnp.moveaxis(jax.random.key_data(array), -1, len(item.shape))
            inputs.append(Lane(array, len(item.shape) + _key_axes(item.dtype)))
        results = _staged(closed, inputs, axes, always)
        full = []
        for lane, shape in zip(results, jax.tree.leaves(out), strict=True):
            full.append(jnp.broadcast_to(lane.with_lanes(axes), shape.shape + lanes))
        return jax.tree.unflatten(jax.tree.structure(out), full)

    return mapped


CALLS = ("jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call")
import os
LIMIT = int(os.environ.get("CUT", "12"))


def _inline(jaxpr, consts):
    """All operations of `jaxpr` in one list, calls inlined: (eqn, inputs, outputs)."""
    ops, known = [], {}
    counter = iter(range(10**9))

    def walk(jaxpr, names):
        def name(atom):
            return atom if isinstance(atom, jex.Literal) else names[atom]

        for eqn in jaxpr.eqns:
            ins = [name(atom) for atom in eqn.invars]
            if eqn.primitive.name in CALLS:
                inner, inner_consts = _callee(eqn)
                inner_names = dict(zip(inner.invars, ins, strict=True))
                for var, value in zip(inner.constvars, inner_consts, strict=True):
                    inner_names[var] = next(counter)
                    known[inner_names[var]] = value
                outs = walk(inner, inner_names)
                names.update(zip(eqn.outvars, outs, strict=True))
                continue
            outs = [next(counter) for _ in eqn.outvars]
            names.update(zip(eqn.outvars, outs, strict=True))
            ops.append((eqn, ins, outs))
        return [name(atom) for atom in jaxpr.outvars]

    names = {}
    inputs = []
    for var in jaxpr.invars:
        names[var] = next(counter)
        inputs.append(names[var])
    for var, value in zip(jaxpr.constvars, consts, strict=True):
        names[var] = next(counter)
        known[names[var]] = value
    outs = walk(jaxpr, names)
    return ops, known, inputs, outs


def _plan(ops, outputs):
    """Cuts the list into stages: what several consumers share ends a stage."""
    consumers = {}
    for eqn, ins, outs in ops:
        size = max([v.aval.size for v in eqn.outvars] + [1])
        for atom in ins:
            if not isinstance(atom, jex.Literal):
                consumers.setdefault(atom, []).append(size)
    for atom in outputs:
        if not isinstance(atom, jex.Literal):
            consumers.setdefault(atom, []).append(1)
    cost, stage, cut = {}, {}, set()
    levels = []
    for eqn, ins, outs in ops:
        vars_in = [a for a in ins if not isinstance(a, jex.Literal)]
        level = max([stage.get(a, 0) + (a in cut) for a in vars_in] + [0])
        own = COSTS.get(eqn.primitive.name, 1)
        if eqn.primitive.name in ("dot_general",):
            c, _ = eqn.params["dimension_numbers"][0]
            own = 2 * eqn.invars[0].aval.shape[c[0]] if c else 1
        if eqn.primitive.name.startswith(("reduce_", "argm")):
            own = eqn.invars[0].aval.size // max(eqn.outvars[0].aval.size, 1)
            inner = own
        else:
            inner = 1
        cone = own + sum(
            inner * cost.get(a, 0) for a in set(vars_in) if a not in cut and stage.get(a, 0) == level
        )
        for var, out in zip(eqn.outvars, outs, strict=True):
            stage[out], cost[out] = level, cone
            uses = consumers.get(out, [])
            repeats = sum(max(1, u // max(var.aval.size, 1)) for u in uses)
            if repeats > 1 and cone * (repeats - 1) >= LIMIT:
                cut.add(out)
        levels.append(level)
    latest = {}  # an operation waits for the first stage that needs it
    for index in reversed(range(len(ops))):
        _, ins, outs = ops[index]
        bounds = [latest[o] - (o in cut) for o in outs if o in latest]
        if bounds:
            levels[index] = max(levels[index], min(bounds))
        for atom in ins:
            if not isinstance(atom, jex.Literal):
                latest[atom] = min(latest.get(atom, 10**9), levels[index])
    return levels


COSTS = {
    "lane_form": 64, "random_bits": 60, "random_split": 60, "random_fold_in": 60,
    "tanh": 10, "exp": 8, "log": 8, "div": 3, "rem": 4, "erf_inv": 20,
    "squeeze": 0, "slice": 0, "broadcast_in_dim": 0, "reshape": 0, "stack": 0,
    "unstack": 0, "concatenate": 0, "transpose": 0, "convert_element_type": 0,
    "random_wrap": 0, "random_unwrap": 0,
}


def _staged(closed, inputs, axes, always):
    ops, known, names, outputs = _inline(closed.jaxpr, closed.consts)
    env = {n: Lane(jnp.asarray(v), jnp.ndim(v)) for n, v in known.items()}
    env.update(zip(names, inputs, strict=True))
    levels = _plan(ops, outputs) if always is not None else [0] * len(ops)

    def lookup(env, atom):
        if isinstance(atom, jex.Literal):
            return Lane(jnp.asarray(atom.val, atom.aval.dtype), jnp.ndim(atom.val))
        return env[atom]

    for level in range(max(levels, default=0) + 1):
        mine = [op for op, at in zip(ops, levels, strict=True) if at == level]
        made = {out for _, _, outs in mine for out in outs}
        later = [op for op, at in zip(ops, levels, strict=True) if at > level]
        wanted = {a for _, ins, _ in later for a in ins if not isinstance(a, jex.Literal)}
        wanted |= {a for a in outputs if not isinstance(a, jex.Literal)}
        gives = sorted(made & wanted)
        takes = sorted({
            a for _, ins, _ in mine for a in ins
            if not isinstance(a, jex.Literal) and a not in made
        })
        ranks = {}

        def run(arrays):
            local = {n: Lane(a, env[n].rank) for n, a in zip(takes, arrays, strict=True)}
            for eqn, ins, outs in mine:
                got = _apply(eqn, [lookup(local, a) for a in ins], axes)
                local.update(zip(outs, got, strict=True))
            ranks.update({n: local[n].rank for n in gives})
            return [local[n].array for n in gives]

        arrays = [env[n].array for n in takes]
        if always is None or not gives:
            results = run(arrays)
        else:
            shapes = jax.eval_shape(run, arrays)
            zeros = lambda _, shapes=shapes: [jnp.zeros(s.shape, s.dtype) for s in shapes]
            results = lax.cond(always, run, zeros, arrays)
        env.update({n: Lane(r, ranks[n]) for n, r in zip(gives, results, strict=True)})
    return [lookup(env, a) for a in outputs]


def _apply(eqn, values, axes):
    rule = RULES.get(eqn.primitive.name)
    if rule is not None:
        return rule(eqn, values, axes)
    if all(value.array.ndim == value.rank for value in values):
        return _uniform(eqn, values)
    return _fallback(eqn, values, axes)


def _callee(eqn):
    closed = next(
        eqn.params[name]
        for name in ("jaxpr", "call_jaxpr", "fun_jaxpr")
        if name in eqn.params
    )
    if hasattr(closed, "jaxpr"):
        return closed.jaxpr, closed.consts
    return closed, ()


def _key_axes(dtype) -> int:
    return int(jax.dtypes.issubdtype(dtype, jax.dtypes.prng_key))


def _evaluate(jaxpr, consts, inputs, axes):
    env = {}

    def read(atom):
        if isinstance(atom, jex.Literal):
            return Lane(jnp.asarray(atom.val, atom.aval.dtype), jnp.ndim(atom.val))
        return env[atom]

    for var, value in zip(jaxpr.constvars, consts, strict=True):
        env[var] = Lane(jnp.asarray(value), jnp.ndim(value))
    for var, value in zip(jaxpr.invars, inputs, strict=True):
        env[var] = value
    for eqn in jaxpr.eqns:
        values = [read(atom) for atom in eqn.invars]
        outs = _apply(eqn, values, axes)
        for var, out in zip(eqn.outvars, outs, strict=True):
            env[var] = out
    return [read(atom) for atom in jaxpr.outvars]


# --- rules: eqn, lanes in, lanes out --------------------------------------------------


def _bind(eqn, arrays):
    out = eqn.primitive.bind(*arrays, **eqn.params)
    return out if eqn.primitive.multiple_results else [out]


def _uniform(eqn, values):
    outs = _bind(eqn, [value.array for value in values])
    return [Lane(out, out.ndim) for out in outs]


def _fallback(eqn, values, axes):
    function = lambda *arrays: _bind(eqn, arrays)
    sizes = _sizes(values, axes)
    arrays = []
    for value in values:
        if value.array.ndim == value.rank:
            arrays.append(value.array)
        else:
            shape = value.array.shape[: value.rank] + sizes
            arrays.append(jnp.broadcast_to(value.array, shape))
    has = tuple(-1 if v.array.ndim > v.rank else None for v in values)
    for _ in range(axes):
        function = jax.vmap(function, in_axes=has, out_axes=-1)
    return [Lane(o, o.ndim - axes) for o in function(*arrays)]


def _sizes(values, axes):
    shapes = [v.array.shape[v.rank :] for v in values if v.array.ndim > v.rank]
    return jnp.broadcast_shapes(*shapes) if shapes else (1,) * axes


def _elementwise(eqn, values, axes):
    rank = max(value.rank for value in values)
    laned = any(value.array.ndim > value.rank for value in values)
    arrays = []
    for value in values:
        array = value.array
        if value.rank == 0 and array.ndim == 0:
            arrays.append(array)  # a scalar meets every shape
            continue
        if laned:
            array = value.with_lanes(axes)
        if value.rank < rank:
            array = array.reshape((1,) * (rank - value.rank) + array.shape)
        arrays.append(array)
    shape = jnp.broadcast_shapes(*(a.shape for a in arrays))
    if eqn.primitive.name in ("select_n", "clamp"):  # these broadcast only scalars
        arrays = [jnp.broadcast_to(a, shape) for a in arrays]
    else:
        arrays = [
            a if a.ndim == 0 else jnp.broadcast_to(a, shape) for a in arrays
        ]
    return [Lane(out, rank) for out in _bind(eqn, arrays)]


def _slice(eqn, values, axes):
    (value,) = values
    p = eqn.params
    steps = p["strides"] or (1,) * len(p["start_indices"])
    cuts = zip(p["start_indices"], p["limit_indices"], steps, strict=True)
    return [Lane(_static(value.array, [slice(*cut) for cut in cuts]), value.rank)]


def _unstack(eqn, values, axes):
    (value,) = values
    axis = eqn.params["axis"]
    return [
        Lane(lax.index_in_dim(value.array, i, axis, keepdims=False), value.rank - 1)
        for i in range(value.array.shape[axis])
    ]


def _stack(eqn, values, axes):
    rank, axis = values[0].rank, eqn.params["axis"]
    raised = [Lane(jnp.expand_dims(v.array, axis), rank + 1) for v in values]
    return _join(raised, axis, axes)


def _dynamic_slice(eqn, values, axes):
    """One row by an index that differs between lanes: a chain of choices."""
    value, *starts = values
    sizes = eqn.params["slice_sizes"]
    moving = [i for i, n in enumerate(sizes) if n != value.array.shape[i]]
    if len(moving) != 1 or sizes[moving[0]] != 1 or value.array.shape[moving[0]] > 64:
        return _fallback(eqn, values, axes)
    (axis,) = moving
    start = starts[axis]
    rows = [
        Lane(lax.slice_in_dim(value.array, i, i + 1, axis=axis), value.rank)
        for i in range(value.array.shape[axis])
    ]
    out = rows[-1].with_lanes(axes)
    index = start.with_lanes(axes)
    index = index.reshape((1,) * value.rank + index.shape)
    for i in range(len(rows) - 2, -1, -1):
        out = jnp.where(index <= i, rows[i].with_lanes(axes), out)
    return [Lane(out, value.rank)]


def _static(array, index):
    """array[index] as a plain slice, whatever follows the indexed axes."""
    starts, stops, steps = [], [], []
    for axis, size in enumerate(array.shape):
        cut = index[axis] if axis < len(index) else slice(0, size, 1)
        starts.append(cut.start), stops.append(cut.stop), steps.append(cut.step or 1)
    return lax.slice(array, starts, stops, steps)


def _squeeze(eqn, values, axes):
    (value,) = values
    dims = eqn.params["dimensions"]
    return [Lane(lax.squeeze(value.array, dims), value.rank - len(dims))]


def _reshape(eqn, values, axes):
    value = values[0]
    sizes = tuple(eqn.params["new_sizes"])
    array = value.array.reshape(sizes + value.array.shape[value.rank :])
    return [Lane(array, len(sizes))]


def _expand_dims(eqn, values, axes):
    (value, *_) = values
    shape = tuple(eqn.params["shape"])
    dims = tuple(eqn.params["broadcast_dimensions"])
    lanes = value.array.shape[value.rank :]
    where = dims + tuple(range(len(shape), len(shape) + len(lanes)))
    array = lax.broadcast_in_dim(value.array, shape + lanes, where)
    return [Lane(array, len(shape))]


def _gather(eqn, values, axes):
    """Rows by an index that is the same in all lanes, as of a fixed wiring."""
    value, index = values
    if index.array.ndim > index.rank or value.array.ndim == value.rank:
        return _fallback(eqn, values, axes)
    p = eqn.params
    numbers, lanes = p["dimension_numbers"], value.array.shape[value.rank :]
    rank = len(eqn.outvars[0].aval.shape)
    numbers = numbers._replace(
        offset_dims=(*numbers.offset_dims, *range(rank, rank + len(lanes)))
    )
    out = lax.gather(
        value.array,
        index.array,
        numbers,
        slice_sizes=tuple(p["slice_sizes"]) + lanes,
        indices_are_sorted=p["indices_are_sorted"],
        unique_indices=p["unique_indices"],
        mode=p["mode"],
        fill_value=p["fill_value"],
    )
    return [Lane(out, rank)]


def _transpose(eqn, values, axes):
    (value,) = values
    order = tuple(eqn.params["permutation"])
    rest = tuple(range(value.rank, value.array.ndim))
    return [Lane(lax.transpose(value.array, order + rest), value.rank)]


def _concatenate(eqn, values, axes):
    return _join(values, eqn.params["dimension"], axes)


def _join(values, axis, axes):
    laned = any(value.array.ndim > value.rank for value in values)
    arrays = [v.with_lanes(axes) if laned else v.array for v in values]
    sizes = _sizes(values, axes) if laned else ()
    arrays = [
        jnp.broadcast_to(a, a.shape[: v.rank] + sizes)
        for a, v in zip(arrays, values, strict=True)
    ]
    return [Lane(lax.concatenate(arrays, axis), values[0].rank)]


def _chain(combine):
    """A reduction over item axes as a chain in index order, long ones in blocks."""

    def rule(eqn, values, axes):
        (value,) = values
        array, rank = value.array, value.rank
        for axis in sorted(eqn.params["axes"], reverse=True):
            size = array.shape[axis]
            if size > 4 * CHAIN and size % CHAIN == 0 and size <= CHAIN**3:
                shape = array.shape[:axis] + (size // CHAIN, CHAIN) + array.shape[axis + 1 :]
                array = _rows(combine, array.reshape(shape), axis)
            array = _rows(combine, array, axis)
            rank -= 1
        return [Lane(array, rank)]

    return rule


def _rows(combine, array, axis):
    rows = [
        lax.index_in_dim(array, i, axis, keepdims=False)
        for i in range(array.shape[axis])
    ]
    return functools.reduce(combine, rows)


def _native(eqn, values, axes):
    """Operations whose axis numbers mean the same with lanes behind."""
    outs = _bind(eqn, [value.array for value in values])
    lanes = values[0].array.ndim - values[0].rank
    return [Lane(out, out.ndim - lanes) for out in outs]


def _arg_extreme(better):
    def rule(eqn, values, axes):
        (value,) = values
        (axis,) = eqn.params["axes"]
        dtype = eqn.params["index_dtype"]
        rows = [
            lax.index_in_dim(value.array, i, axis, keepdims=False)
            for i in range(value.array.shape[axis])
        ]
        best, index = rows[0], jnp.zeros_like(rows[0], dtype)
        for i, row in enumerate(rows[1:], 1):
            wins = better(row, best)
            if jnp.issubdtype(row.dtype, jnp.floating):  # the first NaN wins, as there
                wins = wins | ((row != row) & (best == best))
            best = jnp.where(wins, row, best)
            index = jnp.where(wins, jnp.asarray(i, dtype), index)
        return [Lane(index, value.rank - 1)]

    return rule


def _dot(eqn, values, axes):
    """A product with a short contraction, as a chain of products in index order."""
    (left, right) = values
    (contract_left, contract_right), (batch_left, _) = eqn.params["dimension_numbers"]
    size = left.array.shape[contract_left[0]] if contract_left else 0
    if batch_left or len(contract_left) != 1 or size > 4096:
        return _fallback(eqn, values, axes)
    if left.array.ndim == left.rank and right.array.ndim == right.rank:
        return _uniform(eqn, values)
    (c_left,), (c_right,) = contract_left, contract_right
    a, b = left.with_lanes(axes), right.with_lanes(axes)
    free_left, free_right = left.rank - 1, right.rank - 1
    total = None
    blocks = []
    for i in range(size):
        x = lax.index_in_dim(a, i, c_left, keepdims=False)
        y = lax.index_in_dim(b, i, c_right, keepdims=False)
        x = x.reshape(
            x.shape[:free_left] + (1,) * free_right + x.shape[free_left:]
        )
        y = y.reshape((1,) * free_left + y.shape)
        shape = jnp.broadcast_shapes(x.shape, y.shape)
        term = jnp.broadcast_to(x, shape) * jnp.broadcast_to(y, shape)
        total = term if total is None else total + term
    return [Lane(total, free_left + free_right)]


def _cond(eqn, values, axes):
    index, *operands = values
    branches = eqn.params["branches"]
    outs = [aval for aval in branches[0].out_avals]
    sizes = _sizes(operands, axes)
    laned = any(v.array.ndim > v.rank for v in operands)

    def run(branch):
        def call(arrays):
            lanes = [Lane(a, v.rank) for a, v in zip(arrays, operands, strict=True)]
            got = _evaluate(branch.jaxpr, branch.consts, lanes, axes)
            return [
                jnp.broadcast_to(g.with_lanes(axes), tuple(aval.shape) + sizes)
                for g, aval in zip(got, outs, strict=True)
            ]

        return call

    arrays = [value.array for value in operands]
    if index.array.ndim == 0:  # the same for all lanes: a real branch
        results = lax.switch(index.array, [run(b) for b in branches], arrays)
    else:
        each = [run(branch)(arrays) for branch in branches]
        results = []
        for options, aval in zip(zip(*each, strict=True), outs, strict=True):
            which = index.array.reshape((1,) * len(aval.shape) + index.array.shape)
            result = options[0]
            for i, option in enumerate(options[1:], 1):
                result = jnp.where(which == i, option, result)
            results.append(result)
    del laned
    return [Lane(r, r.ndim - axes) for r in results]


def _call(eqn, values, axes):
    jaxpr, consts = _callee(eqn)
    return _evaluate(jaxpr, consts, values, axes)


def _anywhere(eqn, values, axes):
    (value,) = values
    return [Lane(jnp.any(value.array), 0)]


def _lane_form(eqn, values, axes):
    arrays = [value.with_lanes(axes) for value in values]
    form = eqn.params["lanes"]
    outs = form(axes, *arrays)
    return [Lane(out, out.ndim - axes) for out in outs]


# --- keys: threefry, straight-line, on raw words with lanes ---------------------------


def _keys(form):
    def rule(eqn, values, axes):
        lanes = values[0].array.shape[values[0].rank :]
        out = form(eqn, *[value.array for value in values])
        return [Lane(out, out.ndim - len(lanes))]

    return rule


def _fold_in(eqn, values, axes):
    key, data = values
    laned = key.array.ndim > key.rank or data.array.ndim > data.rank
    data = data.with_lanes(axes) if laned else data.array
    words = key.with_lanes(axes) if laned else key.array
    out = threefry.fold_in(words, data)
    return [Lane(out, key.rank)]


RULES = {
    "slice": _slice,
    "squeeze": _squeeze,
    "reshape": _reshape,
    "broadcast_in_dim": _expand_dims,
    "transpose": _transpose,
    "gather": _gather,
    "concatenate": _concatenate,
    "stack": _stack,
    "unstack": _unstack,
    "dynamic_slice": _dynamic_slice,
    "reduce_sum": _chain(lax.add),
    "reduce_max": _chain(lax.max),
    "reduce_min": _chain(lax.min),
    "reduce_and": _chain(lax.bitwise_and),
    "reduce_or": _chain(lax.bitwise_or),
    "argmin": _arg_extreme(lax.lt),
    "argmax": _arg_extreme(lax.gt),
    "dot_general": _dot,
    "cond": _cond,
    "random_fold_in": _fold_in,
    "random_split": _keys(lambda eqn, key: threefry.split(key, eqn.params["shape"])),
    "random_bits": _keys(
        lambda eqn, key: threefry.bits(
            key, eqn.params["bit_width"], eqn.params["shape"]
        )
    ),
    "random_unwrap": lambda eqn, values, axes: values,
    "random_wrap": lambda eqn, values, axes: values,
    anywhere_p.name: _anywhere,
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
