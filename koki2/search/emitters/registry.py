"""Emitters by name."""

from collections.abc import Callable

from jaxtyping import Array, Float

from koki2.core.types import Key
from koki2.search.configs import EmitterConfig
from koki2.search.emitters.base import Emitter
from koki2.search.emitters.catalogue import EMITTERS


def make(
    config: EmitterConfig,
    num_dims: int,
    mutate: Callable[[Key, Float[Array, " D"]], Float[Array, " D"]] | None = None,
) -> Emitter:
    """Builds the emitter called `config.emitter`, for genomes of `num_dims` numbers.

    Args:
      config: which emitter, and how boldly it varies.
      num_dims: numbers in a genome, D.
      mutate: (key, parent) -> child, for "mutation".

    Raises:
      ValueError: an unknown name, with the nearest known ones; "mutation" without
        `mutate`; or a strategy that cannot run at this size.
    """
    return EMITTERS.find(config.emitter).make(config, num_dims, mutate)
