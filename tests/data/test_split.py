"""Who is trained on and who is held out: by content, by quota, and never both."""

import hashlib

import pytest
from hypothesis import given, strategies as st

from koki2.data.split import by_hash, deal, LEAST, with_validation

TEXTS = [b"document %d" % i for i in range(40)]
DOCUMENTS = st.lists(st.binary(min_size=1, max_size=30).filter(bytes.strip))


def test_forty_equal_ones_are_dealt_by_quota():
    parts = deal([b"%02d" % i for i in range(40)])
    assert [len(part) for part in parts] == [36, 2, 2]


def test_the_split_is_as_ever():
    parts = deal(TEXTS)
    assert parts.validation == (b"document 22", b"document 6")
    assert parts.test == (b"document 0", b"document 26")
    digest = hashlib.sha256(b"\0".join(parts.train)).hexdigest()
    assert digest[:16] == "ebd506e27618769c"


@given(documents=DOCUMENTS, shares=st.sampled_from([(0.05, 0.05), (0.5, 0.01)]))
def test_every_document_is_in_one_part_and_none_is_empty(documents, shares):
    if len(set(documents)) < LEAST:
        return
    parts = deal(documents, validation=shares[0], test=shares[1])
    assert all(parts)
    assert sorted(sum(parts, ())) == sorted(documents)
    assert len(set().union(*map(set, parts))) == sum(len(set(part)) for part in parts)


@given(documents=DOCUMENTS, key=st.randoms(use_true_random=False))
def test_the_order_in_which_documents_come_changes_nothing(documents, key):
    if len(set(documents)) < LEAST:
        return
    shuffled = list(documents)
    key.shuffle(shuffled)
    assert deal(shuffled) == deal(documents)


@pytest.mark.parametrize(
    "sizes, held_out",
    [
        ((90, 5, 5), {5}),  # the two small ones, though others come first by hash
        ((50, 30, 19, 1), {1, 19}),  # 1 by quota; of the others 19 is nearest 5
        ((7, 7, 7), {7}),
    ],
)
def test_a_large_document_is_trained_on(sizes, held_out):
    parts = deal([bytes([65 + i]) * size for i, size in enumerate(sizes)])
    assert {len(d) for d in parts.validation + parts.test} == held_out


def test_copies_stay_together_and_count_as_often_as_they_come():
    parts = deal([b"a", b"b", b"c", b"a", b" \n"])
    assert sorted(map(sorted, parts)) == [[b"a", b"a"], [b"b"], [b"c"]]
    assert list(by_hash([b"b", b"a"])) == sorted(
        hashlib.sha256(text).hexdigest() for text in (b"a", b"b")
    )


def test_what_is_validated_on_leaves_the_other_parts():
    parts = with_validation(deal(TEXTS, validation=0.0), [TEXTS[3], b"new"])
    assert set(parts.validation) == {TEXTS[3], b"new"}
    assert set(parts.train + parts.test) == set(TEXTS) - {TEXTS[3]}


@pytest.mark.parametrize(
    "action, message",
    [
        (lambda: deal([b"a", b"b", b"b"]), "at least 3 different documents.*got 2"),
        (lambda: deal([]), "got 0"),
        (lambda: deal(TEXTS, validation=0.5, test=0.5), "together below 1"),
        (lambda: with_validation(deal(TEXTS), TEXTS), "must differ from the training"),
        (lambda: with_validation(deal(TEXTS), [b" "]), "must hold something"),
    ],
)
def test_what_cannot_be_dealt_is_refused(action, message):
    with pytest.raises(ValueError, match=message):
        action()
