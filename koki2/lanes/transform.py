"""over_lanes: evaluates a function of one item on arrays of shape `item + lanes`."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core as jex
from jaxtyping import Array, Bool

from koki2.lanes.lane import as_lane, Lane
from koki2.lanes.rules import apply, called, CALLS
from koki2.lanes.stages import plan, variables


def over_lanes(function, axes: int, *, opaque_predicate: Bool[Array, ""] | None = None):
    """Maps `function`, written for one item, over `axes` trailing lane axes.

    Operation by operation, and three things it does that `vmap` does not: it never
    moves an axis, whatever mixture of lane shapes meets; short sums over an item's
    axis become a chain in index order, so that the bits depend neither on the layout
    nor on the number of lanes; and what several later operations share is computed
    once (see `stages`). Lane axes broadcast: a value that is the same for all genomes
    has size 1 there, and is computed once. Operations without a rule go through `vmap`.

    Args:
      function: pure; pytrees of arrays (and typed keys) to pytrees of arrays. What it
        closes over is the same in all lanes.
      axes: number of lane axes.
      opaque_predicate: a traced scalar that is always true, though the compiler cannot know it;
        the stages hang on it. None computes everything in one stage.

    Returns:
      A function of the same arguments, each array of shape `item + lanes`, where a
      lane axis may be of size 1. Results have full lanes.

    Example:
      >>> norm = lambda x: jnp.sum(x * x)
      >>> x = jnp.arange(6.0).reshape(2, 3)  # an item of 2, in 3 lanes
      >>> over_lanes(norm, 1)(x).tolist()
      [9.0, 17.0, 29.0]
    """

    def mapped(*args):
        leaves, tree = jax.tree.flatten(args)
        cut = lambda x: x.shape[: x.ndim - axes]
        items = [jax.ShapeDtypeStruct(cut(x), x.dtype) for x in leaves]
        closed, out = jax.make_jaxpr(function, return_shape=True)(
            *jax.tree.unflatten(tree, items)
        )
        lanes = jnp.broadcast_shapes(*(x.shape[x.ndim - axes :] for x in leaves))
        inputs = [as_lane(x, x.ndim - axes) for x in leaves]
        results = _run(closed, inputs, axes, opaque_predicate)
        full = [
            jnp.broadcast_to(lane.with_lanes(axes), shape.shape + lanes)
            for lane, shape in zip(results, jax.tree.leaves(out), strict=True)
        ]
        return jax.tree.unflatten(jax.tree.structure(out), full)

    return mapped


def _inline(jaxpr, consts):
    """All operations in one list, calls inlined, variables renamed to numbers."""
    ops, known = [], {}

    def name_all(jaxpr, consts, names):
        for var, value in zip(jaxpr.constvars, consts, strict=True):
            names[var] = len(names_used)
            names_used.append(var)
            known[names[var]] = value

        def name(atom):
            return atom if isinstance(atom, jex.Literal) else names[atom]

        for eqn in jaxpr.eqns:
            ins = [name(atom) for atom in eqn.invars]
            if eqn.primitive.name in CALLS:
                inner, inner_consts = called(eqn)
                inside = dict(zip(inner.invars, ins, strict=True))
                outs = name_all(inner, inner_consts, inside)
            else:
                outs = list(range(len(names_used), len(names_used) + len(eqn.outvars)))
                names_used.extend(eqn.outvars)
                ops.append((eqn, ins, outs))
            names.update(zip(eqn.outvars, outs, strict=True))
        return [name(atom) for atom in jaxpr.outvars]

    names_used = list(jaxpr.invars)
    names = {var: index for index, var in enumerate(jaxpr.invars)}
    outputs = name_all(jaxpr, consts, names)
    return ops, known, outputs


def _run(closed, inputs, axes, opaque_predicate):
    ops, known, outputs = _inline(closed.jaxpr, closed.consts)
    env = dict(enumerate(inputs))
    env |= {name: as_lane(v, jnp.ndim(v)) for name, v in known.items()}
    stages = plan(ops, outputs) if opaque_predicate is not None else [0] * len(ops)
    for stage in range(max(stages, default=-1) + 1):
        now = [op for op, at in zip(ops, stages, strict=True) if at == stage]
        later = [op for op, at in zip(ops, stages, strict=True) if at > stage]
        env |= _run_stage(
            now, later, outputs, env, axes, opaque_predicate if later else None
        )
    return [_read(env, atom) for atom in outputs]


def _run_stage(now, later, outputs, env, axes, opaque_predicate):
    made = {out for _, _, outs in now for out in outs}
    wanted = {name for _, ins, _ in later for name in variables(ins)}
    gives = sorted(made & (wanted | set(variables(outputs))))
    takes = sorted({name for _, ins, _ in now for name in variables(ins)} - made)
    ranks = {}

    def work(arrays):
        local = {n: Lane(a, env[n].rank) for n, a in zip(takes, arrays, strict=True)}
        for eqn, ins, outs in now:
            results = apply(eqn, [_read(local, atom) for atom in ins], axes)
            local.update(zip(outs, results, strict=True))
        ranks.update({name: local[name].rank for name in gives})
        return [local[name].array for name in gives]

    arrays = [env[name].array for name in takes]
    if opaque_predicate is None:
        results = work(arrays)
    else:
        shapes = jax.eval_shape(work, arrays)
        never = lambda _: [jnp.zeros(s.shape, s.dtype) for s in shapes]
        results = lax.cond(opaque_predicate, work, never, arrays)
    return {n: Lane(a, ranks[n]) for n, a in zip(gives, results, strict=True)}


def _read(env, atom) -> Lane:
    if isinstance(atom, jex.Literal):
        return Lane(jnp.asarray(atom.val, atom.aval.dtype), jnp.ndim(atom.val))
    return env[atom]
