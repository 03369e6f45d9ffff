"""Tokens by hand: the number of each byte, character and pair; what is refused."""

import sys

import numpy as np
import pytest

from koki2 import data
from koki2.data.byte_pair_encoding import require_tokenizers

END = "<|endoftext|>"


def test_special_tokens_come_after_all_others_and_the_longer_goes_first():
    tokenizer = data.byte_tokens(["<|", END, "<|end"])
    tokens = tokenizer.encode(b"a<|endoftext|><|endof<|")
    assert tokens.tolist() == [97, 257, 258, 111, 102, 256]
    assert tokens.dtype == np.uint16 and (tokenizer.size, tokenizer.end) == (259, 257)


def test_an_alphabet_is_sorted_whatever_the_order_of_the_documents():
    one, two = b"ba", "é☃".encode()
    alphabet = data.fit_characters([one, two]).spec["alphabet"]
    assert alphabet == data.fit_characters([two, one]).spec["alphabet"] == "abé☃"


def test_merges_join_the_commonest_pairs():
    pytest.importorskip("tokenizers")
    tokenizer = data.fit_byte_pairs([b"abab abab"], size=258)
    # 256 bytes, then (a, b) with four places, then (ab, ab) with two
    assert tokenizer.encode(b"ab").tolist() == [256]
    assert tokenizer.encode(b"abab").tolist() == [257]
    assert tokenizer.decode([257, 256]) == b"ababab"


def test_byte_pairs_without_their_package_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ValueError, match=r"needs .* \(pip install 'koki2\[text\]'\)"):
        require_tokenizers()


@pytest.mark.parametrize(
    "action, message",
    [
        (
            lambda: data.fit_characters([b"\xff"]),
            "need UTF-8, got byte 0xff at",
        ),
        (lambda: data.characters("a").encode(b"ab"), "'b' must be one of the 1 char"),
        (lambda: data.byte_tokens().decode([256]), "one of 0 to 255, got 256"),
        (lambda: data.byte_tokens().decode([-1]), "one of 0 to 255, got -1"),
        (lambda: data.restore_tokenizer({}), "must have a name, got None"),
        (lambda: data.restore_tokenizer({"tokenizer": "bytes"}), "KeyError 'specials'"),
        (lambda: data.TokenizerConfig(tokenizer="byte"), "did you mean bytes"),
        (lambda: data.TokenizerConfig(specials=("a", "a")), "must be different texts"),
        (lambda: data.TokenizerConfig(vocab_size=255), ">= 256"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(action, message):
    with pytest.raises(ValueError, match=message) as raised:
        action()
    assert "\n" not in str(raised.value)
