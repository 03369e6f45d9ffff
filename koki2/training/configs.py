"""The knobs of training: steps, optimiser, guard, evaluations. Imports no JAX."""

import dataclasses
import types
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt

from koki2.core.configs import check, ReadWhen, Traced, unread
from koki2.data.configs import DataConfig, TokenizerConfig
from koki2.models.configs import GptConfig

MOST = 2**30
"""The greatest number of steps: int32 counts them."""
SPIKE_FLOOR = 0.1
"""The least factor that the spike guard puts on the rate."""
CLEAN_STEPS = 200
"""Steps without a spike after which it gives the whole rate back."""
MOST_NOT_FINITE = 50
"""Steps that are not finite, one after the other, that end a run."""
_CHOICES = {
    "optimizer": ("adamw", "lion", "adafactor", "sgd"),
    "dtype": ("auto", "float32", "bfloat16"),
    "backend": ("auto", "helios", "cpu_ref"),
}
Beta = Annotated[float, Ge(0), Lt(1)]


def _check_choices(config: object) -> None:
    for name, values in _CHOICES.items():
        value = getattr(config, name, values[0])
        if value not in values:
            raise ValueError(
                f"{name} must be one of {', '.join(values)}, got {value!r}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """How parameters follow their gradient. Static, but for what is `Traced`."""

    optimizer: Literal["adamw", "lion", "adafactor", "sgd"] = "adamw"
    """adamw, lion, adafactor, or sgd with momentum beta1."""
    lr: Annotated[float, Gt(0), Traced()] = 3e-4
    """The highest learning rate, after the warm-up."""
    min_lr: Annotated[float, Ge(0), Traced()] | None = None
    """That from lr_decay_iters on; none: a tenth of lr."""
    warmup_iters: Annotated[int, Ge(0), Le(MOST)] = 0
    """Steps in which the rate rises in a line."""
    lr_decay_iters: Annotated[int, Ge(1), Le(MOST)] | None = None
    """Step at which its half cosine ends; none: iters."""
    weight_decay: Annotated[float, Ge(0), Traced()] = 0.1
    """Of matrices alone, decoupled: w <- w - rate * weight_decay * w."""
    beta1: Annotated[Beta, ReadWhen("optimizer", is_none_of=("adafactor",))] = 0.9
    """Decay of the mean of gradients."""
    beta2: Annotated[Beta, ReadWhen("optimizer", is_none_of=("adafactor", "sgd"))] = (
        0.95
    )
    """Decay of the mean of their squares; of lion, of what it remembers."""
    grad_clip: Annotated[float, Ge(0)] = 1.0
    """Norm to which longer gradients are cut; 0: none is."""
    spike_threshold: Annotated[float, Ge(0)] = 0.0
    """Norm above which a step is skipped and the rate halved; 0: none is."""

    def __post_init__(self) -> None:
        check(self)
        _check_choices(self)

    def resolved(self) -> "OptimizerConfig":
        """The same with a number for `min_lr`."""
        if self.min_lr is not None:
            return self
        return dataclasses.replace(self, min_lr=self.lr / 10)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How many steps, of what, computed how. Static."""

    iters: Annotated[int, Ge(1), Le(MOST)] = 2000
    """Steps."""
    batch: Annotated[int, Ge(1)] = 12
    """Windows of a batch."""
    grad_accum: Annotated[int, Ge(1)] = 1
    """Batches of a step, whose gradients are averaged."""
    microbatch: Annotated[int, Ge(1)] | None = None
    """Windows that are computed at once; it divides batch. None: all of a batch."""
    init_from: str | None = None
    """The folder of a run whose best model is trained on; its model settings become
    those of this run, and its tokenizer must be the same. None draws parameters."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of products; auto: bfloat16 on GPUs, float32 elsewhere, and what it came to is
    kept. Parameters are float32 always."""
    remat: bool = False
    """Compute blocks again in the backward pass: less memory, more time."""
    backend: Literal["auto", "helios", "cpu_ref"] = "auto"
    """auto and helios: the fastest kernels there are; cpu_ref: the reference kernels,
    on the CPU."""
    metrics_interval: Annotated[int, Ge(1), Le(100_000)] = 50
    """Steps between dear metrics, as the norms of layers; also those of one compiled
    chunk."""
    checkpoint_every: Annotated[int, Ge(1), Le(MOST)] | None = None
    """Steps between checkpoints, a multiple of metrics_interval; none: four of it."""

    def __post_init__(self) -> None:
        check(self)
        _check_choices(self)
        if self.batch % self.microbatch_size:
            raise ValueError(
                f"microbatch must divide batch, got {self.microbatch} and {self.batch}."
            )
        if self.checkpoint_length % self.metrics_interval:
            raise ValueError(
                "checkpoint_every must be a multiple of metrics_interval, got "
                f"{self.checkpoint_every} and {self.metrics_interval}."
            )

    @property
    def microbatch_size(self) -> int:
        """Windows that are computed at once."""
        return self.batch if self.microbatch is None else self.microbatch

    @property
    def microbatches(self) -> int:
        """Microbatches of a step.

        Example:
          >>> TrainingConfig(batch=12, microbatch=4, grad_accum=2).microbatches
          6
        """
        return self.grad_accum * self.batch // self.microbatch_size

    @property
    def checkpoint_length(self) -> int:
        """Steps between checkpoints."""
        return self.checkpoint_every or 4 * self.metrics_interval


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """When and on what a model is evaluated while it trains. Static."""

    eval_interval: Annotated[int, Ge(1), Le(MOST)] = 250
    """Steps between evaluations; there is one before the first step and one after the
    last."""
    eval_iters: Annotated[int, Ge(1), Le(100_000)] = 20
    """Batches of an evaluation, always the same: so many of the training text, and so
    many of the validation text."""
    patience: Annotated[int, Ge(0), Le(MOST)] = 0
    """Evaluations in a row without a better loss on the validation text after which the
    run ends; 0: it goes on to iters."""
    sample_tokens: Annotated[int, Ge(0), Le(100_000)] = 200
    """Tokens of each sample that is written at an evaluation; 0: no samples."""

    def __post_init__(self) -> None:
        check(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class InputsConfig:
    """What a run read when it began, so that it never goes on with anything else.

    Digests, each empty while nothing was read.
    """

    text_digest: str = ""
    """Of the documents, part by part, and of the tokenizer's settings."""
    init_digest: str = ""
    """Of the parameters that it begins with, where `init_from` is given."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that decides the bits of a training run, but for the seed."""

    FLAGS: ClassVar[Mapping[str, Mapping[str, str]]] = types.MappingProxyType(
        {"model": {"ffn_activation": "activation"}}
    )
    """Fields, by group, whose flag is not called as they are."""

    data: DataConfig = DataConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    model: GptConfig = GptConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    inputs: InputsConfig = InputsConfig()

    def __post_init__(self) -> None:
        decay, warmup = self.decay_iters, self.optimizer.warmup_iters
        if decay < warmup and self.optimizer.lr_decay_iters is not None:
            raise ValueError(
                "lr_decay_iters must not be below warmup_iters, got "
                f"{decay} and {warmup}."
            )

    @property
    def decay_iters(self) -> int:
        """The step at which the rate stops falling."""
        return self.optimizer.lr_decay_iters or self.training.iters

    def unread(self) -> dict[str, str]:
        """The settings that nothing reads in this run, and why. By dotted name."""
        return {
            f"{group}.{name}": why
            for group, values in vars(self).items()
            for name, why in unread(values).items()
        }
