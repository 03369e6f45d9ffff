"""Program: what every loop builds, and what every edge runs.

A program is a computation in chunks. It is pure, but for the first compilation; the
edge owns disk and clock. One unit of it is a generation, a step or an epoch: the loop's
`Kind` says which. A program knows neither where in the run a chunk stands nor whether
the run was ever stopped: resuming is calling `chunk` again. Nor does it know that the
edge asks for part of a chunk where units are slow, so that a signal need not wait for
the whole: what is on disk is whole chunks. Imports no JAX.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Carry = Any
"""A pytree of arrays: all that a checkpoint holds."""
Arrays = dict[str, Any]
"""NumPy arrays by name."""
Columns = Mapping[str, Mapping[str, Any]]
"""By stream, then by column, as `core.columns.rows` reads them."""


class Estimate(NamedTuple):
    """What runs of one config need, found without computing any of them."""

    parts: Mapping[str, float]
    """Bytes of memory at the peak, by what they are for."""
    settings: Mapping[str, str]
    """What decides each part, in words."""
    seconds: float
    """From start to end, compilation included."""

    @property
    def peak(self) -> float:
        """Bytes at the peak, all together."""
        return sum(self.parts.values())

    @property
    def largest(self) -> str:
        """The part that needs most."""
        return max(self.parts, key=lambda name: self.parts[name])


class DivergedError(ArithmeticError):
    """A search left the finite numbers, so that nothing can come of it any more."""


class About(NamedTuple):
    """What a program is of, in the words of a run folder."""

    kind: str
    """The name of its kind of run."""
    seed: int
    config: Mapping[str, Any]
    """In plain values; of a program built from objects, what is known of them."""
    subject: Any = None
    """What is evolved, grown or trained: for evaluating the run in Python."""


class Program(NamedTuple):
    """A computation in chunks. Every loop builds one of these."""

    init: Callable[[], Carry]
    """() -> the state it begins with."""
    chunk: Callable[[Carry, int], tuple[Carry, Columns]]
    """(state, units still wanted) -> (state, columns per stream). Computes as many
    units as it was compiled for, or fewer if fewer are wanted. It is dispatched, not
    waited for: the columns are on the device. The state may be used up (donated). How
    many are wanted changes no bit of any unit: a chunk may be computed in slices."""
    done: Callable[[Carry], int]
    """state -> units done."""
    total: int
    """Units wanted."""
    pack: Callable[[Carry], Arrays]
    """state -> arrays on the host, the same on any number of devices. A collective:
    with several processes each must call it. Raises DivergedError for the state of a
    search that diverged: there is nothing to go on from, so nothing to save."""
    unpack: Callable[[Mapping[str, Any]], Carry]
    """The inverse of `pack`. Raises ValueError for arrays of another program."""
    artifacts: Callable[[Carry], dict[str, Arrays]]
    """state -> what a complete run leaves: arrays by the name of their file."""
    about: About | None = None
    """What it is of; None where the caller knows."""
    is_over: Callable[[Carry], bool] | None = None
    """state -> whether the program ends here, though it has not done all units wanted;
    None: it never does. It says so at the end of a call of `chunk` alone."""
    length: int | None = None
    """Units that `chunk` computes if all are wanted: from one checkpoint to the next,
    which are its multiples. None: as many as it likes, and it is never asked for
    less."""


def is_at_end(program: Program, carry: Carry) -> bool:
    """Whether a program has nothing left to compute."""
    if program.done(carry) >= program.total:
        return True
    return program.is_over is not None and program.is_over(carry)
