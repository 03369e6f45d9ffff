"""Training: a model learns a text, as a program in chunks.

    step 0         evaluated, before it begins
    segment        steps up to the next multiple of metrics_interval or eval_interval:
                   one compiled scan, the same for all
    its end        norms of layers, evaluation and samples where they are due: programs
                   of their own

A call of `chunk` computes one segment at most. Row t of "metrics" is of step t; what is
evaluated after it stands in it, too. A row of "evaluations" and "samples" is of the
model after `step` steps.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from koki2.core import columns
from koki2.core.devices import moves_data
from koki2.core.numbers import shape
from koki2.core.program import DivergedError, Program
from koki2.core.trees import pack, unpack
from koki2.core.types import Key
from koki2.models import Model
from koki2.training.configs import MOST_NOT_FINITE
from koki2.training.engine import as_data, Best, Engine, engine, Recipe, Text
from koki2.training.step import TrainState

Streams = dict[str, Any]


@chex.dataclass(frozen=True, kw_only=True)
class Carry:
    """All of a training run: what a checkpoint holds."""

    train: TrainState
    best: Best


def train(
    model: Model,
    text: Text,
    recipe: Recipe = Recipe(),
    *,
    seed: int = 0,
    params: PyTree | None = None,
) -> Program:
    """Builds the training of a model. Compiles on its first chunk.

    Args:
      model: any `Model`; its parameters are trained in float32.
      text: what it learns.
      recipe: how.
      seed: of the run; of all that is drawn in it.
      params: to begin with; None draws them.

    Raises:
      ValueError: a text that is not longer than the model's block.

    Example:
      >>> from koki2.models import gpt, GptConfig
      >>> from koki2.training import TrainingConfig
      >>> model = gpt(GptConfig(vocabulary=8, block=4, layers=1, heads=1, dim=4))
      >>> text = Text(*np.split(np.arange(80, dtype=np.uint8) % 8, 2))
      >>> recipe = Recipe(training=TrainingConfig(iters=4, metrics_interval=2))
      >>> program = train(model, text, recipe)
      >>> carry, said = program.chunk(program.init(), program.total)
      >>> program.done(carry), sorted(said)
      (2, ['evaluations', 'metrics'])
    """
    start = None if params is None else lambda: params
    return train_many(model, text, [(recipe, seed)], start)[0]


@moves_data
def train_many(
    model: Model,
    text: Text,
    runs: Sequence[tuple[Recipe, int]],
    start: Callable[[], PyTree] | None = None,
) -> list[Program]:
    """Builds a training per recipe and seed; they share what is compiled.

    Args:
      model: see `train`.
      text: see `train`.
      runs: recipe and seed of each; the recipes differ only in numbers that are data
        (`core.numbers`).
      start: gives the parameters to begin with, once they are needed; None draws them.

    Raises:
      ValueError: as `train`, or recipes that differ in more.
    """
    first = runs[0][0]
    shapes = [[shape(part) for part in recipe[:3]] for recipe, _ in runs]
    if any(other != shapes[0] for other in shapes):
        raise ValueError(
            "runs of one program must differ only in numbers that are traced, got "
            "others, too."
        )
    shared = engine(model, text, first)
    return [
        _program(shared, text, recipe, jax.random.key(seed), start)
        for recipe, seed in runs
    ]


def _program(
    shared: Engine,
    text: Text,
    recipe: Recipe,
    key: Key,
    start: Callable[[], PyTree] | None,
) -> Program:
    data = as_data(recipe.optimizer)
    config, total = recipe.training, recipe.training.iters
    interval, every = config.metrics_interval, recipe.evaluation.eval_interval
    patience = recipe.evaluation.patience
    tired = lambda carry: int(jax.device_get(carry.best.misses)) >= patience
    done_of = lambda carry: int(jax.device_get(carry.train.step))

    def begin(params: PyTree | None) -> Carry:
        state, best = shared.init(key, params)
        return Carry(train=state, best=jax.tree.map(jnp.copy, best))

    def evaluate(carry: Carry, done: int, streams: Streams) -> Carry:
        best, losses = shared.evaluate(key, carry.train, carry.best)
        row = columns.Row(
            step=jnp.int32([done]),
            train_loss=_known(losses["train_loss"]),
            val_loss=_known(losses["val_loss"]),
            best_val_loss=_known(best.loss),
            best_step=best.step[None],
        )
        if text.floor is not None:
            row["floor"] = jnp.float32([text.floor])
        streams.setdefault("evaluations", []).append(row)
        if shared.samples is not None and text.decode is not None:
            drawn = shared.samples(key, carry.train)
            row = columns.Row(
                step=jnp.full(len(drawn), done, jnp.int32),
                prompt=columns.Text(shared.prompts, text.decode),
                text=columns.Text(drawn, text.decode),
            )
            streams.setdefault("samples", []).append(row)
        return Carry(train=carry.train, best=best)

    def chunk(carry: Carry, wanted: int) -> tuple[Carry, Streams]:
        done, streams = done_of(carry), {}
        if done == 0:
            carry = evaluate(carry, 0, streams)
        ends = [
            (done // n + 1) * n for n in (interval, every, config.checkpoint_length)
        ]
        end = min(done + wanted, total, *ends)
        state, said = shared.steps(data, key, carry.train, done, end - done)
        carry = Carry(train=state, best=carry.best)
        is_evaluated = end % every == 0 or end == total
        if is_evaluated:
            carry = evaluate(carry, end, streams)
        metrics = said["metrics"]
        last = np.arange(interval) == end - done - 1
        at_last = lambda value, is_due: columns.Due(
            jax.tree.map(lambda x: jnp.broadcast_to(x, (interval,)), value),
            last & is_due,
        )
        row = streams["evaluations"][-1] if is_evaluated else {}
        none = columns.Maybe(jnp.float32(0), jnp.bool_(False))
        for name in ("val_loss", "best_val_loss"):
            metrics[name] = at_last(row.get(name, none), is_evaluated)
        for name, norm in shared.norms(state).items():
            metrics[name] = at_last(norm, end % interval == 0)
        joined = {name: _joined(rows) for name, rows in streams.items()}
        return carry, {"metrics": metrics, **joined}

    def artifacts(carry: Carry) -> dict[str, dict[str, np.ndarray]]:
        named = lambda weights: pack(shared.flat.unravel(weights))
        return {
            "best_model": named(carry.best.weights),
            "last_model": named(carry.train.weights),
        }

    like = jax.eval_shape(lambda: begin(None))
    return Program(
        init=moves_data(lambda: begin(None if start is None else start())),
        chunk=moves_data(chunk),
        done=done_of,
        total=total,
        is_over=tired if patience else None,
        length=config.checkpoint_length,
        pack=moves_data(_pack),
        unpack=moves_data(lambda arrays: _unpack(like, arrays)),
        artifacts=moves_data(artifacts),
    )


@moves_data
def first_losses(
    model: Model,
    text: Text,
    recipe: Recipe = Recipe(),
    *,
    seed: int = 0,
    params: PyTree | None = None,
) -> dict[str, float]:
    """Evaluates the model that a training would begin with.

    Args:
      model: see `train`.
      text: see `train`.
      recipe: see `train`.
      seed: see `train`.
      params: see `train`.

    Returns:
      train_loss and val_loss, nats a token, as in its first row of "evaluations".
    """
    shared, key = engine(model, text, recipe), jax.random.key(seed)
    state, best = shared.init(key, params)
    _, losses = shared.evaluate(key, state, jax.tree.map(jnp.copy, best))
    return {name: float(loss) for name, loss in losses.items()}


def _known(value: Array) -> columns.Maybe:
    """One number, null in rows where it is not finite."""
    is_finite = jnp.isfinite(value)
    return columns.Maybe(jnp.where(is_finite, value, 0.0)[None], is_finite[None])


def _joined(rows: Sequence[columns.Row]) -> columns.Row:
    """The rows of several evaluations, one after the other."""
    return jax.tree.map(lambda *parts: jnp.concatenate(parts), *rows)


def _pack(carry: Carry) -> dict[str, np.ndarray]:
    """The state on the host; of a run that diverged there is none to go on from."""
    if bool(jax.device_get(carry.train.guard.has_diverged)):
        raise DivergedError(
            f"the loss and its gradient must be finite, and were not in "
            f"{MOST_NOT_FINITE} steps in a row, within {int(carry.train.step)} steps; "
            "try a smaller lr, a warm-up or --spike-threshold."
        )
    return pack(carry)


def _unpack(like: Carry, arrays: Mapping[str, Any]) -> Carry:
    return unpack(like, arrays)
