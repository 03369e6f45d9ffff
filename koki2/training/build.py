"""From names to objects, once: a config, a text and seeds become programs."""

import dataclasses
from collections.abc import Callable, Sequence

import jax
from jaxtyping import PyTree

from koki2.core.configs import plain
from koki2.core.numbers import shape
from koki2.core.program import About, Program
from koki2.models import gpt, Model
from koki2.training.configs import TrainConfig
from koki2.training.engine import Recipe, Text
from koki2.training.train import train_many


def resolve_dtype(config: TrainConfig) -> TrainConfig:
    """Decides the dtype of products, where a config leaves it to the machine.

    Example:
      >>> resolve_dtype(TrainConfig()).training.dtype
      'float32'
    """
    if config.training.dtype != "auto":
        return config
    dtype = "bfloat16" if jax.default_backend() == "gpu" else "float32"
    training = dataclasses.replace(config.training, dtype=dtype)
    return dataclasses.replace(config, training=training)


def model_of(config: TrainConfig) -> Model:
    """Builds the model that a config trains."""
    training = resolve_dtype(config).training
    implementation = "reference" if training.backend == "cpu_ref" else "auto"
    return gpt(
        config.model,
        dtype=training.dtype,
        remat=training.remat,
        implementation=implementation,
    )


def recipe_of(config: TrainConfig) -> Recipe:
    """How a config trains."""
    return Recipe(
        config.optimizer,
        config.training,
        config.evaluation,
        has_dropout=config.model.dropout > 0,
    )


def build(config: TrainConfig, text: Text, seed: int) -> Program:
    """Builds the training that a config describes.

    Args:
      config: everything that decides its bits, but for text and seed.
      text: in tokens below `config.model.vocabulary`.
      seed: of the run.

    Raises:
      ValueError: a text that is not longer than the model's block.

    Example:
      >>> import numpy as np
      >>> from koki2.models import GptConfig
      >>> config = TrainConfig(
      ...     model=GptConfig(block=4, layers=1, heads=1, dim=4))
      >>> text = Text(*np.split(np.arange(80, dtype=np.uint8), 2))
      >>> build(config, text, seed=0).about.kind
      'train'
    """
    return build_many([(config, seed)], text)[0]


def build_many(
    runs: Sequence[tuple[TrainConfig, int]],
    text: Text,
    start: Callable[[], PyTree] | None = None,
) -> list[Program]:
    """Builds a program per config and seed that share what is compiled.

    Args:
      runs: config and seed of each; the configs differ only in numbers that are data
        (`core.numbers`).
      text: of all.
      start: gives the parameters to begin with; None draws them.

    Raises:
      ValueError: as `build`, or configs that differ in more.
    """
    configs = [resolve_dtype(config) for config, _ in runs]
    if any(shape(config) != shape(configs[0]) for config in configs[1:]):
        raise ValueError(
            "configs of one program must differ only in numbers that are traced, got "
            "others, too."
        )
    seeds = [seed for _, seed in runs]
    recipes = list(zip(map(recipe_of, configs), seeds, strict=True))
    made = train_many(model_of(configs[0]), text, recipes, start)
    return [
        program._replace(about=About("train", seed, plain(config)))
        for config, seed, program in zip(configs, seeds, made, strict=True)
    ]
