"""edge_sum: three forms, one meaning, the same bits for spikes."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from koki2.core.lanes import over_lanes
from koki2.kernels import edge_sum, in_table
from koki2.kernels.edge_sum import reference, WRITTEN_OUT

LANES = 3
WRITTEN, FROM_TABLE = "written out", "from a table"


def test_by_hand():
    """0 and 1 speak to 2, 2 speaks to 0: 10 + 3 to neuron 0, 30 + 1 + 2 to neuron 2."""
    source, target = np.array([0, 1, 2]), np.array([2, 2, 0])
    base, weights = jnp.array([10.0, 20.0, 30.0]), jnp.array([1.0, 2.0, 3.0])
    heard = edge_sum(base, weights, jnp.ones(3), source, target)
    assert heard.tolist() == [13, 20, 33]
    silent = edge_sum(base, weights, jnp.array([1.0, 0.0, 0.0]), source, target)
    assert silent.tolist() == [10, 20, 31]


def test_synapses_are_added_one_after_the_other():
    """1e8 swallows the 1 that comes after it, but not the one that comes before 0."""
    source, target = np.array([0, 1, 2]), np.array([0, 0, 0])
    add = lambda *w: edge_sum(jnp.zeros(3), jnp.array(w), jnp.ones(3), source, target)
    assert float(add(1e8, 1.0, -1e8)[0]) == 0.0
    assert float(add(1e8, -1e8, 1.0)[0]) == 1.0


@st.composite
def wirings(draw):
    """Any wiring of a few sizes: several synapses per pair, and to oneself, allowed."""
    neurons, synapses = draw(st.sampled_from([(2, 3), (4, 9), (5, 20)]))
    ends = st.lists(st.integers(0, neurons - 1), min_size=synapses, max_size=synapses)
    source, target = (np.array(draw(ends), np.int32) for _ in range(2))
    target[-1] = neurons - 1  # so that the table knows how many neurons there are
    return neurons, source, target, draw(st.integers(0, 2**32 - 1))


@settings(max_examples=20, deadline=None)
@given(wirings())
def test_every_form_gives_the_bits_of_the_reference(wiring):
    """For 0 and 1 the products are exact, so that nothing is left to contract."""
    neurons, source, target, seed = wiring
    rng = np.random.default_rng(seed)
    draw = lambda *shape: jnp.asarray(rng.normal(size=shape), jnp.float32)
    base, weights = draw(neurons, LANES), draw(len(source), LANES)
    spikes = jnp.asarray(rng.integers(0, 2, (neurons, LANES)), jnp.float32)
    plain = jax.vmap(_reference, in_axes=(-1, -1, -1, None, None), out_axes=-1)
    want = plain(base, weights, spikes, jnp.asarray(source), jnp.asarray(target))
    fixed = lambda *args: edge_sum(*args, source, target)
    data = (jnp.asarray(a) for a in (source, target, in_table(source, target)))
    table = functools.partial(_by_table, *data)
    for form in (fixed, table):
        np.testing.assert_array_equal(over_lanes(form, 1)(base, weights, spikes), want)
        one = form(base[:, 0], weights[:, 0], spikes[:, 0])
        np.testing.assert_array_equal(one, want[:, 0])


@jax.jit
def _reference(base, weights, spikes, source, target):
    return reference.edge_sum(base, weights, spikes, source, target)


def _by_table(source, target, inputs, base, weights, spikes):
    return edge_sum(base, weights, spikes, source, target, inputs)


@pytest.mark.parametrize("synapses", [WRITTEN_OUT, WRITTEN_OUT + 1])
def test_large_wirings_are_not_written_out(synapses):
    """One multiplication per synapse, or one per row of the table."""
    source = np.arange(synapses, dtype=np.int32) % 64
    target = (source + 1) % 64
    form = over_lanes(lambda *args: edge_sum(*args, source, target), 1)
    arrays = jnp.zeros((64, 2)), jnp.zeros((synapses, 2)), jnp.zeros((64, 2))
    program = jax.make_jaxpr(form)(*arrays).jaxpr
    products = [e for e in program.eqns if e.primitive.name == "mul"]
    assert len(products) == (synapses if synapses <= WRITTEN_OUT else 9)


@settings(max_examples=50, deadline=None)
@given(wirings(), st.integers(0, 30))
def test_the_table_lists_every_synapse_once_under_its_target(wiring, width):
    neurons, source, target, _ = wiring
    table = in_table(source, target, width)
    nobody = len(source)
    assert len(table) == max(width, np.bincount(target).max())
    for neuron in range(neurons):
        entries = [e for e in table[:, neuron].tolist() if e != nobody]
        assert entries == np.flatnonzero(target == neuron).tolist()
