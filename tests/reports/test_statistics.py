"""Statistics of the house, worked by hand."""

import math

import numpy as np
import pytest

from koki2.reports import statistics
from koki2.reports.statistics import (
    difference,
    holm,
    interval,
    paired,
    sign_flip,
    t_test,
    with_holm,
)

TEN = [4.0, 6.0, 1.0, 3.0, 5.0, -1.0, 2.0, 7.0, 2.0, 1.0]  # mean 3, variance 56 / 9


# Intervals


def test_of_few_values_the_interval_is_that_of_student():
    """t for 9 degrees of freedom and 97.5% is 2.26216."""
    half = 2.26216 * math.sqrt(56 / 9 / 10)
    found = interval(TEN)
    assert (found["mean"], found["level"]) == (3.0, 0.95)
    assert found["low"] == pytest.approx(3 - half, abs=1e-4)
    assert found["high"] == pytest.approx(3 + half, abs=1e-4)


def test_of_many_values_it_leans_to_where_the_values_do_and_is_always_the_same():
    """An exponential tail to the right, which a symmetric interval does not see."""
    values = -np.log(1 - (np.arange(64) + 0.5) / 64)
    found = interval(values)
    above, below = found["high"] - found["mean"], found["mean"] - found["low"]
    assert above > 1.15 * below > 0
    assert found == interval(values)


def test_of_very_many_values_too_it_is_196_standard_errors_on_either_side():
    for count in (400, 5000):  # BCa, then t
        values = np.random.default_rng(0).normal(5.0, 2.0, count)
        found = interval(values)
        wide = 2 * 1.96 * values.std() / math.sqrt(count)
        assert found["high"] - found["low"] == pytest.approx(wide, rel=0.03)
        assert found["mean"] == values.mean()


@pytest.mark.parametrize("values", [[3.0], [3.0, 3.0, 3.0], [3.0] * 512])
def test_values_without_spread_have_their_mean_for_an_interval(values):
    assert interval(values) == {"mean": 3, "low": 3, "high": 3, "level": 0.95}


def test_one_death_in_512_lives_has_an_interval():
    lives = np.ones(512)
    lives[7] = 0.0
    found = interval(lives)
    assert found["low"] < found["mean"] < found["high"] <= 1.01


# Pairs


def test_a_difference_is_taken_pair_by_pair():
    """Values that vary by hundreds, of which ours are each better by one."""
    theirs = np.array([100.0, 500.0, -300.0, 7.0])
    found = difference(theirs + 1.0, theirs)
    assert (found["mean"], found["low"], found["high"]) == (1.0, 1.0, 1.0)
    assert found["p"] == found["p_flip"] == 2 / 16  # the spread is unknown
    nothing = difference(theirs, theirs)
    assert (nothing["mean"], nothing["p"], nothing["p_flip"]) == (0.0, 1.0, 1.0)


def test_paired_statistics_on_paper():
    results = paired([3.0, 5.0, 1.0], [1.0, 1.0, 1.0])  # gaps 2, 4, 0
    assert (results["mean"], results["effect"]) == (2.0, 1.0)
    assert (results["wins"], results["seeds"]) == (2, 3)
    with pytest.raises(ValueError, match="seeds or episodes, got 1 and 2"):
        paired([1.0], [1.0, 2.0])


# p values


def test_the_t_test_agrees_with_the_interval_on_where_zero_is():
    """Shifted so that zero is the lower end, p is 1 less the level."""
    found = interval(TEN)
    assert t_test(np.array(TEN) - found["low"]) == pytest.approx(0.05)
    assert t_test([1.0, -1.0]) == 1.0  # t is 0
    # t = 1 / sqrt(1/3 / 1) for gaps 0, 1, 2 is sqrt(3): p = 1 - sqrt(3 / 5)
    assert t_test([0.0, 1.0, 2.0]) == pytest.approx(1 - math.sqrt(3 / 5))


def test_signs_are_flipped_in_every_way_if_there_are_few():
    """Of 2^10 ways only all plus and all minus are as far as ten gains."""
    gains = np.arange(1.0, 11.0)
    assert sign_flip(gains) == {"p_flip": 2 / 1024, "flips": "exact"}
    gains[0] = -1.0  # now also that with 1 at its other sign, and the reverse
    assert sign_flip(gains)["p_flip"] == 4 / 1024
    assert sign_flip([2.0])["p_flip"] == 1.0
    assert sign_flip([1.0] * 5)["p_flip"] == 2 / 32  # five seeds get no lower


def test_else_they_are_drawn_and_beyond_that_the_limit_is_taken():
    """All three on gaps of +-1, 36 more up than down: p of |sum| >= 36, by a normal."""
    for count, flips, most in ((324, "drawn", 0.01), (5184, "normal", 1e-3)):
        more = 2 * math.isqrt(count)  # two standard deviations
        gaps = np.ones(count)
        gaps[: (count - more) // 2] = -1.0
        found = sign_flip(gaps)
        assert found["flips"] == flips
        assert found["p_flip"] == pytest.approx(0.0455, abs=most)
        assert found == sign_flip(gaps)


def test_the_drawn_p_is_never_zero():
    assert sign_flip(np.ones(100))["p_flip"] == 1 / 10_000


def test_what_is_not_finite_has_no_p():
    gaps = [1.0, math.nan, 2.0]
    assert math.isnan(t_test(gaps)) and math.isnan(sign_flip(gaps)["p_flip"])


def test_holm_on_paper():
    """x 4, x 3, x 2, x 1 in their order, none below one before it, none above 1."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
    left = holm([0.01, math.nan, 0.04])
    assert left[0] == 0.02 and math.isnan(left[1]) and left[2] == 0.04


def test_only_what_survives_holm_is_significant():
    found = with_holm([{"p": 0.03}, {"p": 0.04}, {"p": 0.001}])
    assert [statistics.is_significant(each) for each in found] == [False, False, True]
    assert not statistics.is_significant({"p_holm": math.nan})
