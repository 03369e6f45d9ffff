"""Devices: a mesh of one axis, shardings over it, and what moves data on purpose."""

import contextlib
import contextvars
import functools
from collections.abc import Callable, Generator
from typing import ParamSpec, TypeVar

import jax

Inputs = ParamSpec("Inputs")
Output = TypeVar("Output")

ROW = "chunks"  # the axis of the mesh


_chosen: contextvars.ContextVar[jax.sharding.Mesh | None] = contextvars.ContextVar(
    "mesh", default=None
)


@contextlib.contextmanager
def over(mesh: jax.sharding.Mesh) -> Generator[None]:
    """Builds and traces for another mesh than that of all devices.

    As for devices that are described but not there, for which a program is compiled.

    Args:
      mesh: of one axis, called `ROW`.
    """
    token = _chosen.set(mesh)
    try:
        yield
    finally:
        _chosen.reset(token)


def count() -> int:
    """Number of devices, of all processes together."""
    chosen = _chosen.get()
    return jax.device_count() if chosen is None else chosen.size


def mesh() -> jax.sharding.Mesh:
    """The mesh of all devices, of all processes, along one axis."""
    chosen = _chosen.get()
    if chosen is not None:
        return chosen
    kind = (jax.sharding.AxisType.Auto,)
    return jax.make_mesh((jax.device_count(),), (ROW,), axis_types=kind)


def replicated() -> jax.NamedSharding:
    """The sharding of an array that every device holds as a whole."""
    return jax.NamedSharding(mesh(), jax.P())


def sharded() -> jax.NamedSharding:
    """The sharding of an array that is split over the devices along its first axis."""
    return jax.NamedSharding(mesh(), jax.P(ROW))


def moves_data(function: Callable[Inputs, Output]) -> Callable[Inputs, Output]:
    """Marks a function that moves arrays between host and device on purpose.

    What builds, saves and restores a state does, at the edge of a program; the chunk
    does not. So `jax_transfer_guard` finds transfers where there should be none.
    """

    @functools.wraps(function)
    def marked(*args: Inputs.args, **kwargs: Inputs.kwargs) -> Output:
        with jax.transfer_guard("allow"):
            return function(*args, **kwargs)

    return marked


def replicate(tree):
    """Replicates a tree on every device, so that XLA always adds up in one order."""
    return jax.lax.with_sharding_constraint(tree, replicated())
