"""Batches: the same ones wherever the text lies, whichever step is asked for first."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, strategies as st

from koki2.data.batching import batches, consecutive, draw_starts

KEY = jax.random.key(7)
TEXT = (np.arange(1000) % 251).astype(np.uint8)
SHAPE = dict(batch=4, block=8)


def some(source, first, steps, microbatches):
    """All windows of some steps, computed as a trainer does: in a compiled scan."""

    def step(feed, t):
        one = lambda j: source.windows(feed, t, j)
        return feed, jnp.stack([one(j) for j in range(microbatches)])

    @jax.jit
    def chunk(feed):
        return jax.lax.scan(step, feed, feed.first + jnp.arange(steps))[1]

    return np.asarray(chunk(source.prepare(KEY, first, steps, microbatches)))


@pytest.fixture(scope="module")
def on_device():
    return some(batches(TEXT, **SHAPE), 0, 6, 3)


def test_a_text_on_the_host_gives_the_very_windows_of_one_on_the_device(on_device):
    source = batches(TEXT, **SHAPE, limit=TEXT.nbytes - 1)
    assert not source.is_on_device and batches(TEXT, **SHAPE).is_on_device
    np.testing.assert_array_equal(some(source, 0, 6, 3), on_device)
    assert on_device.dtype == np.int32


def test_neither_the_chunk_nor_the_number_of_microbatches_changes_a_window(on_device):
    for limit in (0, TEXT.nbytes):
        source = batches(TEXT, **SHAPE, limit=limit)
        np.testing.assert_array_equal(some(source, 4, 2, 1), on_device[4:, :1])


def test_seeds_in_one_program_have_the_windows_of_each_alone(on_device):
    source = batches(TEXT, **SHAPE)
    feed = source.prepare(KEY, 0, 1, 1)
    keys = jnp.stack([jax.random.key(8), KEY])
    many = jax.vmap(lambda key: source.windows(feed._replace(key=key), 5, 2))(keys)
    np.testing.assert_array_equal(many[1], on_device[5, 2])
    assert not np.array_equal(many[0], many[1])


def test_a_window_is_a_stretch_of_the_text(on_device):
    starts = np.asarray(draw_starts(KEY, 5, 2, tokens=1000, **SHAPE))
    for start, window in zip(starts, on_device[5, 2], strict=True):
        np.testing.assert_array_equal(window, TEXT[start : start + 9])


def test_the_windows_of_a_step_are_as_ever():
    starts = draw_starts(jax.random.key(0), 3, 1, batch=6, tokens=1000, block=8)
    assert starts.tolist() == [68, 453, 159, 623, 66, 589]


def test_every_place_of_a_short_text_is_drawn_and_none_beyond():
    starts = draw_starts(KEY, 0, 0, batch=200, tokens=7, block=4)
    assert set(starts.tolist()) == {0, 1, 2}


@given(count=st.integers(2, 40), block=st.integers(1, 12))
def test_every_token_but_the_first_is_predicted_once(count, block):
    tokens = np.arange(count).astype(np.uint8)
    windows, valid = consecutive(tokens, block)
    assert windows[:, 1:][valid].tolist() == list(range(1, count))
    assert windows[:, :-1][valid].tolist() == list(range(count - 1))


def test_a_text_of_a_block_has_no_window():
    with pytest.raises(ValueError, match="longer than a block of 8 tokens, got 8"):
        batches(TEXT[:8], **SHAPE)
    assert some(batches(TEXT[:9], **SHAPE), 0, 1, 1)[0, 0].tolist() == [[*range(9)]] * 4
