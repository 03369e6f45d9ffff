"""inline: a jaxpr as one flat list of operations, calls opened, values numbered."""

from typing import cast, NamedTuple

import jax
from jax.extend import core as jex
from jax.typing import ArrayLike

Operand = int | jex.Literal
"""A value that an operation reads: its number, or a constant written in place."""

CALLS = frozenset(
    "jit pjit closed_call core_call custom_jvp_call custom_vjp_call".split()
)
"""Primitives that only call a jaxpr. A derivative of its own has no meaning here."""


class Op(NamedTuple):
    """One operation: its equation, and the numbers of what it reads and gives."""

    eqn: jex.JaxprEqn
    inputs: list[Operand]
    outputs: list[int]


class Flat(NamedTuple):
    """A jaxpr without calls. Its inputs are the values 0, 1, 2, ..."""

    ops: list[Op]
    """In order of execution."""
    constants: dict[int, ArrayLike]
    """By the number of the value."""
    outputs: list[Operand]


def called(eqn: jex.JaxprEqn) -> tuple[jex.Jaxpr, list[ArrayLike]]:
    """Finds the jaxpr and the constants of an equation that calls one."""
    names = ("jaxpr", "call_jaxpr", "fun_jaxpr")
    closed = next(eqn.params[name] for name in names if name in eqn.params)
    if isinstance(closed, jex.ClosedJaxpr):
        return closed.jaxpr, list(closed.consts)
    return closed, []


def numbers(operands: list[Operand]) -> list[int]:
    """The operands that are values, not literals."""
    return [operand for operand in operands if not isinstance(operand, jex.Literal)]


def aval_of(atom: jex.Var | jex.Literal) -> jax.core.ShapedArray:
    """Returns the shape and dtype of a value; all that lanes carry are arrays."""
    return cast("jax.core.ShapedArray", atom.aval)


def inline(closed: jex.ClosedJaxpr) -> Flat:
    """Opens all calls of a jaxpr and numbers its values.

    Example:
      >>> import jax
      >>> double = jax.jit(lambda x: x + x)
      >>> flat = inline(jax.make_jaxpr(lambda x: double(x) * x)(1.0))
      >>> [(op.eqn.primitive.name, op.inputs, op.outputs) for op in flat.ops]
      [('add', [0, 0], [1]), ('mul', [1, 0], [2])]
    """
    ops: list[Op] = []
    constants: dict[int, ArrayLike] = {}
    count = len(closed.jaxpr.invars)

    def new(how_many: int) -> list[int]:
        nonlocal count
        count += how_many
        return list(range(count - how_many, count))

    def visit(
        jaxpr: jex.Jaxpr, consts: list[ArrayLike], number: dict[jex.Var, Operand]
    ) -> list[Operand]:
        for var, value in zip(jaxpr.constvars, consts, strict=True):
            (place,) = new(1)
            number[var] = place
            constants[place] = value
        read = lambda atom: atom if isinstance(atom, jex.Literal) else number[atom]
        for eqn in jaxpr.eqns:
            inputs = [read(atom) for atom in eqn.invars]
            if eqn.primitive.name in CALLS:
                inner, inner_consts = called(eqn)
                inside = dict(zip(inner.invars, inputs, strict=True))
                outputs = visit(inner, inner_consts, inside)
            else:
                outputs = new(len(eqn.outvars))
                ops.append(Op(eqn, inputs, outputs))
            number.update(zip(eqn.outvars, outputs, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    inputs: dict[jex.Var, Operand] = {
        var: index for index, var in enumerate(closed.jaxpr.invars)
    }
    outputs = visit(closed.jaxpr, list(closed.consts), inputs)
    return Flat(ops, constants, outputs)
