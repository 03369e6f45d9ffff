"""What every language model promises: ours, and a stranger's."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lanes_of_tests import mostly_slow
from small_models import CONFIGS, model, SMALL

from koki2.contracts.model import CHECKS
from koki2.models import gpt, GptConfig, Model, with_loss

OURS = {name: lambda name=name: model(name) for name in CONFIGS} | {
    "dropout": lambda: gpt(GptConfig(**SMALL, dropout=0.3)),
    "remat": lambda: gpt(GptConfig(**SMALL), remat=True),
    "one position": lambda: gpt(GptConfig(**SMALL | {"block": 1})),
}


@pytest.fixture(params=mostly_slow(OURS, "as Llama"), scope="module")
def ours(request):
    return OURS[request.param]()


@pytest.mark.parametrize("check", CHECKS)
def test_every_model_keeps_the_contract(ours, check):
    CHECKS[check](ours)


def bigram(params, tokens, *, key=None, sites=None):
    return params["table"][tokens]


def stranger(**parts):
    """A table of what follows what, or with parts of its own a broken one."""
    table = lambda key: {"table": jax.random.normal(key, (5, 5))}
    apply = parts.get("apply", bigram)
    ours = Model(table, apply, with_loss(apply), vocabulary=5, block=6)
    return ours._replace(**parts)


def count_up(params, tokens, **_):
    return params["table"][tokens] + next(CALLS)


def keep(params, tokens, **_):
    KEPT.append(params["table"] * 2)
    return params["table"][tokens]


def always_marked(params, tokens, *, sites=None, **_):
    logits = params["table"][tokens]
    return logits if sites is None or sites.at_site is None else 1.0 * logits


def read_all(params, tokens, length):
    return params["table"][tokens[length - 1]], None


CALLS, KEPT = itertools.count(), []
BROKEN = [
    ("form", stranger(vocabulary=0), "vocabulary must be an integer >= 1, got 0"),
    ("form", stranger(prefill=read_all), "both be given, or neither, got prefill"),
    ("parameters", stranger(init=lambda key: {}), "at least one array, got none"),
    (
        "parameters",
        stranger(init=lambda key: {"table": jnp.zeros((5, 5), int)}),
        "must be floating-point and not weak",
    ),
    ("shapes", stranger(vocabulary=4), r"2 x \d tokens must be .* \[2, \d, 4\]"),
    ("loss", stranger(loss=lambda p, x, y: jnp.sum(p["table"])), "mean of token_loss"),
    (
        "causality",
        stranger(apply=lambda p, x, **_: jnp.flip(p["table"][x], 1)),
        "position 0 must not depend on later tokens",
    ),
    (
        "prefixes",
        stranger(apply=lambda p, x, **_: p["table"][x] * x.shape[1]),
        "logits of a prefix",
    ),
    ("jit", stranger(apply=count_up), "under jit must agree with eager"),
    ("replay", stranger(apply=lambda p, x, **_: _toss(p["table"][x])), "the same key"),
    ("tracers", stranger(apply=keep), "keep no tracer behind it, got .*[Ll]eak"),
    ("sites", stranger(apply=always_marked), "must not change the program"),
    (
        "generation",
        stranger(prefill=read_all, decode=lambda p, cache, *_: (-p["table"][0], cache)),
        "the likeliest text must be the same from the cache",
    ),
]


def _toss(logits):
    """A coin of NumPy's, which is in no key."""
    draw = lambda: np.float32(np.random.default_rng().normal())
    toss = jax.pure_callback(draw, jax.ShapeDtypeStruct((), jnp.float32))
    return logits + toss


@pytest.mark.parametrize("check", CHECKS)
def test_a_model_from_outside_keeps_the_contract(check):
    CHECKS[check](STRANGER)
    assert check in {name for name, *_ in BROKEN}  # it can fail


STRANGER = stranger()


SLOW = ("tracers",)  # it looks for who holds them in all of memory


@pytest.mark.parametrize(
    "check, broken, sentence",
    [
        pytest.param(*case, marks=[pytest.mark.slow] * (case[0] in SLOW))
        for case in BROKEN
    ],
)
def test_a_broken_model_gets_what_it_breaks_as_a_message(check, broken, sentence):
    with pytest.raises(AssertionError, match=sentence):
        CHECKS[check](broken)
