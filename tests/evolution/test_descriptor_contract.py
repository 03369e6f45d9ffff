"""What every descriptor promises. A new one is tested by entering the catalogue."""

import itertools

import jax.numpy as jnp
import pytest
from lanes_of_tests import mostly_slow

from koki2.contracts.descriptor import CHECKS
from koki2.evolution import DescriptorEntry, DESCRIPTORS

QUICK = ("path_entropy", "reach", "lifetime", "events")


@pytest.mark.parametrize("name", mostly_slow(DESCRIPTORS, *QUICK))
@pytest.mark.parametrize("check", mostly_slow(CHECKS, *CHECKS.keys() - {"jit"}))
def test_every_descriptor_keeps_the_contract(name, check):
    CHECKS[check](DESCRIPTORS[name])


def rest(stats, env):
    return stats.actions[0] / jnp.maximum(jnp.sum(stats.actions), 1)


def entry(change, needs_map=False):
    return DescriptorEntry(lambda stats, env: change(stats), needs_map)


TRACES = itertools.count()
BROKEN = [
    ("form", DescriptorEntry(rest, needs_map=1), "True or False, got 1"),
    ("map", entry(lambda stats: stats.path.moves), "needs_map must be True.* 'moves'"),
    ("map", DescriptorEntry(lambda _, env: env.size[0]), "needs_map .* 'size'"),
    ("number", entry(lambda stats: stats.t_alive), r"float32 \[\], got int32 \[\]"),
    ("number", entry(lambda stats: stats.actions / 5), r"\[\], got float32 \[5\]"),
    ("range", entry(lambda stats: stats.t_alive / 8), r"in \[0, 1\], got \[0\. "),
    ("range", entry(lambda s: s.actions[0] / s.t_alive), r"in \[0, 1\], got \[ *nan"),
    ("jit", entry(lambda s: 0.0 * s.integrity_min + next(TRACES)), "agree with eager"),
]


@pytest.mark.parametrize("check", CHECKS)
def test_a_descriptor_from_outside_keeps_the_contract(check):
    CHECKS[check](DescriptorEntry(rest))
    assert check in {name for name, *_ in BROKEN}  # it can fail


@pytest.mark.parametrize("check, broken, sentence", BROKEN)
def test_a_broken_descriptor_gets_what_it_breaks_as_a_message(check, broken, sentence):
    with pytest.raises(AssertionError, match=sentence):
        CHECKS[check](broken)
