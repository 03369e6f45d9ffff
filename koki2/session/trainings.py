"""Training at the desk: from a config to its text, its model, and a plan of the work.

config, corpus = prepare(TrainConfig())      reads the text, fills in what it decides
weigh(config, corpus, force=False)           says what it comes to, or refuses it
program, = programs([(config, 0)], corpus)
"""

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from koki2 import data, models, runlog, training
from koki2.core.program import Estimate, Program
from koki2.session import corpora, estimate as estimate_, token_files
from koki2.session.corpora import Corpus
from koki2.session.printing import printable
from koki2.training.configs import TextConfig, TrainConfig

_BASE = 550e6  # bytes: Python, JAX, XLA while it compiles
_COPIES = 8  # of the parameters: gradient, optimiser, best, on their way to disk
_ACTIVATIONS = 24  # numbers kept for each number of the stream, in each block
_COMPILING = 30.0  # seconds
_RATE = 1e10  # FLOP/s, where nothing was measured
_SHARE = 0.35  # of the rate of a product of matrices that a step reaches


def prepare(config: TrainConfig) -> tuple[TrainConfig, Corpus]:
    """Reads the text of a config, and fills in what text and machine decide.

    Args:
      config: its vocabulary is made that of the tokenizer, unless another is given.

    Returns:
      The config with `text.digest`, `model.vocabulary` and a dtype; and the text.

    Raises:
      InputError: a text that cannot be used; no validation text; a vocabulary below
        the tokenizer's; or another text than the run began with.
    """
    with runlog.raising(runlog.InputError):
        config = training.resolve_dtype(config)
    corpus = corpora.read_corpus(
        config.data,
        config.tokenizer,
        block=config.model.block,
        folder=token_files.user_folder(),
    )
    if "validation" not in corpus.parts:
        raise runlog.InputError(
            "validation_share must be above 0, or val_data given: a training is "
            "validated on text that it has not seen."
        )
    name = printable(config.data.data)
    if config.text.digest not in ("", corpus.digest):
        raise runlog.InputError(
            f"{name} must be the text that the run began with (digest "
            f"{config.text.digest[:12]}), but is another (digest "
            f"{corpus.digest[:12]})."
        )
    size, asked = corpus.tokenizer.size, config.model.vocabulary
    if config.text.digest == "" and asked == models.GptConfig().vocabulary:
        asked = size
    if asked < size:
        raise runlog.InputError(
            f"vocabulary must be at least {size}, that of the tokenizer, got {asked}."
        )
    model = dataclasses.replace(config.model, vocabulary=asked)
    text = TextConfig(digest=corpus.digest)
    return dataclasses.replace(config, model=model, text=text), corpus


def build(runs: Sequence[tuple[TrainConfig, int]]) -> list[Program]:
    """Builds a program per config and seed, as the kind of run "train" does.

    Raises:
      InputError: as `prepare`.
      ValueError: configs that differ.
    """
    config, corpus = prepare(runs[0][0])
    if any(other != runs[0][0] for other, _ in runs[1:]):
        raise ValueError("runs of one program must have one config, got several.")
    return programs([(config, seed) for _, seed in runs], corpus)


def programs(runs: Sequence[tuple[TrainConfig, int]], corpus: Corpus) -> list[Program]:
    """Builds a program per config and seed from a text that was read.

    Args:
      runs: config, as `prepare` made it, and seed of each.
      corpus: the text.
    """
    text = training.Text(
        train=corpus.parts["train"].tokens,
        validation=corpus.parts["validation"].tokens,
        decode=decoder(corpus.tokenizer),
        floor=corpus.floors.get("validation"),
    )
    spec = json.dumps(dict(corpus.tokenizer.spec), sort_keys=True).encode()
    tokenizer = {"tokenizer": {"spec": np.frombuffer(spec, np.uint8)}}
    with_tokenizer = lambda artifacts: lambda carry: artifacts(carry) | tokenizer
    return [
        program._replace(artifacts=with_tokenizer(program.artifacts))
        for program in training.build_many(runs, text)
    ]


def decoder(tokenizer: data.Tokenizer) -> Callable[[np.ndarray], str]:
    """Builds tokens -> text; what is no UTF-8, and no token, is shown as U+FFFD."""
    lost = "\N{REPLACEMENT CHARACTER}".encode()

    def decode(tokens: np.ndarray) -> str:
        numbers = np.asarray(tokens).tolist()
        known = lambda token: token < tokenizer.size
        if all(map(known, numbers)):
            return tokenizer.decode(numbers).decode("utf-8", "replace")
        pieces = [tokenizer.decode([n]) if known(n) else lost for n in numbers]
        return b"".join(pieces).decode("utf-8", "replace")

    return decode


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


def weigh(
    config: TrainConfig, corpus: Corpus, rate: float | None, *, force: bool = False
) -> data.Plan:
    """Says what a training comes to, before its first step.

    Args:
      config: as `prepare` made it.
      corpus: its text.
      rate: FLOP/s that products of matrices reach here; None: not known.
      force: let all pass.

    Raises:
      InputError: it should not be begun, unless `force`.
    """
    steps, model = config.training, config.model
    tokens = steps.batch * steps.grad_accum * model.block
    made = data.plan(
        parameters=models.count_parameters(model).total,
        train_tokens=len(corpus.parts["train"].tokens),
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


def provenance(values: dict[str, Any]) -> dict[str, Any]:
    """Where settings came from, once `prepare` filled in what text and machine say."""
    filled = {"text.digest": "text"}
    for name, source in (("model.vocabulary", "text"), ("training.dtype", "machine")):
        if values.get(name) == "default":
            filled[name] = source
    return values | filled
