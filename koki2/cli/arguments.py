"""Arguments that several commands have: their types, ranges and help."""

import pathlib
from typing import Annotated

import tyro
from annotated_types import Ge, Le

from koki2.cli import words
from koki2.evolution.configs import BEST_BLIND, check_policy
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
_WHAT_POLICIES_DO = (
    "greedy follows the gradient, competent does what the world asks for by script, "
    "planner knows the whole truth (oracle is another name of it); stay, up, down, "
    "left, right, sweep, sweep-columns and spiral see nothing, and neither do "
    "action-0, action-1, ..., which worlds without a map have."
)
_WHAT_BLIND_IS = "blind is the best of those that see nothing, on these very episodes."


def policies(*others: str) -> tyro.constructors.PrimitiveConstructorSpec:
    """Reads the name of a policy that some world has, or one of some others."""
    return tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar="POLICY",
        instance_from_str=lambda words: check_policy(words[0], *others),
        is_instance=lambda value: isinstance(value, str),
        str_from_instance=lambda value: [value],
    )


Policy = Annotated[str, policies(), tyro.conf.arg(help=_WHAT_POLICIES_DO)]
Baseline = Annotated[
    str,
    policies(BEST_BLIND),
    tyro.conf.arg(help=f"{_WHAT_POLICIES_DO} {_WHAT_BLIND_IS}"),
]
BaselineOrNone = Annotated[
    str,
    policies(BEST_BLIND, "none"),
    tyro.conf.arg(
        help=f"What to compare with; none is nothing. {_WHAT_POLICIES_DO} "
        f"{_WHAT_BLIND_IS}"
    ),
]
Behind = Annotated[
    tuple[str, ...], tyro.conf.Fixed, tyro.conf.Suppress, words.BehindDashes()
]
"""The words behind a bare `--`, which belong to another command."""
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
