"""This machine: the rate at which it multiplies matrices, and on what it computes."""

import os
import sys
import time

from koki2 import runlog

_SIZE = 384
_TRIES = 5


def choose_platform(backend: str) -> None:
    """Lets JAX, before it starts, see the CPU alone where that is asked for.

    Args:
      backend: as in `TrainingConfig`; "cpu_ref" asks for it.

    Raises:
      InputError: JAX has started on something else.
    """
    if backend != "cpu_ref":
        return
    if "jax" not in sys.modules:
        os.environ["JAX_PLATFORMS"] = "cpu"
    elif (platform := sys.modules["jax"].default_backend()) != "cpu":
        raise runlog.InputError(
            f"--backend cpu_ref must be known before JAX starts, which runs on "
            f"{platform}; run koki2 from a shell."
        )


def product_rate() -> float | None:
    """Measures the FLOP/s of products of float32 matrices, in some ten milliseconds.

    Returns:
      That of JAX's default device; None where the clock saw no time pass.
    """
    import jax
    import jax.numpy as jnp

    with jax.transfer_guard("allow"):
        matrix = jnp.ones((_SIZE, _SIZE), jnp.float32)
        multiply = jax.jit(lambda a: a @ a)
        multiply(matrix).block_until_ready()
        seconds = []
        for _ in range(_TRIES):
            began = time.perf_counter()
            multiply(matrix).block_until_ready()
            seconds.append(time.perf_counter() - began)
    best = min(seconds)
    return 2.0 * _SIZE**3 / best if best > 0 else None
