"""Contracts: what the checks of every interface share.

A check takes an object, and raises AssertionError with a sentence if it breaks what
the check is of. Programs are compiled without optimisation, for each runs only a few
times.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike, DTypeLike
from jaxtyping import PyTree

T = TypeVar("T")
R = TypeVar("R")


class Type(NamedTuple):
    """What decides whether a program is compiled again for an array."""

    shape: tuple[int, ...]
    dtype: np.dtype
    weak: bool


def by_name(*checks: Callable[[T], None]) -> Mapping[str, Callable[[T], None]]:
    """The checks of a contract by name: `check_gentle_care` is "gentle care"."""
    name_of = lambda check: check.__name__.removeprefix("check_").replace("_", " ")
    return MappingProxyType({name_of(check): check for check in checks})


def compiled(function: Callable[..., R]) -> Callable[..., R]:
    """Puts a function under `jit`, without optimisation."""
    return jax.jit(function, compiler_options={"xla_backend_optimization_level": 0})


def must(holds: ArrayLike, sentence: str) -> None:
    """Raises AssertionError with a sentence, unless all of `holds` is true."""
    if not np.all(holds):
        raise AssertionError(f"{sentence}.")


def must_be_a(kind: type, thing: object, called: str) -> None:
    """Requires that something is of a type, by the name that people know it by."""
    must(isinstance(thing, kind), f"it must be a {called}, got {type(thing).__name__}")


def must_count(name: str, value: object) -> None:
    """Requires that a field holds a whole number from 1 on."""
    must(
        isinstance(value, int) and value >= 1,
        f"{name} must be an integer >= 1, got {value!r}",
    )


def must_be_callable(thing: object, *names: str) -> None:
    """Requires that fields hold functions."""
    for name in names:
        value = getattr(thing, name)
        must(callable(value), f"{name} must be a function, got {value!r:.60}")


def must_be_array(
    name: str, value: PyTree, shape: tuple[int, ...], dtype: DTypeLike
) -> None:
    """Requires that a value, or what `jax.eval_shape` says of it, is such an array."""
    found = [(x.shape, x.dtype) for x in jax.tree.leaves(value)]
    text = ", ".join(f"{d} {list(s)}" for s, d in found) or "nothing"
    must(
        found == [(shape, dtype)],
        f"{name} must be {np.dtype(dtype)} {list(shape)}, got {text}",
    )


def must_be_finite(tree: PyTree) -> None:
    """Requires that every number of a tree is finite; names the first that is not."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(plain(tree)):
        must(np.isfinite(leaf), f"{jax.tree_util.keystr(path)} must be finite")


def must_keep_types(before: PyTree, after: PyTree, step: str) -> None:
    """Requires that a step keeps the types of a state, so that it is compiled once.

    Args:
      before: the state, as `jax.eval_shape` gives it.
      after: the state after the step, likewise.
      step: what the step is, for the sentence: "a step".
    """
    first, later = types(before), types(after)
    must(first.keys() == later.keys(), f"{step} must keep the fields of the state")
    for path, kind in first.items():
        must(
            kind == later[path] and not kind.weak,
            f"state{path} must keep one type that is not weak, got {tuple(kind)} and, "
            f"after {step}, {tuple(later[path])} (jnp.float32(...) and "
            "jnp.asarray(..., dtype) make values that are not weak)",
        )


def must_hold_no_key(state: PyTree) -> None:
    """Requires that no leaf of a state is a key."""
    for path, kind in types(state).items():
        must(
            not jnp.issubdtype(kind.dtype, jax.dtypes.prng_key),
            f"state{path} must not be a key: what draws is given a key of its own",
        )


def must_be_same_bits(first: PyTree, again: PyTree, sentence: str) -> None:
    """Requires that two trees are the same bit for bit."""
    pairs = zip(*(jax.tree.leaves(plain(x)) for x in (first, again)), strict=True)
    must(all(a.tobytes() == b.tobytes() for a, b in pairs), sentence)


def must_be_close(
    eager: PyTree,
    compiled: PyTree,
    step: str,
    *,
    rtol: float = 1e-5,
    atol: float = 1e-6,
) -> None:
    """Requires that what a step gives under `jit` agrees with eager, but for keys."""
    for a, b in zip(jax.tree.leaves(eager), jax.tree.leaves(compiled), strict=True):
        if not jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            close = np.allclose(a, b, rtol=rtol, atol=atol)
            must(close, f"{step} under jit must agree with eager, got {b} and {a}")


def types(shapes: PyTree) -> dict[str, Type]:
    """The type of every leaf by its path, from what `jax.eval_shape` says of a tree.

    Example:
      >>> types(jax.eval_shape(lambda: {"a": jnp.zeros(3)}))
      {"['a']": Type(shape=(3,), dtype=dtype('float32'), weak=False)}
    """
    return {
        jax.tree_util.keystr(path): Type(leaf.shape, leaf.dtype, leaf.weak_type)
        for path, leaf in jax.tree_util.tree_leaves_with_path(shapes)
    }


def plain(tree: PyTree) -> PyTree:
    """Turns arrays into NumPy's, and typed keys into their words."""

    def plain_leaf(leaf: jax.Array | np.ndarray) -> np.ndarray:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.random.key_data(leaf)
        return np.asarray(leaf)

    return jax.tree.map(plain_leaf, tree)
