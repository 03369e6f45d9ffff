"""Strategies by name: the door of the room."""

from koki2.search.base import Strategy
from koki2.search.catalogue import check_strategy
from koki2.search.configs import SearchConfig
from koki2.search.mu_plus_lambda import mu_plus_lambda
from koki2.search.openai_es import openai_es


def make(config: SearchConfig, num_dims: int) -> Strategy:
    """The strategy called `config.strategy`, for genomes of `num_dims` numbers.

    evosax, which is slow to import, is imported only if one of its names is asked for.

    Args:
      config: which strategy, and how boldly it searches.
      num_dims: numbers in a genome, D.

    Raises:
      ValueError: an unknown name, with the nearest known ones; or a population size
        at which the strategy cannot run, with the reason.

    Example:
      >>> make(SearchConfig(strategy="openai_es", pop_size=8), num_dims=3).name
      'openai_es'
    """
    check_strategy(config.strategy, config.pop_size, num_dims)
    if config.strategy == "openai_es":
        return openai_es(config)
    if config.strategy == "mu_plus_lambda":
        return mu_plus_lambda(config, num_dims)
    from koki2.search.evosax_adapter import evosax_strategy

    return evosax_strategy(config, num_dims)
