"""How fast are the kernels' plain forms on a processor, against the obvious ones?

Ours is what a kernel's door does there ("auto"); theirs is the formula as one writes
it first, in JAX under `jit` and in NumPy, or what JAX itself offers. Both must agree
before they are timed. Kernels for GPUs run on GPUs: tools/kernels_check.py.

    python tools/bench/kernels.py [--quick] [--json] [--default-flags]
"""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import harness
import jax
import jax.numpy as jnp
import numpy as np

from koki2.kernels import (
    attention,
    correlation,
    effective_rank,
    ladder_matmul,
)

TOLERANCE = 1e-4  # of the largest number


class Trial(NamedTuple):
    """An operation at a size, ours and the others, by name."""

    name: str
    work: float  # per call, in units
    unit: str
    inputs: tuple
    ours: Callable
    jax: dict[str, Callable]  # to be compiled
    numpy: Callable


def attention_trial(batch: int, length: int, heads: int, width: int) -> Trial:
    """Causal attention, forward."""
    scale = 1 / math.sqrt(width)

    def plain(np_, q, k, v):
        logits = scale * np_.einsum("bthk,bshk->bhts", q, k, optimize=True)
        logits = np_.where(np.tril(np.ones((length, length), bool)), logits, -np.inf)
        weights = np_.exp(logits - logits.max(axis=3, keepdims=True))
        weights = weights / weights.sum(axis=3, keepdims=True)
        return np_.einsum("bhts,bshk->bthk", weights, v, optimize=True)

    keys = jax.random.split(jax.random.key(0), 3)
    draw = lambda key: jax.random.normal(key, (batch, length, heads, width))
    theirs = functools.partial(jax.nn.dot_product_attention, is_causal=True)
    return Trial(
        f"attention: B{batch} T{length} H{heads} K{width}",
        2e-9 * batch * heads * length**2 * width,
        "GFLOP/s",
        tuple(map(draw, keys)),
        attention,
        {"einsum": functools.partial(plain, jnp), "jax.nn": theirs},
        functools.partial(plain, np),
    )


def ladder_trial(items: int, wide: int, ranks: int) -> Trial:
    """A host's product with an adapter half of whose ranks are on."""
    keys = jax.random.split(jax.random.key(0), 4)
    draw = lambda key, *shape: jax.random.normal(key, shape) / math.sqrt(shape[0])
    x, w = draw(keys[0], items, wide), draw(keys[1], wide, wide)
    a, b = draw(keys[2], wide, ranks), draw(keys[3], ranks, wide)
    on = (np.arange(ranks) < ranks // 2).astype(np.float32)
    plain = lambda x, w, a, b: x @ w + ((x @ a) * on) @ b
    return Trial(
        f"ladder_matmul: N{items} D{wide} R{ranks}",
        2e-9 * items * wide * (wide + 2 * ranks),
        "GFLOP/s",
        (x, w, a, b),
        lambda x, w, a, b: ladder_matmul(x, w, a, b, ranks // 2),
        {"two products": plain, "merged": lambda x, w, a, b: x @ (w + (a * on) @ b)},
        plain,
    )


def correlation_trial(rows: int, width: int) -> Trial:
    """Cosines of all pairs of rows."""

    def plain(x):
        x = x / (x**2).sum(axis=1, keepdims=True) ** 0.5
        return x @ x.T

    def pairs(x):
        return (x @ x.T) / jnp.outer(*(2 * [jnp.linalg.norm(x, axis=1)]))

    x = jax.random.normal(jax.random.key(0), (rows, width))
    return Trial(
        f"correlation: M{rows} D{width}",
        2e-9 * rows**2 * width,
        "GFLOP/s",
        (x,),
        correlation,
        {"scaled rows": plain, "scaled pairs": pairs},
        plain,
    )


def rank_trial(rows: int, width: int) -> Trial:
    """How many directions a matrix uses, by the entropy of its singular values."""

    def plain(np_, x):
        share = np_.linalg.svd(x, compute_uv=False)
        share = share / share.sum()
        return np_.exp(-(share * np_.log(share)).sum())

    return Trial(
        f"effective_rank: {rows} x {width}",
        1.0,
        "matrices/s",
        (jax.random.normal(jax.random.key(0), (rows, width)),),
        effective_rank,
        {"SVD": functools.partial(plain, jnp)},
        functools.partial(plain, np),
    )


def trials(quick: bool) -> list[Trial]:
    """One size per operation, or several."""
    out = [
        attention_trial(4, 256, 4, 64),
        ladder_trial(256, 512, 8),
        correlation_trial(1024, 256),
        rank_trial(512, 256),
    ]
    if not quick:
        out += [
            attention_trial(2, 1024, 8, 64),
            ladder_trial(4096, 1024, 32),
            correlation_trial(4096, 64),
        ]
    return out


def measure(todo: list[Trial], samples: int) -> list[harness.Row]:
    """A row for each pair of ours and another."""
    harness.note("compiling")
    jobs = {}
    for trial in todo:
        for name, function in {"": trial.ours, **trial.jax}.items():
            jobs[trial.name, name] = function, trial.inputs
    calls, rows = harness.compiled(jobs), []
    for trial in todo:
        harness.note(trial.name)
        given = tuple(np.asarray(x) for x in trial.inputs)
        ours = calls[trial.name, ""]
        others = {name: calls[trial.name, name] for name in trial.jax}
        others["NumPy"] = functools.partial(trial.numpy, *given)
        for name, other in others.items():
            _must_agree(f"{trial.name}, {name}", ours(), other())
            pair = harness.race(ours, other, samples=samples, patience=3.0)
            label = f"{trial.name} / {name}"
            rows.append(harness.versus(label, trial.work, trial.unit, *pair))
    return rows


def _must_agree(name: str, ours, theirs) -> None:
    for a, b in zip(*map(jax.tree.leaves, (ours, theirs)), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        if not np.abs(a - b).max() <= TOLERANCE * np.abs(b).max():
            raise SystemExit(f"{name}: ours and theirs do not come to the same")


def main() -> None:
    arguments = harness.begin(__doc__)
    samples = 3 if arguments.quick else 9
    rows = measure(trials(arguments.quick), samples)
    columns = ("cpu_ratio", "samples")
    harness.show("Kernels, plain", rows, as_json=arguments.json, columns=columns)


if __name__ == "__main__":
    main()
