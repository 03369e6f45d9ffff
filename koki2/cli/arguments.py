"""Arguments that several commands have: their types, ranges and help."""

import pathlib
from typing import Annotated, Literal

import tyro
from annotated_types import Ge, Le

from koki2.evolution.configs import POLICIES
from koki2.session.settings import Seed

RunPath = Annotated[
    tyro.conf.Positional[pathlib.Path], tyro.conf.arg(help="The run folder.")
]
Json = Annotated[bool, tyro.conf.arg(help="Print one JSON object instead of text.")]
Episodes = Annotated[int, Ge(1), Le(65_536)]
LogEvery = Annotated[
    Annotated[int, Ge(1)] | None,
    tyro.conf.arg(
        help="A plain line every so many units; none is a bar, or a line now and then."
    ),
]
Policy = Literal[*POLICIES]  # pyrefly: ignore[invalid-literal]  # its names are those of a table
Baseline = Annotated[
    Policy,
    tyro.conf.arg(
        help="greedy follows the gradient, competent does what the world asks for by "
        "script, oracle knows the whole truth."
    ),
]
Force = Annotated[
    bool,
    tyro.conf.FlagCreatePairsOff,
    tyro.conf.arg(help="Start even what seems too large for this machine."),
]
JitES = Annotated[
    bool,
    tyro.conf.FlagCreatePairsOff,
    tyro.conf.arg(
        help="Accepted for old scripts' sake: the whole loop is always compiled."
    ),
]


def read_seeds(words: list[str]) -> tuple[int, ...]:
    """Reads several seeds: `0 1 2` or `0,1,2`.

    Example:
      >>> read_seeds(["0,1", "7"])
      (0, 1, 7)
    """
    return tuple(int(part) for word in words for part in word.split(",") if part)


Seeds = Annotated[
    tuple[Seed, ...],
    tyro.constructors.PrimitiveConstructorSpec(
        nargs="*",
        metavar="SEED [SEED ...]",
        instance_from_str=read_seeds,
        is_instance=lambda value: isinstance(value, tuple),
        str_from_instance=lambda value: [str(seed) for seed in value],
    ),
]
"""Any number of seeds."""
