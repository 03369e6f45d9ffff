"""What is measured of a training, on numbers that can be checked on paper."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2 import measures

near = lambda x, **how: pytest.approx(x, **({"rel": 1e-5} | how))
normal = lambda *shape, seed=0: jax.random.normal(jax.random.key(seed), shape)


def test_weight_entropy_of_shares_of_a_half_and_two_quarters():
    """Four weights in bins 0, 50 and 99: 1/4, 1/4 and 1/2."""
    weights = {"a": jnp.array([[0.0, -2.0]]), "b": jnp.array([1.0, 2.0])}
    assert measures.weight_entropy(weights).item() == near(1.5)


def test_weight_entropy_is_high_for_spread_weights_and_low_for_structured_ones():
    spread = jnp.linspace(-1, 1, 20_001)
    random, ternary = normal(20_000), jnp.sign(normal(20_000))
    entropies = [measures.weight_entropy(w).item() for w in (spread, random, ternary)]
    assert entropies == sorted(entropies, reverse=True)
    assert entropies[0] == near(math.log2(100), abs=1e-3) and entropies[2] == 0


def test_weight_entropy_is_that_of_numpys_histogram_and_knows_no_scale():
    w = np.asarray(normal(5_000))
    counts = np.histogram(np.abs(w), bins=100, range=(0, np.abs(w).max()))[0]
    share = counts[counts > 0] / counts.sum()
    expected = -(share * np.log2(share)).sum()
    for scale in (1.0, 1e-20):
        assert measures.weight_entropy([scale * w]).item() == near(expected, abs=2e-3)


def test_weights_that_are_no_numbers_have_no_entropy():
    assert math.isnan(measures.weight_entropy([jnp.array([1.0, jnp.nan])]).item())
    assert math.isnan(measures.weight_entropy([jnp.array([1.0, jnp.inf])]).item())
    assert measures.weight_entropy([jnp.zeros(3)]).item() == 0
    with pytest.raises(ValueError, match="a number at least"):
        measures.weight_entropy({})


def test_ranks_are_means_over_matrices_of_any_shape():
    """Three directions of a product of rank 3; 2 of 2 equal ones."""
    low = normal(16, 3) @ normal(3, 24, seed=1)
    ranks = measures.mean_ranks([low, jnp.eye(2), jnp.eye(2)])
    assert ranks.count.item() == near((3 + 2 + 2) / 3)
    one = measures.mean_ranks([low]).entropy.item()
    assert 1 <= one <= 3
    assert ranks.entropy.item() == near((one + 4) / 3)


def test_rank_is_that_of_the_matrix_and_not_of_the_method():
    """The seed's code said 20 of both."""
    full, low = normal(64, 96), normal(64, 3) @ normal(3, 96, seed=1)
    assert [measures.mean_ranks([m]).count.item() for m in (full, low)] == [64, 3]
    assert math.isnan(measures.mean_ranks([low, low * jnp.nan]).count.item())
    with pytest.raises(ValueError, match="one at least"):
        measures.mean_ranks([])


def test_population_entropy_of_three_quarters_and_a_quarter():
    losses = jnp.array([0.0, math.log(3), jnp.inf, jnp.nan])
    expected = 0.75 * math.log(4 / 3) + 0.25 * math.log(4)
    assert measures.population_entropy(-losses).item() == near(expected)
    alike = measures.population_entropy(jnp.full(50, -1e6))
    assert alike.item() == near(math.log(50))
    assert math.isnan(measures.population_entropy(jnp.full(3, jnp.nan)).item())


def test_recent_losses_are_the_last_fifty():
    def after(steps):
        take = lambda recent, loss: (measures.remember(recent, loss), None)
        return jax.lax.scan(take, measures.no_losses(), jnp.arange(1.0, steps + 1))[0]

    assert sorted(after(53).losses.tolist()) == list(range(4, 54))
    assert measures.population_entropy(-after(1).losses).item() == 0
    assert measures.population_entropy(-after(2).losses).item() == near(
        math.log(1 + math.exp(-1)) + math.exp(-1) / (1 + math.exp(-1))
    )


def test_activations_are_counted_over_layers_and_members():
    assert measures.activation_distribution(["swiglu"] * 6) == {"swiglu": 6}
    both = measures.activation_distribution(["silu"] * 2 + ["gelu"] * 2 + ["silu"] * 2)
    assert list(both.items()) == [("gelu", 2), ("silu", 4)]
    assert measures.architecture_diversity(["gelu", "silu", "gelu"]) == near(2 / 3)
    with pytest.raises(ValueError, match="one at least"):
        measures.architecture_diversity([])


def test_free_energy_adds_what_bits_cost_to_the_loss():
    energy = measures.free_energy(jnp.float32(3.0), jnp.float32(2.0), beta=0.5)
    assert energy.item() == 4


def score(mode, parameters, entropy=6.0, rank=48.0):
    return measures.complexity(
        mode,
        parameters=parameters,
        entropy=jnp.float32(entropy),
        rank=jnp.float32(rank),
    )


@pytest.mark.parametrize(
    "mode, parameters, expected",
    [
        ("params", 3_000, 0.25),
        ("entropy", 4_096, 0.5),
        ("entropy", 1, 6.0),
        ("mdl", 4_096, 48 * 12 / 4_096),
        ("mdl", 1, 48.0),
    ],
)
def test_complexity_has_three_modes(mode, parameters, expected):
    assert score(mode, parameters).item() == near(expected)


def test_more_parameters_are_never_a_lesser_penalty_by_params():
    """The seed's score falls with size: a penalty of it would favour large models."""
    scores = [score("params", n) for n in (100, 10_000)]
    small, large = (measures.penalty("params", s).item() for s in scores)
    assert scores[0] > scores[1] and small < large
    assert measures.penalty("mdl", jnp.float32(0.3)).item() == near(0.3)
    for wrong in ({"mode": "bits", "parameters": 3}, {"mode": "mdl", "parameters": 0}):
        with pytest.raises(ValueError, match="must be"):
            score(**wrong)


def test_instability_is_a_sum_of_shares():
    """Ten steps: 2 spikes, of which 1 is skipped and so saturated; 1 not finite."""
    norms = [1.0] * 7 + [12.0, 30.0, math.nan]
    coefs = [1.0] * 7 + [0.4, 0.0, 0.0]
    unrest = measures.at_rest()
    for norm, coef in zip(norms, coefs, strict=True):
        unrest = measures.observe(
            unrest,
            grad_norm=jnp.float32(norm),
            clip_coef=jnp.float32(coef),
            is_skipped=jnp.array(coef == 0),
            spike_threshold=10.0,
        )
    assert measures.instability_score(unrest).item() == near(0.2 + 0.2 + 0.2)
    assert measures.instability_score(unrest, 0.25).item() == near(0.85)
    assert measures.instability_score(measures.at_rest()).item() == 0
    off = measures.observe(
        measures.at_rest(),
        grad_norm=jnp.float32(1e9),
        clip_coef=jnp.float32(1),
        is_skipped=jnp.array(False),
        spike_threshold=0.0,
    )
    assert off.spikes.item() == 0


def fitness(val_loss, tokens=8.0, instability=0.0, penalty=0.0, **weights):
    return measures.fitness(
        val_loss=jnp.float32(val_loss),
        tokens_per_gflop=tokens,
        instability=jnp.float32(instability),
        penalty=jnp.float32(penalty),
        **weights,
    ).item()


def test_each_weight_of_fitness_changes_the_order():
    """a has the least loss, b is fast, c is calm, d is simple, e is new."""
    candidates = {
        "a": {"val_loss": 2.0, "instability": 0.5, "penalty": 0.5},
        "b": {"val_loss": 2.1, "instability": 0.5, "penalty": 0.5, "tokens": 80.0},
        "c": {"val_loss": 2.2, "penalty": 0.5},
        "d": {"val_loss": 2.3, "instability": 0.5},
        "e": {"val_loss": 2.4, "instability": 0.5, "penalty": 0.5, "bonus": 1.0},
        "diverged": {"val_loss": math.nan, "bonus": 9.0},
    }

    def order(bonus=0.0, **weights):
        values = {
            name: fitness(**facts | {"bonus": bonus * facts.get("bonus", 0)}, **weights)
            for name, facts in candidates.items()
        }
        return sorted(values, key=lambda name: -values[name])

    assert order() == ["a", "b", "c", "d", "e", "diverged"]
    assert order(perf_weight=1.0)[0] == "b"
    assert order(stability_weight=1.0)[0] == "c"
    assert order(complexity_weight=1.0)[0] == "d"
    assert order(bonus=1.0)[0] == "e"
    assert order(alpha=0.0, stability_weight=1.0)[0] == "c"
    assert order(bonus=1.0)[-1] == "diverged"


def test_a_candidate_that_diverged_is_last_and_never_nan():
    assert fitness(math.inf) == fitness(math.nan) == -math.inf
    assert fitness(2.0, tokens=math.e**2, perf_weight=0.5) == near(-1)
    with pytest.raises(ValueError, match="above 0"):
        fitness(2.0, tokens=0.0)


def test_the_bonus_decays_from_the_first_generation_on():
    shapes = {
        kind: [measures.decay(kind, g, 4) for g in range(4)]
        for kind in ("none", "linear", "cosine")
    }
    assert shapes["none"] == [1] * 4 and shapes["linear"] == [1, 0.75, 0.5, 0.25]
    assert shapes["cosine"] == near([1, 0.5 + 0.125**0.5, 0.5, 0.5 - 0.125**0.5])
    with pytest.raises(ValueError, match="none, linear, cosine, got 'half'"):
        measures.decay("half", 0, 4)
