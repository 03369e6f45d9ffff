"""Streams are part of the contract: their numbers are pinned, and no two keys meet."""

import enum
import itertools

import jax
import numpy as np
import pytest
from bits import assert_same_bits

from koki2.core import keys
from koki2.core.keys import episode_keys, FIRST, HeldOutStream, Stream, stream

ENUMS = [
    found
    for found in vars(keys).values()
    if isinstance(found, type) and issubclass(found, enum.IntEnum) and len(found)
]

NUMBERS = dict(INIT=0, GENERATION=1, ASK=2, LIVES=3, VIABILITY=4, DEVELOP=5, RUNG=6)


def test_a_stream_never_changes_its_number():
    known = {purpose.name: int(purpose) for purpose in Stream}
    assert known.items() >= NUMBERS.items()
    assert len(set(known.values())) == len(known)


@pytest.mark.parametrize("purpose", Stream)
def test_a_stream_is_fold_in_of_its_number(key, purpose):
    folded = jax.random.fold_in(jax.random.clone(key), int(purpose))
    assert_same_bits(stream(key, purpose), folded)


def test_episodes_are_a_split_of_the_seed():
    split = jax.random.split(jax.random.key(7), 3)
    assert_same_bits(episode_keys(7, 3), split)


def test_each_loop_has_a_range_of_numbers_of_its_own():
    assert {Stream, HeldOutStream} <= set(ENUMS)
    for one, other in itertools.combinations(ENUMS, 2):
        assert max(one) < min(other) or max(other) < min(one)
    assert max(Stream) < FIRST
    assert all(min(found) >= FIRST for found in ENUMS if found is not Stream)


def test_a_split_gives_the_keys_of_the_numbers_below_its_length():
    """Where a stream's number is reached by a split, the two are the same key."""
    root = lambda: jax.random.key(7)
    numbers = np.arange(8, dtype=np.uint32)
    folded = jax.vmap(jax.random.fold_in, (None, 0))(root(), numbers)
    assert_same_bits(jax.random.split(root(), 8), folded)
    assert_same_bits(stream(root(), Stream.DEVELOP), jax.random.split(root(), 8)[5])


def test_no_stream_of_a_held_out_evaluation_is_the_key_of_an_episode():
    """Of the longest evaluation there is; and so of none that is shorter."""
    words = jax.random.key_data(episode_keys(7, FIRST)).tolist()
    taken = {tuple(pair) for pair in words}
    assert len(taken) == FIRST
    for purpose in HeldOutStream:
        own = jax.random.key_data(stream(jax.random.key(7), purpose)).tolist()
        assert tuple(own) not in taken


def test_an_evaluated_genome_does_not_develop_with_the_key_of_episode_five():
    """As it did while `Stream.DEVELOP`, 5, was folded into the key of the episodes."""
    now = jax.random.key_data(stream(jax.random.key(7), HeldOutStream.DEVELOP))
    fifth = jax.random.key_data(episode_keys(7, 6)[5])
    assert now.tolist() != fifth.tolist()


def test_more_episodes_than_streams_leave_room_for_are_refused():
    assert episode_keys(7, 3).shape == (3,)
    with pytest.raises(ValueError, match=f"at most {FIRST}, got {FIRST + 1}"):
        episode_keys(7, FIRST + 1)
