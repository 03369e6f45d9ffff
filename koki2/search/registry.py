"""Strategies by name: the door of the room."""

from koki2.search.base import Strategy
from koki2.search.catalogue import check_strategy, STRATEGIES
from koki2.search.configs import SearchConfig


def make(config: SearchConfig, num_dims: int) -> Strategy:
    """Builds the strategy called `config.strategy`, for genomes of `num_dims` numbers.

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
    return STRATEGIES.find(config.strategy).make(config, num_dims)
