"""Where texts are cut: nothing is lost, and nothing but blank lines parts a thought."""

import pytest
from hypothesis import given, strategies as st

from koki2.data import documents


@given(text=st.binary(max_size=400), size=st.integers(1, 50))
def test_pieces_joined_are_the_text(text, size):
    cut = documents.pieces(text, size=size)
    assert b"".join(cut) == text and all(cut)


@given(text=st.text(min_size=1, max_size=200), size=st.integers(4, 20))
def test_no_piece_ends_within_a_character(text, size):
    for piece in documents.pieces(text.encode(), size=size):
        piece.decode()


def test_a_piece_ends_at_a_blank_line_else_a_line_else_where_it_is_full():
    blank = 9 * b"a" + b"\n\n" + 90 * b"b"
    assert documents.pieces(blank, size=8)[0] == 9 * b"a" + b"\n\n"
    line = 9 * b"a" + b"\n" + 90 * b"b"
    assert documents.pieces(line, size=8)[0] == 9 * b"a" + b"\n"
    assert documents.pieces(99 * b"a", size=8)[0] == 8 * b"a"
    assert (
        documents.pieces(9 * b"a" + b"\r\n\r\n" + 90 * b"b", size=8)[0][-2:] == b"\r\n"
    )


def test_pieces_are_about_8_kb_and_those_of_a_short_text_a_twentieth_of_it():
    paragraph = 99 * b"a" + b"\n\n"
    long = documents.pieces(5000 * paragraph)
    assert {len(piece) for piece in long[:-1]} == {82 * 101}
    assert len(documents.pieces(100 * paragraph)) == 17  # 505 bytes, up to a paragraph
    assert documents.pieces(90 * b"a\n") == [90 * b"a\n"]  # no shorter than 128 bytes
    assert documents.pieces(b"") == []


@pytest.mark.parametrize(
    "text, expected",
    [
        (b"a\n<|endoftext|>\nb", [b"a", b"b"]),
        (b"<|endoftext|>a<|endoftext|><|endoftext|>", [b"a"]),
        (b"", []),
    ],
)
def test_parts_are_what_stands_between_marks(text, expected):
    assert documents.parts(text) == expected


def test_a_play_is_cut_at_its_title_acts_and_scenes():
    words = 60 * b"words\n"
    begins = [
        b"A PLAY\n\n\nby William Shakespeare\n\nSCENE: Vienna\n",
        b"ACT I.\n\nSCENE I. A street.\n",
        b"Scene 2.--A hall.\n",
        b"ACT II. SCENE I. A wood.\n",
        b"EPILOGUE\n",
        b"ANOTHER\n\nby William Shakespeare\n",
    ]
    play = [begin + words for begin in begins]
    assert documents.scenes(b"".join(play)) == play
    assert documents.scenes(words) == [words]
