"""Rewrites the golden file of this environment, and keeps in it why.

python tools/regold.py --reason "chemotaxis version 2: sources may not overlap"
"""

import dataclasses
import datetime
import json
import pathlib
import sys

import tyro

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "golden")]

import golden  # noqa: E402


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Rewrites the golden file of this environment, and keeps in it why."""

    reason: str
    """What changed on purpose, for those who find their runs changed."""


def main(options: Options) -> None:
    """Computes the golden runs and writes them."""
    path = golden.path()
    before = golden.read()["written"] if path.exists() else []
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    entry = {"date": today, "reason": options.reason}
    found = {"written": [*before, entry], **golden.compute()}
    path.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main(tyro.cli(Options))
