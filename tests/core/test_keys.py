"""Streams are part of the contract: their numbers are pinned."""

import jax
import pytest
from bits import assert_same_bits

from koki2.core.keys import episode_keys, Stream, stream

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
