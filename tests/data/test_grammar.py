"""The floor of the loss: entropies by hand, and of sentences, each parsed again."""

import functools
import hashlib
import math

import jax
import numpy as np
import pytest

from koki2.data.grammar import entropy_rate, Grammar, write
from koki2.data.sentence_grammar import sentence_documents, sentence_rate, sentences

COIN = Grammar({"S": [(1, [b"a"]), (1, [b"b", "S"])]}, "S")
# H(A) = 1.5 bits + H(A) / 2, L(A) = 1.25 + L(A) / 2, and a full stop
NESTED = Grammar(
    {
        "S": [(1, ["A", b"."])],
        "A": [(2, [b"x"]), (1, [b"y", "A"]), (1, [b"(", "A", b")"])],
    },
    "S",
)


def derivations(grammar, text):
    """How a text can be derived: (in how many ways, with which probability)."""

    @functools.cache
    def ends(symbol, begin):
        """Where a symbol that begins here may end: end -> (ways, probability)."""
        found = {}
        ways = grammar.rules[symbol]
        total = sum(weight for weight, _ in ways)
        for weight, way in ways:
            reached = {begin: (1, weight / total)}
            for part in way:
                after = {}
                for end, (count, share) in reached.items():
                    if isinstance(part, bytes):
                        further = {}
                        if text.startswith(part, end):
                            further = {end + len(part): (1, 1.0)}
                    else:
                        further = ends(part, end)
                    for last, (more, likely) in further.items():
                        had = after.get(last, (0, 0.0))
                        after[last] = (had[0] + count * more, had[1] + share * likely)
                reached = after
            for end, (count, share) in reached.items():
                had = found.get(end, (0, 0.0))
                found[end] = (had[0] + count, had[1] + share)
        return found

    return ends(grammar.start, 0).get(len(text), (0, 0.0))


@pytest.fixture(scope="module")
def document():
    return sentence_documents(jax.random.key(0), documents=1)[0]


def test_a_fair_coin_is_one_bit_a_byte():
    rate = entropy_rate(COIN)
    assert rate.bits_per_byte == 1 and rate.bytes_per_text == 2
    assert rate.nats_per_byte == pytest.approx(math.log(2))


def test_brackets_within_brackets_are_three_bits_in_three_and_a_half_bytes():
    rate = entropy_rate(NESTED)
    assert rate.bytes_per_text == pytest.approx(3.5)
    assert rate.bits_per_byte == pytest.approx(3 / 3.5)


def test_every_sentence_is_derived_in_one_way_and_is_as_likely_as_the_rate_says(
    document,
):
    grammar = sentences()._replace(start="sentence")
    lines = [line + b"\n" for line in document.split(b"\n") if line]
    parsed = [derivations(grammar, line) for line in lines]
    assert {ways for ways, _ in parsed} == {1} and len(lines) > 200
    nats = -np.log([likely for _, likely in parsed])
    rate = entropy_rate(grammar)
    expected = rate.nats_per_byte * rate.bytes_per_text
    error = nats.std() / math.sqrt(len(nats))
    assert abs(nats.mean() - expected) < 3 * error
    assert abs(np.mean([*map(len, lines)]) - rate.bytes_per_text) < 3


def test_a_paragraph_is_eight_sentences_and_a_choice_after_each():
    sentence = entropy_rate(sentences()._replace(start="sentence"))
    nats = sentence.nats_per_byte * sentence.bytes_per_text
    choice = -7 / 8 * math.log(7 / 8) - 1 / 8 * math.log(1 / 8)
    whole = 8 * sentence.bytes_per_text + 1
    assert sentence_rate().bytes_per_text == pytest.approx(whole)
    assert sentence_rate().nats_per_byte == pytest.approx(8 * (nats + choice) / whole)


def test_verbs_agree_with_their_noun_over_clauses():
    grammar = sentences()._replace(start="sentence")
    good = b"The dog that the cats that sleep chase runs.\n"
    assert derivations(grammar, good)[0] == 1
    assert derivations(grammar, good.replace(b"runs", b"run"))[0] == 0
    assert derivations(grammar, good.replace(b"chase", b"chases"))[0] == 0


def test_the_same_key_writes_the_same_as_ever(document):
    again = sentence_documents(jax.random.key(0), documents=2)
    assert again[0] == document != again[1]
    assert hashlib.sha256(document).hexdigest()[:16] == "b5eb150c46aa3c26"
    assert write(jax.random.key(0), COIN, size=12) == b"baabbbabababba"


@pytest.mark.parametrize(
    "rules, message",
    [
        ({"S": [(3, [b"a"])]}, "power of two, got \\[3\\]"),
        ({"S": [(0, [b"a"]), (1, [b"b"])]}, ">= 1"),
        ({"S": []}, "power of two"),
        ({"S": [(1, ["A"])]}, "must have rules for A"),
        ({"S": [(1, [b"a", "S"])]}, "go on for ever"),
        ({"S": [(1, [])]}, "must hold something"),
    ],
)
def test_rules_that_give_no_text_are_refused(rules, message):
    with pytest.raises(ValueError, match=message):
        entropy_rate(Grammar(rules, "S"))
