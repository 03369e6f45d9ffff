"""Configs check themselves: each complaint names its field, and all come at once."""

import dataclasses
from typing import Annotated

import pytest
from annotated_types import Ge, Gt, Le, Lt

from koki2.core.configs import check


@dataclasses.dataclass(frozen=True, kw_only=True)
class Oven:
    heat: Annotated[float, Gt(0), Le(250)] = 180.0
    trays: Annotated[int, Ge(1), Lt(5)] = 2
    timer: Annotated[float, Ge(0)] | str = "auto"
    fan: Annotated[bool, Ge(True)] = False
    name: str = "oven"
    tilt: float = 0.0
    __post_init__ = check


@pytest.mark.parametrize(
    "field, good",
    [("heat", 250), ("heat", 1e-9), ("trays", 1), ("trays", 4), ("tilt", -3.0)],
)
def test_the_ends_of_a_range_are_in_it_or_not_as_written(field, good):
    assert getattr(Oven(**{field: good}), field) == good


@pytest.mark.parametrize(
    "field, bad, complaint",
    [
        ("heat", 0.0, "Oven.heat must be a finite number > 0 and <= 250, got 0.0."),
        ("trays", 5, "Oven.trays must be a finite number >= 1 and < 5, got 5."),
        ("tilt", float("nan"), "Oven.tilt must be a finite number, got nan."),
        ("heat", float("inf"), "Oven.heat must be a finite number > 0 and <= 250, got"),
    ],
)
def test_what_is_out_of_range_is_named_with_what_was_wanted(field, bad, complaint):
    with pytest.raises(ValueError) as raised:
        Oven(**{field: bad})
    assert complaint in str(raised.value)


def test_every_field_that_is_wrong_is_named_at_once():
    with pytest.raises(ValueError) as raised:
        Oven(heat=-1.0, trays=9)
    assert "Oven.heat" in str(raised.value) and "Oven.trays" in str(raised.value)


def test_words_and_truth_values_are_not_numbers():
    assert Oven(timer="later", fan=False).timer == "later"
