"""edge_sum: three forms, one meaning, the same bits for spikes."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from koki2.kernels import edge_sum, in_table
from koki2.kernels.edge_sum import reference, rows, table, WRITTEN_OUT
from koki2.lanes import over_lanes

LANES = (1, 3)


def one_by_one(base, weights, activity, source, target):
    """The formula of the door, synapse by synapse, in NumPy's float32."""
    out = base.copy()
    for e, (s, t) in enumerate(zip(source, target, strict=True)):
        out[t] = out[t] + weights[e] * activity[s]
    return out


@st.composite
def problems(draw):
    """A wiring in which every neuron speaks, and numbers of very different sizes."""
    neurons, count = draw(st.sampled_from([(2, 1), (5, 12)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    source = np.sort(np.append(np.arange(neurons), rng.integers(0, neurons, count)))
    target = rng.integers(0, neurons, source.size)
    number = lambda n: rng.normal(size=(n, *LANES)) * 10.0 ** rng.integers(-3, 4)
    base, weights = (number(n).astype(np.float32) for n in (neurons, source.size))
    activity = rng.integers(0, 2, (neurons, *LANES)).astype(np.float32)
    return base, weights, activity, source.astype(np.int32), target.astype(np.int32)


def assert_bits(ours, expected):
    np.testing.assert_array_equal(
        np.asarray(ours).view(np.uint32), expected.view(np.uint32)
    )


@settings(max_examples=8, deadline=None, derandomize=True, database=None)
@given(problems())
def test_every_form_gives_the_same_bits_for_spikes(problem):
    base, weights, activity, source, target = problem
    expected = one_by_one(*problem)
    floats = tuple(map(jnp.asarray, (base, weights, activity)))
    inputs = in_table(source, target)
    behind = lambda x: jnp.asarray(x)[..., None, None]  # the same in every lane
    wires = tuple(map(behind, (source, target, inputs)))

    plain = lambda *args: reference.edge_sum(*args, source, target)
    by_lane = jax.vmap(jax.vmap(plain, -1, -1), -1, -1)
    assert_bits(by_lane(*floats), expected)
    assert_bits(rows.edge_sum(source.tolist(), target.tolist(), 2, *floats), expected)
    assert_bits(table.edge_sum(2, *floats, *wires), expected)

    known = lambda *args: edge_sum(*args, source, target)
    assert_bits(over_lanes(known, 2)(*floats), expected)
    assert_bits(over_lanes(edge_sum, 2)(*floats, *wires), expected)
    item = lambda x: jnp.asarray(x[..., 0, 0])
    assert_bits(known(*map(item, problem[:3])), expected[..., 0, 0])


@pytest.mark.parametrize("synapses", [WRITTEN_OUT, WRITTEN_OUT + 1])
def test_large_wirings_are_not_written_out(synapses):
    """One product per synapse, or one per row of the table: ceil(1025 / 64) = 17."""
    source = np.arange(synapses, dtype=np.int32) % 64
    form = over_lanes(lambda *args: edge_sum(*args, source, (source + 1) % 64), 1)
    arrays = jnp.zeros((64, 2)), jnp.zeros((synapses, 2)), jnp.zeros((64, 2))
    program = jax.make_jaxpr(form)(*arrays).jaxpr
    products = [e for e in program.eqns if e.primitive.name == "mul"]
    assert len(products) == (synapses if synapses <= WRITTEN_OUT else 17)


@settings(max_examples=30, deadline=None)
@given(problems(), st.integers(0, 30))
def test_the_table_lists_every_synapse_once_under_its_target(problem, width):
    *_, source, target = problem
    inputs = in_table(source, target, width)
    assert len(inputs) == max(width, np.bincount(target).max())
    for neuron, entries in enumerate(inputs.T.tolist()):
        listed = [e for e in entries if e != len(source)]
        assert listed == np.flatnonzero(target == neuron).tolist()


@pytest.mark.parametrize("written_out", [0, 1024])
def test_lanes_may_be_shared_whichever_form_the_door_takes(written_out, monkeypatch):
    """One base and two weights for three activities: 10 + {1, 2} where 0 fires."""
    door = sys.modules["koki2.kernels.edge_sum"]  # that name is also a function
    monkeypatch.setattr(door, "WRITTEN_OUT", written_out)
    source, target = np.array([0, 1], np.int32), np.array([1, 0], np.int32)
    base = jnp.full((2, 1, 1), 10.0)
    weights = jnp.array([1.0, 2.0]).reshape(1, 2, 1) * jnp.ones((2, 1, 1))
    activity = jnp.stack([jnp.array([[0.0, 1.0, 1.0]]), jnp.zeros((1, 3))])
    known = lambda *args: edge_sum(*args, source, target)
    out = over_lanes(known, 2)(base, weights, activity)
    assert out.tolist() == [
        [[10, 10, 10], [10, 10, 10]],
        [[10, 11, 11], [10, 12, 12]],
    ]


def test_a_neuron_sums_its_synapses_in_their_order():
    """1e8 - 1e8 + 1 is 1; were the 1 added any sooner, it would be lost."""
    source, target = np.array([1, 2, 3], np.int32), np.zeros(3, np.int32)
    weights = jnp.array([1e8, -1e8, 1.0], jnp.float32)
    ones, none = jnp.ones(4), jnp.zeros(4)
    out = edge_sum(none, weights, ones, source, target)
    assert out.tolist() == [1, 0, 0, 0]
