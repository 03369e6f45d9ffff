"""Rewrites the golden file of this environment, and keeps in it why.

python tools/regold.py --reason "chemotaxis version 2: sources may not overlap"
"""

import dataclasses
import datetime
import json
import pathlib
import re
import sys
from collections.abc import Mapping

import tyro

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "golden")]

import golden  # noqa: E402


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Rewrites the golden file of this environment, and keeps in it why.

    Prints every number that moves. Refuses to write (exit code 2) where a number moves
    in a world that the reason does not name: by its level, as detour-l1.3, or by the
    name of the world, as detour. The two searches are of the world chemotaxis.
    """

    reason: str
    """What changed on purpose, for those who find their runs changed."""


def main(options: Options) -> int:
    """Computes the golden runs, says what moved, and writes them."""
    path = golden.path()
    lives = {level: golden.measure_lives(level) for level in golden.LEVELS}
    search, qd = golden.measure_search(), golden.measure_archive()
    before = golden.read() if path.exists() else {"written": []}
    moved = moved_numbers(before, lives, search, qd)
    for where, names in moved.items():
        print(f"{where}: {', '.join(names)}")
    refused = unnamed(moved, options.reason)
    if refused:
        print(
            "regold: the reason must name every world whose numbers move, got none of "
            f"{', '.join(refused)}; nothing was written.",
            file=sys.stderr,
        )
        return 2
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    entry = {"date": today, "reason": options.reason, "moved": moved}
    found = {"written": [*before["written"], entry]}
    found |= golden.document(lives, search, qd)
    path.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
    print(f"wrote {path.relative_to(ROOT)}; {len(moved)} moved")
    return 0


def moved_numbers(before: dict, lives, search, qd) -> dict[str, list[str]]:
    """What is in the file and comes out otherwise, by level or search."""
    known = before.get("lives", {})
    moved = {
        level: list(golden.moved_lives(known[level], figures))
        for level, figures in lives.items()
        if level in known
    }
    if "search" in before:
        moved["search"] = list(golden.moved_search(before["search"], search))
        moved["qd"] = list(golden.moved_archive(before["qd"], qd))
    return {where: names for where, names in moved.items() if names}


def unnamed(moved: Mapping[str, list[str]], reason: str) -> list[str]:
    """The levels and searches whose numbers move, unsaid by the reason."""
    words = {word.strip(".:-") for word in re.split(r"[^a-z0-9._:-]", reason.lower())}
    return [where for where in moved if not words & _names(where)]


def _names(where: str) -> set[str]:
    if where not in golden.LEVELS:
        return {golden.CONFIG.env.world}
    return {where, golden.LEVELS[where].config.world}


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
