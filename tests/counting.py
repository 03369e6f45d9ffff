"""A kind of run from an installed package: it counts, quick and exact, in any process.

`install` makes the package: this very file, and the entry point that names its kind.
What a unit adds depends on config, seed and the unit alone.
"""

import dataclasses
import pathlib
import shutil
import time
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt

from koki2.core.columns import Row
from koki2.core.configs import check
from koki2.core.program import Program
from koki2.session.kinds import Column, Kind


@dataclasses.dataclass(frozen=True, kw_only=True)
class WalkConfig:
    step: Annotated[float, Gt(0)] = 1.0
    drift: Annotated[float, Ge(0)] = 0.0

    def __post_init__(self):
        check(self)
        if self.drift > self.step:
            raise ValueError(f"drift must not exceed step, got {self.drift}.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class LoopConfig:
    units: Annotated[int, Ge(1)] = 6
    chunk: Annotated[int, Ge(1)] = 2
    pause: Annotated[float, Ge(0)] = 0.0  # seconds per chunk, for tests that interrupt

    def __post_init__(self):
        check(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CountingConfig:
    walk: WalkConfig = WalkConfig()
    loop: LoopConfig = LoopConfig()


built: list[list[tuple[CountingConfig, int]]] = []
"""Every call of `build` in this process."""


def build(runs):
    built.append(list(runs))
    return [_program(config, seed) for config, seed in runs]


def _program(config, seed):
    walk, loop = config.walk, config.loop

    def chunk(carry, wanted):
        time.sleep(loop.pause)
        rows = []
        for _ in range(min(loop.chunk, wanted)):
            n, total = carry
            drawn = np.random.default_rng([seed, n]).normal(scale=walk.step)
            carry = (n + 1, total + drawn + walk.drift)
            rows.append((n, carry[1]))
        units, totals = (np.array(column) for column in zip(*rows, strict=True))
        return carry, {"metrics": Row(unit=units, total=totals, drift=None)}

    return Program(
        init=lambda: (0, 0.0),
        chunk=chunk,
        done=lambda carry: carry[0],
        total=loop.units,
        pack=lambda carry: {"n": np.asarray(carry[0]), "total": np.asarray(carry[1])},
        unpack=lambda arrays: (int(arrays["n"]), float(arrays["total"])),
        artifacts=lambda carry: {"end": {"total": np.asarray(carry[1])}},
    )


KIND = Kind(
    name="counting",
    config=CountingConfig,
    build=build,
    unit="unit",
    streams={"metrics": "units.jsonl"},
    artifacts=("end",),
    headline=lambda row: {"total": row["total"]} if "total" in row else {},
    columns={"unit": Column("count"), "total": Column("sum")},
)


def install(folder: pathlib.Path) -> pathlib.Path:
    """Makes the package in a folder that is, or will be, on `sys.path`."""
    shutil.copy(__file__, folder / "counting_package.py")
    facts = folder / "counting_package-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Name: counting-package\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(
        "[koki2.kinds]\ncounting = counting_package:KIND\n"
    )
    return folder
