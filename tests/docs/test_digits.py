"""Digits on pages that cost little to compute: what `make test` compares of them.

Under XLA's default flags, as digits are promised there only.
"""

import pytest
from typing_commands import complaint, digits_count, here, PAGES

PRINTED = [
    pytest.param(command, id=f"{name}:{command.line}")
    for name, page in PAGES.items()
    for command in page.commands
    if command.check.lane == "quick" and command.prints
]


@pytest.mark.parametrize("command", PRINTED)
def test_a_command_prints_what_its_page_says(command, checkout):
    wrong = complaint(command, here(command, checkout), digits_count())
    assert wrong is None, wrong


def test_there_are_such_digits():
    assert len(PRINTED) >= 3
