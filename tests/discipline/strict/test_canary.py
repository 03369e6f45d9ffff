"""Seen to fail: without its flags, the strict lane would find other bits."""

import os
import subprocess
import sys

PROGRAM = """
import jax, jax.numpy as jnp, numpy as np
a, b, c = np.random.default_rng(0).normal(size=(3, 4096)).astype(np.float32)
multiply_add = lambda a, b, c: a * b + c
jitted = jax.jit(multiply_add)(a, b, c)
eager = multiply_add(*map(jnp.asarray, (a, b, c)))
print(int((np.asarray(jitted) != np.asarray(eager)).sum()))
"""


def differing(flags: str) -> int:
    environment = {**os.environ, "XLA_FLAGS": flags}
    command = [sys.executable, "-c", PROGRAM]
    return int(subprocess.check_output(command, env=environment, text=True))


def test_multiply_add_differs_by_default_and_agrees_under_the_strict_flags():
    assert differing("") > 0
    assert differing(os.environ["XLA_FLAGS"]) == 0
