"""Strategies and emitters of others: registered, they work wherever ours do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.search import (
    ArchiveConfig,
    check_strategy,
    EmitterConfig,
    emitters,
    make,
    map_elites,
    names,
    Needs,
    openai_es,
    register_emitter,
    register_strategy,
    SearchConfig,
    STRATEGIES,
    Strategy,
)
from koki2.search.emitters import EMITTERS


def still(config, num_dims):
    """A strategy that asks for its centre again and again."""
    return Strategy(
        name="still",
        pop_size=config.pop_size,
        init=lambda key, centre: centre,
        ask=lambda key, state: (jnp.tile(state, (config.pop_size, 1)), state),
        tell=lambda state, population, fitness: state,
        mean=lambda state: state,
    )


@pytest.fixture
def registered():
    register_strategy("still", still, needs=Needs(multiple_of=3, because="it counts"))
    register_emitter(
        "narrow",
        lambda config, num_dims, mutate: emitters.gaussian(
            EmitterConfig(emitter="gaussian", batch_size=config.batch_size, sigma=0.01)
        ),
    )
    register_emitter(
        "improving",
        lambda config, num_dims, mutate: emitters.improvement(config, num_dims),
        uses_strategy=True,
    )
    yield
    STRATEGIES.remove("still")
    EMITTERS.remove("narrow")
    EMITTERS.remove("improving")


def test_a_registered_strategy_is_made_by_its_name(registered):
    strategy = make(SearchConfig(strategy="still", pop_size=6), num_dims=2)
    state = strategy.init(jax.random.key(0), jnp.ones(2))
    population, _ = strategy.ask(jax.random.key(1), state)
    assert population.shape == (6, 2) and names()[-1] == "still"


def test_what_a_registered_strategy_needs_is_checked(registered):
    complaint = "pop_size of still must be a multiple of 3, because it counts, got 4"
    with pytest.raises(ValueError, match=complaint):
        SearchConfig(strategy="still", pop_size=4)
    with pytest.raises(ValueError, match=complaint):
        EmitterConfig(emitter="improving", strategy="still", batch_size=4)
    EmitterConfig(emitter="narrow", strategy="still", batch_size=4)  # not used


@pytest.mark.slow
def test_a_registered_emitter_fills_an_archive(registered):
    config = EmitterConfig(emitter="narrow", batch_size=4, init_sigma=0.5)
    search = map_elites(ArchiveConfig(shape=(4, 4)), config, num_dims=2)
    state = search.init(jax.random.key(0), jnp.full(2, 0.5))
    for step in range(2):
        asked, state = search.ask(jax.random.key(step), state)
        fitness = jnp.arange(4.0)
        inside = jnp.clip(asked.genome, 0.0, 1.0)
        state, _ = search.tell(state, asked, fitness, inside)
    assert search.batch_size == 4 and np.all(asked.parents[:, 0] >= 0)


def test_a_strategy_that_was_removed_is_unknown():
    with pytest.raises(ValueError, match="there is no strategy 'still'"):
        check_strategy("still", 6)


@pytest.mark.parametrize(
    "name, near", [("iso-line", "iso_line"), ("Gaussian", "gaussian")]
)
def test_an_unknown_emitter_is_answered_with_the_nearest(name, near):
    with pytest.raises(ValueError, match=f"no emitter '{name}'; did you mean {near}"):
        EmitterConfig(emitter=name)


def test_ours_cannot_be_replaced_by_accident():
    with pytest.raises(ValueError, match="'openai_es' is registered already"):
        register_strategy("openai_es", lambda config, num_dims: openai_es(config))
