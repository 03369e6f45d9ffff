"""What this machine reaches: the rate at which it multiplies matrices."""

import time

_SIZE = 384
_TRIES = 5


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
