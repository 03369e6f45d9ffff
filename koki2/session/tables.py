"""Tables for people, as text: as wide as a page, without what does not differ."""

import shutil
from collections.abc import Iterator, Sequence
from typing import Any

from koki2.session.printing import printable, say

WIDTH = 100  # characters; more columns than fit begin another block
_GAP = "  "


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = ""
) -> None:
    """Prints a table: the first column to the left, numbers to the right.

    Columns that do not fit on the page follow below, after the first one once more.

    Args:
      columns: their headings.
      rows: values, one per column.
      title: a line above.
    """
    cells = [[text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    if title:
        say(title)
    for number, block in enumerate(_blocks(widths)):
        if number:
            say()
        for row in (columns, *cells):
            first = row[0].ljust(widths[0])
            shown = _GAP.join([first, *(row[i].rjust(widths[i]) for i in block)])
            say(shown.rstrip(), bold=row is columns)


def text(value: Any) -> str:
    """A value in a table: four decimals, a dash for nothing and for NaN.

    Example:
      >>> text(154.90921), text(float("nan")), text(7)
      ('154.9092', '-', '7')
    """
    if value is None or value != value:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else printable(value)


def _blocks(widths: Sequence[int]) -> Iterator[list[int]]:
    """The columns, but for the first, that go beside each other."""
    page = max(WIDTH, shutil.get_terminal_size((WIDTH, 0)).columns)
    block: list[int] = []
    left = page - widths[0]
    for column, width in enumerate(widths[1:], start=1):
        if block and width + len(_GAP) > left:
            yield block
            block, left = [], page - widths[0]
        block.append(column)
        left -= width + len(_GAP)
    yield block
