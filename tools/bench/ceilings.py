"""What this machine can do at best: float32 matmul, and adding long arrays.

Whatever runs here can be read as a share of these two. Both use all cores; the best of
several tries counts, for a ceiling is what the machine does when left alone.

    python tools/bench/ceilings.py [--quick] [--json]
"""

import concurrent.futures
import time
from collections.abc import Callable

import harness
import jax
import jax.numpy as jnp
import numpy as np

from koki2.session import startup

MATMUL = 1024  # rows and columns
STREAM = 1 << 25  # floats per array: three times 128 MiB, which no cache holds


def ceilings(tries: int = 5) -> dict[str, float]:
    """GFLOP/s of a matmul and GB/s of an addition, at best."""
    return {"GFLOP/s": matmul(tries), "GB/s": stream(tries)}


def matmul(tries: int = 5) -> float:
    """GFLOP/s of n x n float32 products, 2 n^3 each; the better of JAX and NumPy.

    JAX computes one on each of its devices at a time.
    """
    a = np.ones((MATMUL, MATMUL), np.float32)
    devices = jax.devices()
    inputs = [jax.device_put(jnp.asarray(a), device) for device in devices]
    product = jax.jit(lambda a: jnp.dot(a, a, precision=jax.lax.Precision.HIGHEST))

    def by_jax() -> None:
        jax.block_until_ready([product(a) for a in inputs])

    flop = 2.0 * MATMUL**3
    by_jax_rate = len(devices) * flop / _best(by_jax, tries)
    return max(by_jax_rate, flop / _best(lambda: a @ a, tries)) / 1e9


def stream(tries: int = 5) -> float:
    """GB/s of c = a + b over memory, three times 4 bytes per element (STREAM's Add)."""
    cores = startup.cores()
    a, b, c = (
        np.full((cores, STREAM // cores), x, np.float32) for x in (1.0, 2.0, 0.0)
    )
    with concurrent.futures.ThreadPoolExecutor(cores) as pool:
        add = lambda i: np.add(a[i], b[i], out=c[i])
        seconds = _best(lambda: list(pool.map(add, range(cores))), tries)
    if not (c == 3.0).all():
        raise RuntimeError("1 + 2 is not 3 on this machine")
    return 3 * c.nbytes / seconds / 1e9


def rows(measured: dict[str, float]) -> list[harness.Row]:
    """The ceilings as rows without another side."""
    names = {"GFLOP/s": "ceiling: matmul, float32", "GB/s": "ceiling: stream, add"}
    return [harness.Row(name=names[u], ours=x, unit=u) for u, x in measured.items()]


def _best(call: Callable[[], object], tries: int) -> float:
    call()
    times = []
    for _ in range(tries):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    arguments = harness.begin(__doc__)
    measured = ceilings(5 if arguments.quick else 15)
    harness.show("Ceilings", rows(measured), as_json=arguments.json, columns=())


if __name__ == "__main__":
    main()
