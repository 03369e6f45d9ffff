"""A step: one update of a model's parameters, pure, from the windows of its batches.

    loss, g  = mean over microbatches of (loss, its gradient)
    verdict  = guard(loss, |g|)
    w        <- optimiser(clip_coef g, rate = schedule(t) * factor of the guard)

A step that is skipped leaves parameters and optimiser as they are, to the bit.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, PyTree, UInt32

from koki2.core import columns
from koki2.core.types import Key
from koki2.training.configs import OptimizerConfig
from koki2.training.flat import Flat
from koki2.training.guard import first_guard, Guard, judge
from koki2.training.optimizers import Optimizer
from koki2.training.schedule import learning_rate

Vector = Float[Array, " D"]
Loss = Callable[..., Float[Array, ""]]
"""`Model.loss`: (params, tokens, targets, *, key) -> nats a token."""
Number = int | Int[Array, ""]
Windows = Callable[[Number, Number], Int[Array, "B L"]]
"""(step, microbatch) -> its windows, as `Batches.windows` gives them."""


@chex.dataclass(frozen=True, kw_only=True)
class TrainState:
    """All that a step reads of those before it."""

    step: Int[Array, ""]
    """Steps done."""
    weights: Float[Array, " D"]
    optimizer: Any
    guard: Guard
    tokens: UInt32[Array, "2"]
    """Tokens predicted in training as yet, high and low word."""
    microbatches: Int[Array, ""]
    """Of a step; data, so that a run may change it without compiling anew."""


class Numbers(NamedTuple):
    """The numbers of a step that are data."""

    lr: ArrayLike
    min_lr: ArrayLike
    weight_decay: ArrayLike


class StepParts(NamedTuple):
    """What a step is put together from; all of it static."""

    loss: Loss
    flat: Flat
    optimizer: Optimizer
    config: OptimizerConfig
    decay_iters: int
    """Step at which the rate stops falling."""
    most_microbatches: int
    """One: the gradient is computed without a loop."""
    metrics_interval: int
    """Steps between rows that have the norms of layers."""
    has_dropout: bool
    """Whether the loss takes a key."""


def first_state(parts: StepParts, params: PyTree, microbatches: int) -> TrainState:
    """The state of a run that begins with some parameters."""
    weights = parts.flat.ravel(params)
    return TrainState(
        step=jnp.int32(0),
        weights=weights,
        optimizer=parts.optimizer.init(weights),
        guard=first_guard(),
        tokens=jnp.zeros(2, jnp.uint32),
        microbatches=jnp.int32(microbatches),
    )


def train_step(
    parts: StepParts,
    numbers: Numbers,
    key_dropout: Key,
    windows: Windows,
    state: TrainState,
) -> tuple[TrainState, dict[str, columns.Row]]:
    """Computes one step.

    Args:
      parts: model, optimiser and settings.
      numbers: rates and decay.
      key_dropout: of the run; the step derives its own.
      windows: of each microbatch.
      state: before the step.

    Returns:
      The state after it, and its row in the stream "metrics". Where the loss is not
      finite, the row has null for it.
    """
    config, t = parts.config, state.step
    loss, gradient, tokens = _mean_gradient(parts, key_dropout, windows, state)
    squares = parts.flat.squares(gradient)
    norm = jnp.sqrt(sum(squares.values(), jnp.float32(0.0)))
    verdict, guard = judge(
        state.guard,
        loss,
        norm,
        grad_clip=config.grad_clip,
        spike_threshold=config.spike_threshold,
    )
    rate = learning_rate(
        t,
        numbers.lr,
        numbers.min_lr,
        warmup=config.warmup_iters,
        decay=parts.decay_iters,
    )
    rate = rate * state.guard.factor if config.spike_threshold else rate
    if config.grad_clip:
        gradient = gradient * verdict.clip_coef
    weights, optimizer = parts.optimizer.update(
        gradient, state.optimizer, state.weights, rate, numbers.weight_decay
    )
    keep = lambda new, old: jnp.where(verdict.is_taken, new, old)
    after = TrainState(
        step=t + 1,
        weights=keep(weights, state.weights),
        optimizer=jax.tree.map(keep, optimizer, state.optimizer),
        guard=guard,
        tokens=columns.add(state.tokens, tokens),
        microbatches=state.microbatches,
    )
    is_due = (t + 1) % parts.metrics_interval == 0
    norms = {
        f"grad_norm_{layer}": columns.Due(_known(jnp.sqrt(square)), is_due)
        for layer, square in squares.items()
    }
    row = columns.Row(
        step=t,
        loss=_known(loss),
        lr=rate,
        grad_norm=_known(norm),
        clip_coef=verdict.clip_coef,
        clip_pct=1.0 - verdict.clip_coef,
        clipped_share=guard.clipped / (t + 1),
        lr_factor=state.guard.factor,
        skipped=guard.skipped,
        tokens=columns.WideCount(after.tokens),
        **norms,
    )
    return after, {"metrics": row}


def _mean_gradient(
    parts: StepParts, key_dropout: Key, windows: Windows, state: TrainState
) -> tuple[Float[Array, ""], Vector, Int[Array, ""]]:
    """Loss and gradient, means over the microbatches, and the tokens predicted."""
    params = parts.flat.unravel(state.weights)

    def of(j: Number) -> tuple[Float[Array, ""], Vector, int]:
        batch = windows(state.step, j)
        call = {}
        if parts.has_dropout:
            key = jax.random.fold_in(key_dropout, state.step)
            call["key"] = jax.random.fold_in(key, j)
        loss = lambda params: parts.loss(params, batch[:, :-1], batch[:, 1:], **call)
        value, gradient = jax.value_and_grad(loss)(params)
        return value, parts.flat.ravel(gradient), batch[:, 1:].size

    if parts.most_microbatches == 1:
        loss, gradient, tokens = of(jnp.int32(0))
        return loss, gradient, jnp.int32(tokens)

    def add(j: Number, sums: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        loss, gradient, tokens = of(j)
        return sums[0] + loss, sums[1] + gradient, sums[2] + tokens

    none = (jnp.float32(0.0), jnp.zeros_like(state.weights), jnp.int32(0))
    loss, gradient, tokens = jax.lax.fori_loop(0, state.microbatches, add, none)
    count = state.microbatches.astype(jnp.float32)
    return loss / count, gradient / count, tokens


def _known(value: Float[Array, ""]) -> columns.Maybe:
    """A number, null in rows where it is not finite."""
    is_finite = jnp.isfinite(value)
    return columns.Maybe(jnp.where(is_finite, value, 0.0), is_finite)
