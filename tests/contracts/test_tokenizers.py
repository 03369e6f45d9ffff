"""What every tokenizer promises: ours, with and without special tokens."""

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from koki2 import data
from koki2.contracts.tokenizer import CHECKS, sample

END = "<|endoftext|>"
TEXTS = [b"to be, or not to be", "é ü\n\n ☃".encode(), b"a<|endoftext|>b<|b"]
SPECIALS = {"": (), " and special tokens": (END, "<|b", "<|")}
NEEDS_PACKAGE = pytest.mark.skipif(
    importlib.util.find_spec("tokenizers") is None, reason="needs koki2[text]"
)


def made(name, specials=()):
    config = data.TokenizerConfig(tokenizer=name, vocab_size=300, specials=specials)
    return data.fit_tokenizer(config, TEXTS, TEXTS)


CASES = [
    pytest.param(name, specials, id=name + text, marks=marks)
    for name, marks in {"bytes": (), "characters": (), "bpe": NEEDS_PACKAGE}.items()
    for text, specials in SPECIALS.items()
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name, specials", CASES)
def test_a_tokenizer_keeps_its_contract(name, specials, check):
    CHECKS[check](sample(made(name, specials), TEXTS))


@settings(max_examples=50, deadline=None)
@given(text=st.binary())
def test_bytes_give_back_any_bytes(text):
    for specials in SPECIALS.values():
        tokenizer = data.byte_tokens(specials)
        assert tokenizer.decode(tokenizer.encode(text)) == text


@settings(max_examples=50, deadline=None)
@given(text=st.text())
def test_characters_give_back_any_text_they_were_made_from(text):
    tokenizer = data.fit_characters([text.encode()])
    assert tokenizer.decode(tokenizer.encode(text.encode())) == text.encode()


@NEEDS_PACKAGE
@settings(max_examples=50, deadline=None)
@given(text=st.text())
def test_byte_pairs_give_back_any_text_whatever_they_were_learnt_from(text):
    tokenizer = BYTE_PAIRS
    assert tokenizer.decode(tokenizer.encode(text.encode())) == text.encode()


if not NEEDS_PACKAGE.args[0]:
    BYTE_PAIRS = made("bpe")


def test_what_breaks_the_contract_is_seen():
    liar = data.Tokenizer(
        name="liar",
        size=2,
        encode=lambda text: np.zeros(len(text), np.int64),
        decode=lambda tokens: b"x",
        spec={"tokenizer": "bytes", "specials": np.zeros(1)},
        end=2,
    )
    for name, check in CHECKS.items():
        with pytest.raises((AssertionError, ValueError)):
            check(sample(liar, [b"a"]))
            pytest.fail(f"{name} saw nothing")
