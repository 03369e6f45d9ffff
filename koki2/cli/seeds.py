"""Several seeds on a command line: `0 1 2` or `0,1,2`."""

from typing import Annotated

import tyro

from koki2.session.settings import Seed


def read(words: list[str]) -> tuple[int, ...]:
    """Seeds from words.

    Example:
      >>> read(["0,1", "7"])
      (0, 1, 7)
    """
    return tuple(int(part) for word in words for part in word.split(",") if part)


Seeds = Annotated[
    tuple[Seed, ...],
    tyro.constructors.PrimitiveConstructorSpec(
        nargs="*",
        metavar="SEED [SEED ...]",
        instance_from_str=read,
        is_instance=lambda value: isinstance(value, tuple),
        str_from_instance=lambda value: [str(seed) for seed in value],
    ),
]
"""The type of a flag that takes any number of seeds."""
