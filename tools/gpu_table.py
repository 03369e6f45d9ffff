"""One table of what `gpu_check.sh` measured: python tools/gpu_table.py FOLDER."""

import json
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import rich.box
import rich.console
import rich.table

Cells = tuple[str, str, str, str, str]


def read(folder: pathlib.Path, name: str) -> list[dict[str, Any]] | None:
    """The rows of a step; None if it left none."""
    try:
        found = json.loads((folder / f"{name}.json").read_text())
    except (OSError, ValueError):
        return None
    return found["rows"] if isinstance(found, dict) else found


def lines(folder: pathlib.Path) -> Iterator[Cells]:
    """The lines of the table: what, ours, theirs, unit, ratio."""
    for name in ("rollout", "archive", "qd_loop"):
        rows = read(folder, name)
        if rows is None:
            yield name, "failed", "", "", ""
        for row in rows or ():
            ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}x"
            theirs = "" if row["theirs"] is None else f"{row['theirs']:.4g}"
            yield (
                f"{name}: {row['name']}",
                f"{row['ours']:.4g}",
                theirs,
                row["unit"],
                ratio,
            )
    rows = read(folder, "kernels")
    if rows is None:
        yield "kernels", "failed", "", "", ""
    for row in rows or ():
        time, times = row.get("seconds"), row.get("times")
        yield (
            f"kernel: {row['case']} {row['way']}",
            "" if time is None else f"{1e3 * time:.4g}",
            "",
            "ms",
            "" if times is None else f"{times:.2f}x",
        )
    rows = read(folder, "agrees")
    if rows is None:
        yield "GPU and CPU", "failed", "", "", ""
        return
    same = sum(not row["differ"] for row in rows)
    off = max(row["first_generation"] for row in rows)
    yield (
        "GPU and CPU: arrays equal to the bit",
        str(same),
        str(len(rows)),
        "arrays",
        "",
    )
    yield "GPU and CPU: first generation", f"{off:.1e}", "", "relative", ""


def main() -> None:
    table = rich.table.Table(box=rich.box.SIMPLE_HEAD)
    for head in ("", "ours", "theirs", "unit", "ratio"):
        table.add_column(head, justify="left" if head in ("", "unit") else "right")
    for cells in lines(pathlib.Path(sys.argv[1])):
        table.add_row(*cells)
    rich.console.Console(width=110).print(table)


if __name__ == "__main__":
    main()
