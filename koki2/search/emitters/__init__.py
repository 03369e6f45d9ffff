"""emitters: what MAP-Elites tries next. Start at `base.Emitter`.

`make(EmitterConfig(...), num_dims)` is the door.
"""

from collections.abc import Callable

from koki2.search.configs import EmitterConfig
from koki2.search.emitters.base import Elites as Elites, Emitter as Emitter
from koki2.search.emitters.parents import gaussian, iso_line, mutation
from koki2.search.emitters.strategies import improvement, novelty


def make(
    config: EmitterConfig, num_dims: int, mutate: Callable | None = None
) -> Emitter:
    """The emitter called `config.emitter`, for genomes of `num_dims` numbers.

    Args:
      config: which emitter, and how boldly it varies.
      num_dims: numbers in a genome, D.
      mutate: (key, parent) -> child, for "mutation".

    Raises:
      ValueError: "mutation" without one; or a strategy that cannot run at this size.
    """
    if config.emitter == "mutation":
        if mutate is None:
            raise ValueError(
                "the emitter mutation wants a function that mutates a genome, for only "
                "the genome knows its groups of genes, got none."
            )
        return mutation(config, mutate)
    if config.emitter in ("gaussian", "iso_line"):
        return {"gaussian": gaussian, "iso_line": iso_line}[config.emitter](config)
    kinds = {"improvement": improvement, "novelty": novelty}
    return kinds[config.emitter](config, num_dims)
