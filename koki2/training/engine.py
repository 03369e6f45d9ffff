"""The compiled programs of a training run, shared by all runs that differ in seeds.

Each compiles when it is first called: the scan over the steps of a segment, the
evaluation, the norms of layers, and the samples.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from koki2.core.chunks import chunked_scan
from koki2.core.keys import stream
from koki2.core.numbers import numbers
from koki2.core.types import Key
from koki2.data import batches, check_length, Tokens
from koki2.models import Model
from koki2.training.configs import EvaluationConfig, OptimizerConfig, TrainingConfig
from koki2.training.evaluation import mean_loss
from koki2.training.flat import Flat, flat
from koki2.training.optimizers import optimizer
from koki2.training.samples import draw_samples, fixed_prompts, prompts_of
from koki2.training.step import first_state, Numbers, StepParts, train_step, TrainState
from koki2.training.streams import TrainingStream

Vector = Float[Array, " D"]
Columns = dict[str, Any]


class Text(NamedTuple):
    """What a model learns, in tokens."""

    train: Tokens
    validation: Tokens
    decode: Callable[[np.ndarray], str] | None = None
    """Tokens -> text, for samples; None writes no samples."""
    floor: float | None = None
    """The least loss on the validation text that can be hoped for, if it is known."""


class Recipe(NamedTuple):
    """How it learns."""

    optimizer: OptimizerConfig = OptimizerConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    has_dropout: bool = False
    """Whether the model's loss takes the key of dropout."""


@chex.dataclass(frozen=True, kw_only=True)
class Best:
    """The model that did best on the validation text."""

    weights: Float[Array, " D"]
    loss: Float[Array, ""]
    """Infinite before the first evaluation."""
    step: Int[Array, ""]
    """Steps done when it did."""
    misses: Int[Array, ""]
    """Evaluations since."""


class Engine(NamedTuple):
    """Built by `engine`; keys are those of runs."""

    flat: Flat
    init: Callable[[Key, PyTree | None], tuple[TrainState, Best]]
    """(key, parameters to begin with, None draws them) -> the first state."""
    steps: Callable[[Numbers, Key, TrainState, int, int], tuple[TrainState, Columns]]
    """(numbers, key, state, its step, steps wanted) -> (state, columns). The state is
    used up."""
    evaluate: Callable[[Key, TrainState, Best], tuple[Best, Columns]]
    """(key, state, best) -> (best, train_loss and val_loss). The best is used up."""
    norms: Callable[[TrainState], Columns]
    """The norms of the layers' weights, by name of a column."""
    samples: Callable[[Key, TrainState], Int[Array, "P n"]] | None
    """What follows each prompt; None: no samples are wanted."""
    prompts: Int[Array, "P n"]


def engine(model: Model, text: Text, recipe: Recipe) -> Engine:
    """Builds the programs of a training.

    Args:
      model: any `Model`.
      text: what it learns.
      recipe: how; its rates and decay are not read, but given to `steps`.

    Raises:
      ValueError: a text that is not longer than the model's block.
    """
    training, evaluation = recipe.training, recipe.evaluation
    for name, tokens in (("training", text.train), ("validation", text.validation)):
        check_length(f"the {name} text", len(tokens), model.block)
    layout = flat(jax.eval_shape(model.init, jax.random.key(0)))
    parts = StepParts(
        loss=model.loss,
        flat=layout,
        optimizer=optimizer(recipe.optimizer, layout),
        config=recipe.optimizer,
        decay_iters=recipe.optimizer.lr_decay_iters or training.iters,
        most_microbatches=training.microbatches,
        metrics_interval=training.metrics_interval,
        has_dropout=recipe.has_dropout,
    )
    source = functools.partial(
        batches, batch=training.microbatch_size, block=model.block
    )
    of_train, of_validation = source(text.train), source(text.validation)

    @jax.jit
    def init(key: Key, params: PyTree | None) -> tuple[TrainState, Best]:
        if params is None:
            params = model.init(stream(key, TrainingStream.INIT))
        state = first_state(parts, params, training.microbatches)
        best = Best(
            weights=state.weights,
            loss=jnp.float32(jnp.inf),
            step=jnp.int32(0),
            misses=jnp.int32(0),
        )
        return state, best

    @functools.partial(jax.jit, donate_argnums=3)
    def segment(
        data: Numbers, feed: Any, key: Key, state: TrainState, wanted: Array
    ) -> tuple[TrainState, Columns]:
        windows = lambda step, j: of_train.windows(feed, step, j)
        key_dropout = stream(key, TrainingStream.DROPOUT)
        step = lambda state: train_step(parts, data, key_dropout, windows, state)
        return chunked_scan(step, training.metrics_interval)(state, wanted)

    def steps(
        data: Numbers, key: Key, state: TrainState, first: int, wanted: int
    ) -> tuple[TrainState, Columns]:
        feed = of_train.prepare(
            stream(key, TrainingStream.BATCHES),
            first,
            training.metrics_interval,
            training.microbatches,
        )
        return segment(data, feed, key, state, jnp.int32(wanted))

    @functools.partial(jax.jit, donate_argnums=2)
    def compiled_evaluation(
        feeds: Any, state: TrainState, best: Best
    ) -> tuple[Best, Columns]:
        params = layout.unravel(state.weights)
        loss_of = lambda texts, feed: mean_loss(
            model.loss,
            params,
            lambda j: texts.windows(feed, j, 0),
            evaluation.eval_iters,
        )
        train_loss = loss_of(of_train, feeds[0])
        val_loss = loss_of(of_validation, feeds[1])
        is_better = val_loss < best.loss
        pick = lambda new, old: jnp.where(is_better, new, old)
        best = Best(
            weights=pick(state.weights, best.weights),
            loss=pick(val_loss, best.loss),
            step=pick(state.step, best.step),
            misses=pick(jnp.int32(0), best.misses + 1),
        )
        return best, {"train_loss": train_loss, "val_loss": val_loss}

    def evaluate(key: Key, state: TrainState, best: Best) -> tuple[Best, Columns]:
        key_evaluation = stream(key, TrainingStream.EVALUATION)
        feeds = tuple(
            texts.prepare(key_evaluation, 0, evaluation.eval_iters, 1)
            for texts in (of_train, of_validation)
        )
        return compiled_evaluation(feeds, state, best)

    @jax.jit
    def norms(state: TrainState) -> Columns:
        squares = layout.squares(state.weights)
        return {f"weight_norm_{n}": jnp.sqrt(square) for n, square in squares.items()}

    texts = fixed_prompts(text.validation, model.block)
    has_samples = bool(evaluation.sample_tokens) and text.decode is not None
    return Engine(
        flat=layout,
        init=init,
        steps=steps,
        evaluate=evaluate,
        norms=norms,
        samples=_samples(model, layout, texts, evaluation) if has_samples else None,
        prompts=jnp.asarray(np.stack(texts).astype(np.int32)),
    )


def _samples(
    model: Model, layout: Flat, texts: Sequence[np.ndarray], config: EvaluationConfig
) -> Callable[[Key, TrainState], Int[Array, "P n"]]:
    prompts = prompts_of(texts, model.block)
    draw = draw_samples(model, config.sample_tokens)

    @jax.jit
    def samples(prompts: Any, key: Key, state: TrainState) -> Int[Array, "P n"]:
        key_samples = stream(key, TrainingStream.SAMPLES)
        return draw(layout.unravel(state.weights), prompts, key_samples)

    return functools.partial(samples, prompts)


def as_data(config: OptimizerConfig) -> Numbers:
    """The numbers of a config that are data of the programs."""
    found = numbers(config)
    return Numbers(**{name: jnp.asarray(found[name]) for name in Numbers._fields})
