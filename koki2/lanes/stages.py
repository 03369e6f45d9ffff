"""Stages: where a step is cut, so that what many need is computed once.

XLA fuses a value into each of its consumers, which computes it again in each. That is
right for cheap values and ruinous for long reductions. Here the operations of an item's
step are put into stages: a dear value that several consumers share ends a stage. Each
stage becomes one branch of a conditional, across which XLA does not fuse.
"""

from jax.extend import core as jex

RECOMPUTE = (
    12  # a value is shared once computing it again would cost this many operations
)

_FREE = set(
    """squeeze slice broadcast_in_dim reshape stack unstack concatenate transpose
    convert_element_type bitcast_convert_type random_wrap random_unwrap copy""".split()
)
_DEAR = {
    "lane_form": 64,
    "random_bits": 60,
    "random_split": 60,
    "random_fold_in": 60,
    "erf_inv": 20,
    "tanh": 10,
    "exp": 8,
    "log": 8,
    "rem": 4,
    "div": 3,
}


def variables(atoms):
    """The atoms that are variables, not literals."""
    return [atom for atom in atoms if not isinstance(atom, jex.Literal)]


def _cost(eqn) -> tuple[int, int]:
    """Operations per element of the result, and elements read of each operand."""
    name = eqn.primitive.name
    if name in _FREE:
        return 0, 1
    if name == "dot_general":
        (contracted, _), _ = eqn.params["dimension_numbers"]
        size = eqn.invars[0].aval.shape[contracted[0]] if contracted else 1
        return 2 * size, size
    if name.startswith(("reduce_", "argm")):
        size = eqn.invars[0].aval.size // max(eqn.outvars[0].aval.size, 1)
        return size, size
    return _DEAR.get(name, 1), 1


def _consumers(ops, outputs):
    """How many elements each consumer of a variable computes."""
    consumers = {}
    for eqn, ins, _ in ops:
        size = max([out.aval.size for out in eqn.outvars] + [1])
        for name in variables(ins):
            consumers.setdefault(name, []).append(size)
    for name in variables(outputs):
        consumers.setdefault(name, []).append(1)
    return consumers


def plan(ops, outputs) -> list[int]:
    """The stage of each operation.

    Args:
      ops: (equation, input names, output names), in order of execution.
      outputs: names the whole gives back.

    Returns:
      A stage number per operation; operands never come from a later stage. An
      operation goes into the latest stage that does not delay anybody, so that few
      values cross from one stage to the next.
    """
    consumers = _consumers(ops, outputs)
    cost, stage, shared = {}, {}, set()
    stages = []
    for eqn, ins, outs in ops:
        names = variables(ins)
        at = max([stage.get(name, 0) + (name in shared) for name in names] + [0])
        own, reads = _cost(eqn)
        chain = own + reads * sum(
            cost.get(name, 0)
            for name in set(names)
            if name not in shared and stage.get(name, 0) == at
        )
        for var, out in zip(eqn.outvars, outs, strict=True):
            stage[out], cost[out] = at, chain
            sizes = consumers.get(out, [])
            times = sum(max(1, size // max(var.aval.size, 1)) for size in sizes)
            if chain * (times - 1) >= RECOMPUTE:
                shared.add(out)
        stages.append(at)

    latest = {}
    for index in reversed(range(len(ops))):
        _, ins, outs = ops[index]
        bounds = [latest[out] - (out in shared) for out in outs if out in latest]
        if bounds:
            stages[index] = max(stages[index], min(bounds))
        for name in variables(ins):
            latest[name] = min(latest.get(name, stages[index]), stages[index])
    return stages
