"""The catalogue: every emitter by name. Imports no JAX; see `search.catalogue`."""

from collections.abc import Callable
from typing import Any, NamedTuple

from koki2.core.registry import entry_of, load, Registry

EmitterFactory = Callable[..., Any]
"""(EmitterConfig, num_dims, mutate) -> Emitter; `mutate` is (key, parent) -> child, or
None where the caller has no genome to mutate."""


class EmitterEntry(NamedTuple):
    """An emitter as it is registered."""

    make: EmitterFactory
    uses_strategy: bool = False
    """Whether it moves by `EmitterConfig.strategy`, whose needs are then checked."""
    reads: tuple[str, ...] | None = None
    """The fields of `EmitterConfig` that it reads; None: all."""


EMITTERS: Registry[EmitterEntry] = Registry(
    "emitter", "koki2.emitters", accept=entry_of(EmitterEntry)
)
"""Every emitter; installed packages add theirs as entry points koki2.emitters."""


def register_emitter(
    name: str,
    factory: EmitterFactory,
    *,
    uses_strategy: bool = False,
    reads: tuple[str, ...] | None = None,
    replace: bool = False,
) -> None:
    """Registers an emitter, so that `EmitterConfig(emitter=name)` finds it.

    Args:
      name: what configs and command lines call it.
      factory: (EmitterConfig, num_dims, mutate) -> Emitter.
      uses_strategy: whether it moves by `EmitterConfig.strategy`.
      reads: the fields of `EmitterConfig` that it reads; None: all.
      replace: let it take the place of an emitter of that name.

    Raises:
      ValueError: the name is taken, unless `replace`.

    Example:
      >>> from koki2.search import EmitterConfig, emitters
      >>> def small_steps(config, num_dims, mutate):
      ...     return emitters.gaussian(EmitterConfig(emitter="gaussian", sigma=0.01))
      >>> register_emitter("small_steps", small_steps)
      >>> emitters.make(EmitterConfig(emitter="small_steps"), num_dims=3).batch_size
      64
      >>> EMITTERS.remove("small_steps")
    """
    entry = EmitterEntry(factory, uses_strategy, reads)
    EMITTERS.register(name, entry, replace=replace)


def _gaussian(config: object, num_dims: int, mutate: object) -> Any:
    return load("koki2.search.emitters.parents:gaussian")(config)


def _iso_line(config: object, num_dims: int, mutate: object) -> Any:
    return load("koki2.search.emitters.parents:iso_line")(config)


def _mutation(config: object, num_dims: int, mutate: object) -> Any:
    return load("koki2.search.emitters.parents:mutation")(config, mutate)


def _improvement(config: object, num_dims: int, mutate: object) -> Any:
    return load("koki2.search.emitters.strategies:improvement")(config, num_dims)


def _novelty(config: object, num_dims: int, mutate: object) -> Any:
    return load("koki2.search.emitters.strategies:novelty")(config, num_dims)


_ALWAYS = ("batch_size", "init_sigma")
_STRATEGY = (*_ALWAYS, "sigma", "strategy")
register_emitter("gaussian", _gaussian, reads=(*_ALWAYS, "sigma"))
register_emitter("iso_line", _iso_line, reads=(*_ALWAYS, "iso_sigma", "line_sigma"))
register_emitter("mutation", _mutation, reads=(*_ALWAYS, "sigma", "rate"))
register_emitter("improvement", _improvement, uses_strategy=True, reads=_STRATEGY)
register_emitter(
    "novelty", _novelty, uses_strategy=True, reads=(*_STRATEGY, "novelty_k")
)
