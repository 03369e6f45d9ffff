"""The planning gate of a training: what it comes to, before its first step.

weigh(trainings.prepare(config), machine.product_rate()).lines
"""

from collections.abc import Callable

from koki2 import data, models, runlog
from koki2.core.program import Estimate
from koki2.session import estimate as estimate_
from koki2.session.trainings import Prepared
from koki2.training.configs import TrainConfig

_BASE = 550e6  # bytes: Python, JAX, XLA while it compiles
_COPIES = 8  # of the parameters: gradient, optimiser, best, on their way to disk
_ACTIVATIONS = 24  # numbers kept for each number of the stream, in each block
_COMPILING = 30.0  # seconds
_RATE = 1e10  # FLOP/s, where nothing was measured
_SHARE = 0.35  # of the rate of a product of matrices that a step reaches


def estimate(config: TrainConfig, runs: int = 1) -> Estimate:
    """Estimates the peak of memory and the duration of runs of one config.

    Args:
      config: the vocabulary of its model counts, not that of its tokenizer.
      runs: how many seeds one process is to run, one after the other.

    Example:
      >>> estimate(TrainConfig()).peak < 1e9
      True
    """
    model, steps = config.model, config.training
    parameters = models.count_parameters(model).total
    tokens = steps.microbatch_size * model.block
    attention = model.heads * model.block  # numbers of a token, in each block
    kept = 1 if steps.remat else model.layers
    width = _ACTIVATIONS * model.dim + 2 * model.up_width + 3 * attention
    parts = {
        "Python and JAX": _BASE,
        "the parameters": 4.0 * _COPIES * parameters,
        "the activations": 4.0 * tokens * width * kept,
        "the logits": 4.0 * 3 * tokens * model.vocabulary,
    }
    settings = {
        "Python and JAX": "nothing",
        "the parameters": "layers, dim",
        "the activations": "batch, block, layers, dim",
        "the logits": "batch, block, vocabulary",
    }
    flops = training_flops(config)
    return Estimate(parts, settings, _COMPILING + runs * flops / _RATE)


def training_flops(config: TrainConfig) -> float:
    """Floating-point operations of all steps of a run, evaluations included."""
    model, steps = config.model, config.training
    each = models.count_flops(model)
    windows = steps.batch * steps.grad_accum
    batches = 2 * config.evaluation.eval_iters * steps.microbatch_size
    evaluations = steps.iters // config.evaluation.eval_interval + 2
    return float(
        each.training * windows * steps.iters + each.forward * batches * evaluations
    )


def weigh(prepared: Prepared, rate: float | None, *, force: bool = False) -> data.Plan:
    """Says what a training comes to, before its first step.

    Args:
      prepared: by `prepare`.
      rate: FLOP/s that products of matrices reach here; None: not known.
      force: let all pass.

    Raises:
      InputError: it should not be begun, unless `force`.
    """
    config = prepared.config
    steps, model = config.training, config.model
    tokens = steps.batch * steps.grad_accum * model.block
    made = data.plan(
        parameters=models.count_parameters(model).total,
        train_tokens=len(prepared.corpus.parts["train"].tokens),
        tokens_per_step=tokens,
        steps=steps.iters,
        flops_per_token=training_flops(config) / (steps.iters * tokens),
        flops_per_second=None if rate is None else _SHARE * rate,
        memory=estimate(config).parts,
        memory_there=estimate_.memory(),
        overhead_seconds=_COMPILING,
    )
    if made.verdict == "stop" and not force:
        reasons = "; ".join(made.reasons)
        raise runlog.InputError(f"{reasons}; --force starts it all the same.")
    return made


def share_of_peak(
    config: TrainConfig, rate: float | None
) -> Callable[[float], float] | None:
    """Builds tokens a second -> share of the rate of products; None: not known.

    Args:
      config: of the training.
      rate: FLOP/s that products of matrices reach here.
    """
    if rate is None:
        return None
    each = models.count_flops(config.model).training / config.model.block
    return lambda tokens_per_second: tokens_per_second * each / rate
