"""Generation: the draws, the cache, and what comes past the block."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lanes_of_tests import mostly_slow
from small_models import CONFIGS, model, params, tokens

from koki2.models import begin, generate, proceed
from koki2.models.generation import draw_token

LLAMA = pytest.mark.parametrize("name", mostly_slow(CONFIGS, "as Llama"))
GPT_2 = pytest.mark.parametrize("name", mostly_slow(CONFIGS, "as GPT-2"))


@functools.cache
def generated(name, count=12, **knobs):
    run = lambda p, prompt, key: generate(model(name), p, prompt, count, key, **knobs)
    return np.asarray(jax.jit(run)(params(name), tokens(3), jax.random.key(4)))


@GPT_2
def test_it_draws_what_reading_everything_again_would_draw(name):
    """Over 12 tokens after 3, with a block of 8: from the 6th on by cropping."""
    text, apply = tokens(3).tolist(), jax.jit(model(name).apply)
    for i in range(12):
        window = jnp.asarray((text[-8:] + [0] * 8)[:8], jnp.int32)
        logits = apply(params(name), window[None])[0, min(len(text), 8) - 1]
        key = jax.random.fold_in(jax.random.key(4), i)
        text.append(int(draw_token(key, logits, 0.8, 5)))
    assert generated(name, temperature=0.8, top_k=5).tolist() == text[3:]


@LLAMA
def test_logits_from_the_cache_are_those_of_apply_but_for_rounding(name):
    """Bound: 1e-5 of the largest logit, as the module says."""
    expected = model(name).apply(params(name), tokens()[None])[0]
    prefill, decode = map(jax.jit, (model(name).prefill, model(name).decode))
    logits, cache = prefill(params(name), tokens(), jnp.int32(3))
    rows = [logits]
    for place in range(3, 8):
        place = jnp.int32(place)
        logits, cache = decode(params(name), cache, tokens()[place], place)
        rows.append(logits)
    apart = np.abs(np.stack(rows) - expected[2:]).max()
    assert apart < 1e-5 * np.abs(expected).max()


def test_a_text_cut_into_pieces_is_the_same_text():
    name, key = "as Llama", jax.random.key(4)
    text, pieces = begin(model(name), params(name), tokens(3)), []
    piece = jax.jit(lambda text: proceed(model(name), params(name), text, 4, key))
    for _ in range(3):
        text, more = piece(text)
        pieces += more.tolist()
    assert pieces == generated(name).tolist()
    assert text.drawn == 12 and text.window.tolist() == pieces[-8:]


@pytest.mark.slow
def test_batches_are_drawn_as_one_by_one():
    name = "as GPT-2"
    run = functools.partial(generate, model(name), params(name), count=7)
    prompts, keys = jnp.stack([tokens(3), tokens(3, seed=7)]), [0, 1]
    one = lambda prompt, key: run(prompt, key=key)
    keys = jax.random.split(jax.random.key(3))
    many = jax.jit(jax.vmap(one))(prompts, keys)
    for i in range(2):
        np.testing.assert_array_equal(many[i], jax.jit(one)(prompts[i], keys[i]))


@pytest.mark.slow
def test_the_same_key_draws_the_same_and_another_key_another_text():
    name = "as GPT-2"
    run = jax.jit(lambda key: generate(model(name), params(name), tokens(2), 20, key))
    one, again, other = (run(jax.random.key(i)) for i in (0, 0, 1))
    assert np.array_equal(one, again) and not np.array_equal(one, other)


@pytest.mark.slow
def test_a_prompt_longer_than_the_block_is_read_from_its_end():
    name = "as GPT-2"
    long = jnp.concatenate([tokens(5, seed=8), tokens()])
    run_eagerly = functools.partial(generate, model(name), params(name), count=3)
    run = jax.jit(lambda prompt: run_eagerly(prompt, key=jax.random.key(0)))
    short, full = run(tokens()), run(long)
    np.testing.assert_array_equal(short, full)


def draws(logits, temperature, top_k=None, count=4000):
    keys = jax.random.split(jax.random.key(0), count)
    one = lambda key: draw_token(key, jnp.asarray(logits), temperature, top_k)
    return np.bincount(jax.jit(jax.vmap(one))(keys), minlength=len(logits)) / count


def test_draws_follow_the_softmax_at_a_temperature():
    """p = 1/4 and 3/4; at a temperature of 1/2 squared and normalised: 1/10, 9/10."""
    logits = np.log(np.float32([1.0, 3.0]))
    assert abs(draws(logits, 1.0)[1] - 0.75) < 0.02
    assert abs(draws(logits, 0.5)[1] - 0.9) < 0.02
    assert draws(logits, 0.0)[1] == 1.0


def test_top_k_draws_only_among_the_likeliest():
    logits = np.float32([0.0, 1.0, 2.0, 1.0])
    assert draws(logits, 1.0, top_k=1).tolist() == [0, 0, 1, 0]
    found = draws(logits, 1.0, top_k=2)
    assert found[0] == 0 and np.all(found[1:] > 0.15)  # equals of the second, too
    assert np.all(draws(logits, 1.0, top_k=9) > 0)


def test_no_prompt_and_no_choice_are_refused():
    name = "as GPT-2"
    run = functools.partial(generate, model(name), params(name))
    with pytest.raises(ValueError, match="at least one token, got none"):
        run(jnp.zeros(0, jnp.int32), 1, jax.random.key(0))
    with pytest.raises(ValueError, match="top_k must be >= 1, got 0"):
        run(tokens(2), 1, jax.random.key(0), top_k=0)
    with pytest.raises(ValueError, match="temperature must be >= 0, got -1"):
        run(tokens(2), 1, jax.random.key(0), temperature=-1)
