"""Formulas: activations put together from four functions, for a search to vary.

    f(x) = sum of at most four terms  c b(x)  or  c b(x) b'(x)
    b is silu, relu, gelu or x; sq(x) is x x

A formula has one form, and so one name: like terms are added, numbers rounded to three
places, terms put in order, and x relu(x) is relu(x) relu(x). As a tree (sum, scale,
product, function) it is at most four deep. Growth beyond the square is refused, for it
overflows, and so is what is linear, for the feed-forward part would be. Imports no JAX.

    >>> parse("sq(x)*0.25 + 0.5*(silu(x) + x) - 0.5*x").text
    '0.5*silu(x) + 0.25*sq(x)'
"""

import ast
import itertools
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from koki2.core.text import printable

BASES = ("silu", "relu", "gelu", "x")
Monomial = tuple[str, ...]
MONOMIALS: tuple[Monomial, ...] = (
    *itertools.combinations_with_replacement(BASES, 1),
    *(
        pair
        for pair in itertools.combinations_with_replacement(BASES, 2)
        if pair != ("relu", "x")
    ),
)
"""Every term that there may be, in order: one function, or a product of two."""
MAX_TERMS = 4
MAX_FACTOR = 4.0
"""Largest number before a term; least is 0.001, for three places are kept."""


class Formula(NamedTuple):
    """An activation as numbers before terms; `parse` and `combine` check them."""

    factors: tuple[float, ...]
    """One for each of `MONOMIALS`; 0 where the term is not there."""

    @property
    def terms(self) -> dict[Monomial, float]:
        """The terms that are there, in order."""
        pairs = zip(MONOMIALS, self.factors, strict=True)
        return {monomial: factor for monomial, factor in pairs if factor}

    @property
    def text(self) -> str:
        """The formula as `parse` reads it: the name of the activation."""
        text = ""
        for monomial, factor in self.terms.items():
            sign = "-" if factor < 0 else "+"
            size = "" if abs(factor) == 1 else f"{abs(factor):g}*"
            text += f" {sign} {size}{_written(monomial)}"
        return text.removeprefix(" + ").replace(" - ", "-", text.startswith(" - "))


def parse(text: str) -> Formula:
    """Reads a formula: numbers, x, silu(x), relu(x), gelu(x), sq(x), +, -, * and ( ).

    Raises:
      ValueError: it is none, or one that is refused.

    Example:
      >>> parse("x*relu(x) + silu(x)").text
      'silu(x) + relu(x)*relu(x)'
      >>> parse("2*x")
      Traceback (most recent call last):
      ...
      ValueError: a formula must not be linear, got 2*x.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
        terms = _read(tree.body)
    except (SyntaxError, RecursionError, MemoryError, OverflowError):
        raise ValueError(
            "a formula must be an expression such as 0.5*silu(x) + x, got "
            f"{_shown(text)}."
        ) from None
    except ValueError as error:
        raise ValueError(f"{error}, got {_shown(text)}.") from None
    return _formula(terms, text)


def combine(formulas: Iterable[tuple[float, Formula]]) -> Formula:
    """Adds formulas, each times a number.

    Raises:
      ValueError: the sum is one that is refused.

    Example:
      >>> combine([(0.5, parse("silu(x)")), (0.25, parse("silu(x) - gelu(x)"))]).text
      '0.75*silu(x) - 0.25*gelu(x)'
    """
    rows = [[n * factor for factor in formula.factors] for n, formula in formulas]
    sums = (sum(column) for column in zip(*rows, strict=True))
    return _formula(dict(zip(MONOMIALS, sums, strict=True)), "a sum")


def is_formula(text: str) -> bool:
    """Whether a name is meant as a formula: it has an x that stands alone.

    Example:
      >>> is_formula("0.5*silu(x)"), is_formula("relux")
      (True, False)
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(n, ast.Name) and n.id == "x" for n in ast.walk(tree))


def _formula(terms: Mapping[Monomial, float], text: str) -> Formula:
    factors = tuple(round(terms.get(monomial, 0.0), 3) + 0.0 for monomial in MONOMIALS)
    formula = Formula(factors)
    count = len(formula.terms)
    if round(terms.get((), 0.0), 3):
        raise ValueError(f"a formula must be 0 at 0, got {_shown(text)}.")
    if set(formula.terms) <= {("x",)}:
        raise ValueError(f"a formula must not be linear, got {_shown(text)}.")
    if count > MAX_TERMS:
        raise ValueError(
            f"a formula must have at most {MAX_TERMS} terms, got {count} in "
            f"{_shown(text)}."
        )
    if not all(abs(factor) <= MAX_FACTOR for factor in factors):
        raise ValueError(
            f"the numbers of a formula must be at most {MAX_FACTOR:g}, got "
            f"{_shown(text)}."
        )
    return formula


def _read(node: ast.expr) -> dict[Monomial, float]:
    """The polynomial of an expression; the empty term is the number 1."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(
            value, bool
        ):
            return {(): float(value)}
        case ast.Name(id="x"):
            return {("x",): 1.0}
        case ast.Call(func=ast.Name(id="sq"), args=[ast.Name(id="x")], keywords=[]):
            return {("x", "x"): 1.0}
        case ast.Call(func=ast.Name(id=name), args=[ast.Name(id="x")], keywords=[]) if (
            name in BASES[:3]
        ):
            return {(name,): 1.0}
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return _scaled(_read(inner), -1.0)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _added(_read(left), _read(right))
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _added(_read(left), _scaled(_read(right), -1.0))
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _multiplied(_read(left), _read(right))
    raise ValueError(
        "a formula must be of numbers, x, silu(x), relu(x), gelu(x), sq(x), +, - and *"
    )


def _scaled(terms: Mapping[Monomial, float], by: float) -> dict[Monomial, float]:
    return {monomial: by * factor for monomial, factor in terms.items()}


def _added(
    left: Mapping[Monomial, float], right: Mapping[Monomial, float]
) -> dict[Monomial, float]:
    keys = dict.fromkeys([*left, *right])
    return {key: left.get(key, 0.0) + right.get(key, 0.0) for key in keys}


def _multiplied(
    left: Mapping[Monomial, float], right: Mapping[Monomial, float]
) -> dict[Monomial, float]:
    product: dict[Monomial, float] = {}
    for (a, m), (b, n) in itertools.product(left.items(), right.items()):
        monomial = tuple(sorted(a + b, key=BASES.index))
        if len(monomial) > 2:
            raise ValueError("a formula must not grow faster than the square")
        if monomial == ("relu", "x"):  # the same function
            monomial = ("relu", "relu")
        product[monomial] = product.get(monomial, 0.0) + m * n
    return product


def _written(monomial: Monomial) -> str:
    if monomial == ("x", "x"):
        return "sq(x)"
    return "*".join("x" if base == "x" else f"{base}(x)" for base in monomial)


def _shown(text: str) -> str:
    return printable(text[:60])
