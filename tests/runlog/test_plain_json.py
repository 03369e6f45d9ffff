"""The JSON dialect of run files: exact both ways, and strict in reading."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from koki2.runlog import BrokenRunError, InputError, jsontext

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text()
    | st.from_regex(r"=*(NaN|-?Infinity)", fullmatch=True),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def same(a, b) -> bool:
    """Equal in value, type, sign of zero and order of keys; NaN equals NaN."""
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and math.isnan(a):
        return isinstance(b, float) and math.isnan(b)
    return type(a) is type(b) and repr(a) == repr(b)


@given(PLAIN)
@settings(deadline=None, derandomize=True, database=None)
def test_what_is_written_comes_back_to_the_bit(value):
    text = jsontext.encode(value, where="value")
    assert b"\n" not in text and text.isascii()
    assert same(value, jsontext.decode(text, where="value"))


def test_numbers_that_are_not_finite_are_spelt_so_that_others_can_read_them():
    row = {"a": math.nan, "b": math.inf, "c": -math.inf, "d": "NaN"}
    text = b'{"a":"NaN","b":"Infinity","c":"-Infinity","d":"=NaN"}'
    assert jsontext.encode(row, where="row") == text


@pytest.mark.parametrize(
    "value, named",
    [
        ({"a": [1, np.float32(2)]}, r"row\.a\[1\] .* got float32"),
        ({1: 2}, "text for keys, .* got 1"),
        ({"a": {1, 2}}, "row.a must be a plain value .* got set"),
    ],
)
def test_what_json_would_bend_is_refused_by_name(value, named):
    with pytest.raises(InputError, match=named):
        jsontext.encode(value, where="row")


@pytest.mark.parametrize(
    "text", [b"{", b"NaN", b'{"a":1,"a":2}', b"\xff", b"[" * 100_000, b"1" * 5_000]
)
def test_text_that_koki2_would_not_write_is_broken(text):
    with pytest.raises(BrokenRunError, match="somewhere should be JSON"):
        jsontext.decode(text, where="somewhere")
