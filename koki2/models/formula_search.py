"""How a search varies formulas: mutation and crossing over. Imports no JAX.

Draws come from a NumPy generator, so that a seed gives the same formulas on every
machine. What comes out is a formula again, never one that is refused.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from koki2.models.formulas import combine, Formula, MAX_TERMS, MONOMIALS, parse

TRIES = 5
X = Formula(tuple(1.0 if m == ("x",) else 0.0 for m in MONOMIALS))
"""The identity: no activation by itself, but part of some."""


class Child(NamedTuple):
    """A formula, and what made it: an operation, or "none" where every try failed."""

    formula: Formula
    how: str


def mutate(rng: np.random.Generator, parent: Formula) -> Child:
    """Changes a formula in one of the ways `MUTATIONS`.

    Args:
      rng: is drawn from.
      parent: stays as it is.

    Returns:
      Another formula, or after five tries that changed nothing, or gave what is
      refused, the parent.

    Example:
      >>> child = mutate(np.random.default_rng(0), parse("silu(x)"))
      >>> child.formula.text, child.how
      ('gelu(x)', 'swap')
    """
    for _ in range(TRIES):
        how = str(rng.choice(list(MUTATIONS)))
        try:
            child = MUTATIONS[how](rng, parent)
        except ValueError:
            continue
        if child != parent:
            return Child(child, how)
    return Child(parent, "none")


def cross(rng: np.random.Generator, a: Formula, b: Formula) -> Formula:
    """Mixes two formulas, n a + (1 - n) b with n from .3 to .7; keeps the four largest
    terms.

    Example:
      >>> silu, gelu = parse("silu(x)"), parse("gelu(x)")
      >>> cross(np.random.default_rng(0), silu, gelu).text
      '0.555*silu(x) + 0.445*gelu(x)'
    """
    share = rng.uniform(0.3, 0.7)
    mixed = np.array(a.factors) * share + np.array(b.factors) * (1 - share)
    least = np.sort(np.abs(mixed))[-MAX_TERMS]
    kept = np.where(np.abs(mixed) >= least, mixed, 0.0)
    try:
        return combine([(1.0, Formula(tuple(kept.tolist())))])
    except ValueError:  # what was left is linear
        return a


def _residual(rng: np.random.Generator, parent: Formula) -> Formula:
    """Part of the input goes around it."""
    share = rng.uniform(0.6, 0.9)
    return combine([(share, parent), (1 - share, X)])


def _gate(rng: np.random.Generator, parent: Formula) -> Formula:
    """The whole is multiplied by a function of the input."""
    return parse(f"({parent.text})*{_draw_base(rng)}")


def _term(rng: np.random.Generator, parent: Formula) -> Formula:
    """Some of a function is added."""
    other = MONOMIALS[rng.integers(len(MONOMIALS))]
    unit = Formula(tuple(1.0 if m == other else 0.0 for m in MONOMIALS))
    return combine([(1.0, parent), (rng.uniform(0.05, 0.3), unit)])


def _swap(rng: np.random.Generator, parent: Formula) -> Formula:
    """One function takes the place of another, everywhere."""
    there = sorted({base for term in parent.terms for base in term})
    old = str(rng.choice(there))
    write = lambda base: "x" if base == "x" else f"{base}(x)"
    new, text = _draw_base(rng), parent.text.replace("sq(x)", "x*x")
    if old == "x":  # not those within parentheses
        text = text.replace("(x)", "()").replace("x", new).replace("()", "(x)")
        return parse(text)
    return parse(text.replace(write(old), new))


def _scale(rng: np.random.Generator, parent: Formula) -> Formula:
    """The number before a term moves by up to .2, and stays at least .01 from 0."""
    factors = list(parent.factors)
    i = MONOMIALS.index(list(parent.terms)[rng.integers(len(parent.terms))])
    moved = factors[i] + rng.uniform(-0.2, 0.2)
    factors[i] = moved if abs(moved) >= 0.01 else float(np.copysign(0.01, factors[i]))
    return combine([(1.0, Formula(tuple(factors)))])


def _prune(rng: np.random.Generator, parent: Formula) -> Formula:
    """The term with the smallest number goes."""
    terms = parent.terms
    if len(terms) == 1:
        return parent
    least = min(terms, key=lambda monomial: abs(terms[monomial]))
    factors = [0.0 if m == least else f for m, f in _pairs(parent)]
    return combine([(1.0, Formula(tuple(factors)))])


MUTATIONS: dict[str, Callable[[np.random.Generator, Formula], Formula]] = {
    "residual": _residual,
    "gate": _gate,
    "term": _term,
    "swap": _swap,
    "scale": _scale,
    "prune": _prune,
}
"""Every way to change a formula, by name."""


def _draw_base(rng: np.random.Generator) -> str:
    return str(rng.choice(["silu(x)", "relu(x)", "gelu(x)", "x"]))


def _pairs(formula: Formula) -> list[tuple[tuple[str, ...], float]]:
    return list(zip(MONOMIALS, formula.factors, strict=True))
