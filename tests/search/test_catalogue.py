"""The catalogue: names, what they need, and that it can be asked without JAX."""

import subprocess
import sys

import evosax.algorithms
import jax
import jax.numpy as jnp
import pytest

from koki2.search import check_strategy, make, names, REMARKS, SearchConfig
from koki2.search.catalogue import STRATEGIES
from koki2.search.evosax_recipes import RECIPES

WITHOUT_JAX = """
import sys
import koki2.search, koki2.search.configs
assert "cma_es" in koki2.search.names()
koki2.search.check_strategy("cma_es", 7)
slow = {"jax", "evosax", "numpy", "matplotlib"} & set(sys.modules)
assert not slow, f"the catalogue imports {slow}"
"""


def test_every_evosax_class_has_its_name_in_snake_case():
    classes = {c.__name__ for c in evosax.algorithms.algorithms.values()}
    assert {recipe.algorithm for recipe in RECIPES.values()} == classes
    for name, recipe in RECIPES.items():
        squashed = name.replace("_", ""), recipe.algorithm.replace("_", "").lower()
        assert squashed[0] == squashed[1]


def test_the_catalogue_lists_ours_and_every_recipe():
    assert names()[0] == "openai_es" and len(set(names())) == len(names())
    assert set(names()) == {"openai_es", "mu_plus_lambda"} | set(RECIPES)
    assert set(REMARKS) <= set(names())


def test_the_catalogue_needs_no_jax():
    subprocess.run([sys.executable, "-c", WITHOUT_JAX], check=True)


@pytest.mark.parametrize("misspelt", ["cma-es", "CMA_ES", "cmaes"])
def test_an_unknown_name_is_answered_with_the_nearest(misspelt):
    with pytest.raises(
        ValueError, match=f"no strategy '{misspelt}'; did you mean .*cma_es"
    ):
        make(SearchConfig(strategy=misspelt), 3)


def test_a_name_near_nothing_is_answered_plainly():
    with pytest.raises(
        ValueError, match="no strategy 'qqq'; there are openai_es, .*, xnes"
    ):
        check_strategy("qqq", 64)


@pytest.mark.parametrize(
    "name, pop_size, complaint",
    [
        ("pgpe", 7, "pop_size of pgpe must be a multiple of 2, because"),
        ("esmc", 3, "at least 4 and a multiple of 2, because .* got 3"),
        ("differential_evolution", 3, "at least 4, because a child needs"),
        ("sv_cma_es", 6, "at least 8 and a multiple of 4"),
        ("sv_open_es", 12, "a multiple of 8"),
        ("lm_ma_es", 6, "at most num_dims=5"),
    ],
)
def test_a_population_size_that_cannot_work_says_why(name, pop_size, complaint):
    with pytest.raises(ValueError, match=complaint):
        make(SearchConfig(strategy=name, pop_size=pop_size), 5)


def test_without_a_genome_size_only_the_population_is_checked():
    check_strategy("lm_ma_es", 64)


@pytest.mark.parametrize(
    "name", [n for n, entry in STRATEGIES.items() if entry.needs.because]
)
def test_the_smallest_population_we_accept_is_one_evosax_fills(key, name):
    needs = STRATEGIES[name].needs
    pop_size = max(needs.at_least, needs.multiple_of)
    strategy = make(SearchConfig(strategy=name, pop_size=pop_size), 3)
    state = strategy.init(key, jnp.zeros(3))
    population, _ = jax.eval_shape(strategy.ask, jax.random.key(1), state)
    assert population.shape == (pop_size, 3)
