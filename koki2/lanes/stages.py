"""Stages: where a step is cut, so that what many need is computed once.

XLA fuses a value into each of its consumers, which computes it again in each. That is
right for cheap values and ruinous for long sequences of operations. Here the operations
of an item's step are put into stages: a dear value that several consumers share ends a
stage. Each stage becomes one branch of a conditional on an opaque predicate (always
true, though the compiler cannot know it), across which XLA does not fuse.

Costs are in operations per element, an addition being one.
"""

from jax.extend import core as jex

from koki2.lanes.inline import aval_of, numbers, Op, Operand

RECOMPUTE = 12
"""Operations of recomputing from which a value is shared. A choice, not a fit: one more
`exp` (8) or `tanh` (10) is recomputed, a second one or any random word is not. Stages
as such are worth a factor: see `tools/bench/lanes_ablation.py`."""

_FREE = frozenset(
    """squeeze slice broadcast_in_dim reshape stack unstack concatenate transpose
    convert_element_type bitcast_convert_type random_wrap random_unwrap copy""".split()
)  # they only move data, and vanish in a fusion
_DEAR = {
    # Threefry-2x32: 20 rounds of an addition, a rotation and an xor
    "random_bits": 60,
    "random_split": 60,
    "random_fold_in": 60,
    "lane_form": 64,  # as dear as these, for nothing is known of it
    # Roughly the length of the polynomials by which XLA's CPU backend computes them
    "erf_inv": 20,
    "tanh": 10,
    "exp": 8,
    "log": 8,
    # Division takes a vector unit several cycles where an addition takes one
    "rem": 4,
    "div": 3,
}
"""Rough costs: only whether a value passes RECOMPUTE counts. What is not here is 1."""


def _cost(eqn: jex.JaxprEqn) -> tuple[int, int]:
    """Operations per element of the result, and elements read of each operand."""
    name = eqn.primitive.name
    if name in _FREE:
        return 0, 1
    if name == "dot_general":
        (contracted, _), _ = eqn.params["dimension_numbers"]
        size = aval_of(eqn.invars[0]).shape[contracted[0]] if contracted else 1
        return 2 * size, size
    if name.startswith(("reduce_", "argm")):
        size = aval_of(eqn.invars[0]).size // max(aval_of(eqn.outvars[0]).size, 1)
        return size, size
    return _DEAR.get(name, 1), 1


def _consumers(ops: list[Op], outputs: list[Operand]) -> dict[int, list[int]]:
    """For each value, how many elements each of its consumers computes."""
    consumers: dict[int, list[int]] = {}
    for eqn, inputs, _ in ops:
        size = max([aval_of(out).size for out in eqn.outvars] + [1])
        for value in numbers(inputs):
            consumers.setdefault(value, []).append(size)
    for value in numbers(outputs):
        consumers.setdefault(value, []).append(1)
    return consumers


def plan(ops: list[Op], outputs: list[Operand]) -> list[int]:
    """Chooses the stage of each operation.

    Args:
      ops: in order of execution.
      outputs: the values that the whole gives.

    Returns:
      A stage number per operation; operands never come from a later stage. An
      operation goes into the latest stage that delays no other one, so that few
      values cross from one stage to the next.

    Example:
      >>> import jax
      >>> from jax.numpy import cos, exp, sin, tanh
      >>> from koki2.lanes.inline import inline
      >>> def shares(x):
      ...     dear = tanh(x)  # costs 10, and two more times would cost 20
      ...     return exp(dear), sin(dear), cos(dear)
      >>> flat = inline(jax.make_jaxpr(shares)(1.0))
      >>> plan(flat.ops, flat.outputs)
      [0, 1, 1, 1]
    """
    stages, shared = _earliest(ops, outputs)
    latest: dict[int, int] = {}
    for index in reversed(range(len(ops))):
        _, inputs, made = ops[index]
        bounds = [latest[out] - (out in shared) for out in made if out in latest]
        if bounds:
            stages[index] = max(stages[index], min(bounds))
        for value in numbers(inputs):
            latest[value] = min(latest.get(value, stages[index]), stages[index])
    return stages


def _earliest(ops: list[Op], outputs: list[Operand]) -> tuple[list[int], set[int]]:
    """The earliest stage of each operation, and the values that end a stage."""
    consumers = _consumers(ops, outputs)
    cost: dict[int, int] = {}
    stage: dict[int, int] = {}
    shared: set[int] = set()
    stages = []
    for eqn, inputs, made in ops:
        values = numbers(inputs)
        at = max([stage.get(v, 0) + (v in shared) for v in values] + [0])
        own, reads = _cost(eqn)
        total = own + reads * sum(
            cost.get(v, 0)
            for v in set(values)
            if v not in shared and stage.get(v, 0) == at
        )
        for var, out in zip(eqn.outvars, made, strict=True):
            stage[out], cost[out] = at, total
            sizes = consumers.get(out, [])
            times = sum(max(1, size // max(aval_of(var).size, 1)) for size in sizes)
            if total * (times - 1) >= RECOMPUTE:
                shared.add(out)
        stages.append(at)
    return stages, shared
