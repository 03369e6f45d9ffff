"""What docs/lanes.md shows is what JAX prints."""

import doctest
import pathlib

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "lanes.md"


def test_the_worked_page_runs():
    options = doctest.NORMALIZE_WHITESPACE
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=options)
    assert result.attempted > 5
    assert result.failed == 0
