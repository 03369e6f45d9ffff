"""Bits that neurons tell of tokens, known on paper; and none where there are none."""

import math

import jax
import jax.numpy as jnp
import pytest

from koki2 import measures

TOKENS = jnp.tile(jnp.arange(8), 512)  # 4096 places, 3 bits each


def information(outputs, tokens=TOKENS, count=8, bins=8):
    outputs = jnp.asarray(outputs, jnp.float32)
    outputs = outputs[:, None] if outputs.ndim == 1 else outputs
    key = jax.random.key(0)
    return measures.mutual_information(key, tokens, outputs, count=count, bins=bins)


def test_a_neuron_that_is_the_token_tells_all_of_it():
    """log2 8 = 3 bits; 8 cells occur: a bias of (8 - 8 - 8 + 1) / (2 S ln 2)."""
    found = information(TOKENS)
    assert found.bias.item() == pytest.approx(-7 / (2 * 4096 * math.log(2)), rel=1e-4)
    assert (found.bits + found.bias).item() == pytest.approx(3, abs=1e-4)


def test_the_mean_is_over_neurons_each_on_its_own():
    """The token (3), its first bit (1), and a constant (0)."""
    outputs = jnp.stack([TOKENS, TOKENS // 4, jnp.full_like(TOKENS, 5)], axis=1)
    found = information(outputs)
    assert (found.bits + found.bias).item() == pytest.approx(4 / 3, abs=1e-3)


def test_a_noisy_bit_has_the_capacity_of_its_channel():
    """One of ten flipped: 1 - H(.1) = .531 bits."""
    bit = TOKENS % 2
    flip = jax.random.bernoulli(jax.random.key(3), 0.1, bit.shape).astype(jnp.int32)
    found = information(bit ^ flip, tokens=bit, count=2, bins=2)
    assert found.bits.item() == pytest.approx(0.531, abs=0.03)


def test_noise_tells_nothing_once_the_bias_is_off():
    noise = jax.random.uniform(jax.random.key(1), (4096, 16))
    tokens = jax.random.randint(jax.random.key(2), (4096,), 0, 64)
    found = information(noise, tokens=tokens, count=64)
    assert found.bias.item() == pytest.approx(63 * 7 / (2 * 4096 * math.log(2)), 0.01)
    assert abs(found.bits.item()) < 0.1 * found.bias


def test_bias_that_is_left_shows_in_the_control():
    """Most cells of a normal variable in 30 bins are empty: too little is taken off."""
    noise = jax.random.normal(jax.random.key(1), (4096, 16))
    tokens = jax.random.randint(jax.random.key(2), (4096,), 0, 64)
    found = information(noise, tokens=tokens, count=64, bins=30)
    assert found.bits > 0.3 * found.bias
    assert abs(found.shuffled - found.bits) < 0.1 * found.bits


def test_shuffled_tokens_are_a_control():
    found = information(TOKENS)
    assert abs(found.shuffled.item()) < 0.01


def test_bins_are_of_each_neurons_own_range():
    tokens = TOKENS.astype(jnp.float32)
    outputs = jnp.stack([tokens * 1e-6, tokens * 1e6 - 4e6], axis=1)
    found = information(outputs)
    assert (found.bits + found.bias).item() == pytest.approx(3, abs=1e-3)


def test_outputs_that_are_no_numbers_have_no_information():
    assert math.isnan(
        information(TOKENS.astype(jnp.float32).at[3].set(jnp.inf)).bits.item()
    )
    with pytest.raises(ValueError, match="bins and count must be >= 1"):
        information(TOKENS, bins=0)


def test_large_vocabularies_are_hashed_evenly():
    few = measures.classes(jnp.arange(512), 512)
    assert (few.count, few.is_hashed) == (512, False)
    assert few.tokens.tolist() == list(range(512))
    many = measures.classes(jnp.arange(50_257), 50_257)
    assert (many.count, many.is_hashed) == (256, True)
    sizes = jnp.bincount(many.tokens, length=256)
    assert sizes.min() > 190 and sizes.max() < 203


def test_neurons_are_drawn_without_doubles():
    drawn = measures.choose_neurons(jax.random.key(4), 256).tolist()
    assert len(set(drawn)) == 64 and drawn == sorted(drawn) and max(drawn) < 256
    assert measures.choose_neurons(jax.random.key(4), 256, 300).tolist() == [
        *range(256)
    ]


def test_there_is_no_compression_of_nothing():
    ratio = lambda x, y: measures.compression(jnp.float32(x), jnp.float32(y)).item()
    assert ratio(2.0, 0.5) == 0.25
    assert math.isnan(ratio(0.009, 0.5)) and math.isnan(ratio(math.nan, 0.5))
