"""How a chunk is cut into slices, and what a stop does to one."""

import pytest

from koki2.core.program import Program
from koki2.session import driver, slices


def pieces(cut, seconds_per_unit, length, first=0.0):
    """The slices of a chunk whose units take so long; the first compiles, too."""
    found, left, extra = [], length, first
    while left:
        units = cut.choose(left)
        assert 1 <= units <= left
        cut.note(units, units * seconds_per_unit + extra)
        found, left, extra = [*found, units], left - units, 0.0
    return found


def test_slow_units_are_asked_for_one_by_one():
    assert pieces(slices.by_clock(2.0), 30.0, 5, first=100.0) == [1] * 5


def test_quick_units_are_soon_asked_for_as_whole_chunks():
    cut = slices.by_clock(2.0)
    assert pieces(cut, 0.001, 10, first=30.0) == [1, 1, 4, 4]
    assert pieces(cut, 0.001, 10) == [10]


def test_a_slice_takes_about_as_long_as_it_should():
    cut = slices.by_clock(2.0)
    pieces(cut, 0.1, 100, first=30.0)
    assert pieces(cut, 0.1, 50) == [20, 20, 10]


def test_time_that_went_to_the_disk_does_not_shorten_the_slices_for_long():
    cut = slices.by_clock(2.0)
    pieces(cut, 0.1, 60)
    cut.note(20, 60.0)  # a checkpoint was written meanwhile
    assert pieces(cut, 0.1, 60) == [1, 4, 16, 20, 19]


def test_units_that_become_slower_are_asked_for_in_smaller_slices():
    cut = slices.by_clock(2.0)
    pieces(cut, 0.01, 885)
    assert pieces(cut, 1.0, 210) == [200, *[2] * 5]


class Counted:
    """A program that says what it is asked for."""

    def __init__(self, length):
        self.asked = []
        self.program = Program(
            init=lambda: 0,
            chunk=self._chunk,
            done=lambda carry: carry,
            total=7,
            pack=lambda carry: {"n": carry},
            unpack=lambda arrays: arrays["n"],
            artifacts=lambda carry: {},
            length=length,
        )

    def _chunk(self, carry, wanted):
        self.asked.append(wanted)
        done = min(wanted, 3)
        rows = {"n": [*range(carry, carry + done)]}
        return carry + done, {"metrics": rows}


@pytest.mark.parametrize(
    "cut, asked",
    [
        (slices.fixed(1), [1] * 7),
        (slices.fixed(2), [2, 1, 2, 1, 1]),
        (slices.whole(), [3, 3, 1]),
    ],
)
def test_chunks_end_at_multiples_of_the_length(cut, asked):
    counted = Counted(3)
    found = list(driver.chunks(counted.program, 0, cut=cut))
    assert counted.asked == asked
    assert [chunk.done for chunk, _ in found] == [3, 6, 7]
    rows = [[row["n"] for row in chunk.rows["metrics"]] for chunk, _ in found]
    assert rows == [[0, 1, 2], [3, 4, 5], [6]]
    assert [end for _, end in found] == [None, None, 7]


def test_a_program_that_tells_no_length_is_never_asked_for_less_than_all():
    counted = Counted(None)
    found = list(driver.chunks(counted.program, 0, cut=slices.fixed(1)))
    assert counted.asked == [7, 4, 1]
    assert [chunk.done for chunk, _ in found] == [3, 6, 7]


def test_the_next_chunk_is_begun_before_one_is_handed_over():
    counted = Counted(3)
    steps = driver.chunks(counted.program, 0, cut=slices.fixed(2))
    next(steps)
    assert counted.asked == [2, 1, 2]


def test_what_a_stop_finds_of_a_chunk_is_dropped():
    counted = Counted(3)
    left = iter([True] * 3 + [False])
    steps = driver.chunks(counted.program, 0, lambda: next(left), cut=slices.fixed(2))
    assert [chunk.done for chunk, _ in steps] == [3]
    assert counted.asked == [2, 1, 2]  # the second chunk lacks a unit
