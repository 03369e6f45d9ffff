"""What every activation promises: ours, formulas, and a stranger's."""

import itertools

import jax.numpy as jnp
import pytest

from koki2.contracts.activation import CHECKS
from koki2.models import Activation, ACTIVATIONS, Own

FORMULA = "0.7*silu(x) + 0.3*x - 0.1*x*relu(x)"
OURS = {name: ACTIVATIONS.find(name) for name in (*ACTIVATIONS, FORMULA)}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", OURS)
def test_every_activation_keeps_the_contract(name, check):
    CHECKS[check](OURS[name])


def leaky(x, slope):
    return jnp.where(x > 0, x, slope * x)


CALLS = itertools.count()
STRANGER = Activation(leaky, own={"slope": Own((), 0.1)})
BROKEN = [
    ("form", STRANGER._replace(parts=0), "parts must be an integer >= 1, got 0"),
    ("form", STRANGER._replace(own={"slope": Own(("T",), 0.1)}), 'axes "F" or integer'),
    ("shape", Activation(lambda x: x.sum()), r"float32 \[2, 3, 6\], got float32 \[\]"),
    ("shape", Activation(lambda x: x.astype(jnp.float32)), "must be bfloat16"),
    ("numbers", Activation(lambda x: jnp.exp(x * x)), "must be finite"),
    ("tokens", Activation(lambda x: x - x.mean(axis=1, keepdims=True)), "no other"),
    ("jit", Activation(lambda x: x + next(CALLS)), "jit must agree with eager"),
]


@pytest.mark.parametrize("check", CHECKS)
def test_an_activation_from_outside_keeps_the_contract(check):
    CHECKS[check](STRANGER)
    assert check in {name for name, *_ in BROKEN}  # it can fail


@pytest.mark.parametrize("check, broken, sentence", BROKEN)
def test_a_broken_activation_gets_what_it_breaks_as_a_message(check, broken, sentence):
    with pytest.raises(AssertionError, match=sentence):
        CHECKS[check](broken)
