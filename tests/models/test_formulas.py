"""Formulas: one name a function, what is refused, and children that are formulas."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_models import SMALL, tokens

from koki2.models import ACTIVATIONS, cross, Formula, gpt, GptConfig, mutate, parse
from koki2.models.activations import compose, polynomial
from koki2.models.formula_search import MUTATIONS
from koki2.models.formulas import MAX_TERMS, MONOMIALS

X = np.linspace(-3, 3, 13).astype(np.float32)


@pytest.mark.parametrize(
    "text, name",
    [
        ("silu(x)", "silu(x)"),
        ("x + silu(x)", "silu(x) + x"),  # in order
        ("0.5*(silu(x) + silu(x))", "silu(x)"),  # like terms
        ("gelu(x) * 0.25 * 2", "0.5*gelu(x)"),
        ("-x + relu(x)*x", "-x + relu(x)*relu(x)"),  # the same function
        ("(x - silu(x))*(x + silu(x))", "-silu(x)*silu(x) + sq(x)"),
        ("0.33333*sq(x) - -x", "x + 0.333*sq(x)"),  # three places
        ("silu(x) + 0*relu(x) + 0.0001*x", "silu(x)"),
    ],
)
def test_a_function_has_one_name(text, name):
    assert parse(text).text == name
    assert parse(parse(text).text) == parse(text)  # the name is the whole of it


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("0.5*x", "must not be linear, got 0.5\\*x"),
        ("silu(x) - silu(x)", "must not be linear"),
        ("sq(x)*x", "must not grow faster than the square"),
        ("silu(x)*(x*x)", "must not grow faster"),
        ("silu(x) + 1", "must be 0 at 0"),
        ("silu(x) + gelu(x) + relu(x) + x + sq(x)", "at most 4 terms, got 5"),
        ("5*silu(x)", "must be at most 4"),
        ("silu(x)*1e999", "must be at most 4"),
        ("(1e999 - 1e999)*silu(x)", "must be at most 4"),
        ("tanh(x)", r"must be of numbers, x, silu\(x\), .* got tanh\(x\)"),
        ("silu(2*x)", "must be of numbers"),
        ("silu(x)**2", "must be of numbers"),
        ("__import__('os').x", "must be of numbers"),
        ("silu(x", "must be an expression such as"),
        ("silu(x)\n+ relu(x)", r"got silu\(x\)\\n"),
        ("silu(x)\0", "must be|null"),
        ("-" * 9999 + "x", "must be an expression such as|not be linear"),
    ],
)
def test_what_is_no_formula_or_a_bad_one_is_refused(text, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


def test_a_formula_as_constants_and_as_data_is_the_same_function():
    """One compiled program for every formula; NumPy says what each should give."""
    run = jax.jit(polynomial)
    silu = X / (1 + np.exp(-X))
    for text, expected in {
        "0.7*silu(x) + 0.3*x": 0.7 * silu + 0.3 * X,
        "silu(x)*relu(x) - 0.5*sq(x)": silu * np.maximum(X, 0) - 0.5 * X**2,
    }.items():
        formula = parse(text)
        for values in (
            compose(formula.terms)(jnp.asarray(X)),
            run(jnp.asarray(formula.factors), jnp.asarray(X)),
        ):
            np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6)
    assert run._cache_size() == 1


def test_a_model_takes_a_formula_by_its_name_or_as_data():
    text = "0.6*gelu(x) + 0.4*x"
    named = gpt(GptConfig(**SMALL, ffn_activation=text))
    params = jax.jit(named.init)(jax.random.key(0))
    factors = jnp.asarray(parse(text).factors)
    run = functools.partial(
        gpt(GptConfig(**SMALL)).apply, activate=lambda x: polynomial(factors, x)
    )
    data, theirs = (jax.jit(f)(params, tokens()[None]) for f in (run, named.apply))
    np.testing.assert_allclose(data, theirs, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="must not be linear"):
        GptConfig(**SMALL, ffn_activation="0.5*x")
    assert text not in ACTIVATIONS  # nothing was registered


def test_children_are_formulas_of_at_most_four_terms_by_every_operation():
    rng, seen = np.random.default_rng(0), set()
    formula = parse("silu(x)")
    for _ in range(400):
        child = mutate(rng, formula)
        assert parse(child.formula.text) == child.formula
        assert 1 <= len(child.formula.terms) <= MAX_TERMS
        assert (child.formula == formula) == (child.how == "none")
        seen.add(child.how)
        formula = child.formula
    assert seen >= set(MUTATIONS)


def test_equal_seeds_give_equal_lineages():
    def lineage(seed):
        rng, formula, names = np.random.default_rng(seed), parse("silu(x)"), []
        for _ in range(20):
            formula = mutate(rng, formula).formula
            names.append(formula.text)
        return names

    assert lineage(3) == lineage(3) != lineage(4)


def test_a_cross_lies_between_its_parents():
    rng = np.random.default_rng(0)
    a, b = parse("silu(x) + sq(x)"), parse("gelu(x) - x + 0.1*relu(x)")
    for _ in range(50):
        child = cross(rng, a, b)
        assert len(child.terms) == 4 and ("relu",) not in child.terms  # the least goes
        assert 0.3 <= child.terms["silu",] <= 0.7
        assert child.terms["silu",] + child.terms["gelu",] == pytest.approx(
            1, abs=0.002
        )
    assert cross(rng, a, a) == a


def test_every_term_is_in_its_place():
    assert len(MONOMIALS) == 13 and len(set(MONOMIALS)) == 13
    for i, monomial in enumerate(MONOMIALS):
        unit = Formula(tuple(float(i == j) for j in range(13)))
        if monomial != ("x",):
            assert parse(unit.text) == unit
