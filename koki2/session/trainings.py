"""Training at the desk: from a config to its text, its model, and a plan of the work.

config, corpus = prepare(TrainConfig())      reads the text, fills in what it decides
weigh(config, corpus, force=False)           says what it comes to, or refuses it
program, = programs([(config, 0)], corpus)
"""

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from koki2 import data, models, runlog, training
from koki2.core.numbers import shape
from koki2.core.program import Program
from koki2.runlog import digests
from koki2.session import corpora, token_files
from koki2.session.corpora import Corpus
from koki2.session.printing import printable
from koki2.training.configs import TrainConfig


class Prepared(NamedTuple):
    """A training of which all that it reads was found in order."""

    config: TrainConfig
    """With the digests of what was read, a vocabulary and a dtype."""
    corpus: Corpus
    start: Callable[[], Any] | None = None
    """Gives the parameters that it begins with; None draws them."""


def prepare(config: TrainConfig) -> Prepared:
    """Reads what a config names, and fills in what text and machine decide.

    Args:
      config: its vocabulary is made that of the tokenizer, unless another is given.

    Raises:
      InputError: a text that cannot be used; no validation text; a vocabulary below
        the tokenizer's; another text than the run began with; or a run to begin from
        that has no such model.
    """
    with runlog.raising(runlog.InputError):
        config = training.resolve_dtype(config)
    start = None
    if config.training.init_from is not None:
        config, start = _begin_from(config, config.training.init_from)
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
    known = config.inputs.text_digest
    if known not in ("", corpus.digest):
        raise runlog.InputError(
            f"{printable(config.data.data)} must be the text that the run began with "
            f"(digest {known[:12]}), but is another (digest {corpus.digest[:12]})."
        )
    size, asked = corpus.tokenizer.size, config.model.vocabulary
    if known == "" and start is None and asked == models.GptConfig().vocabulary:
        asked = size
    if asked < size:
        raise runlog.InputError(
            f"vocabulary must be at least {size}, that of the tokenizer, got {asked}."
        )
    model = dataclasses.replace(config.model, vocabulary=asked)
    inputs = dataclasses.replace(config.inputs, text_digest=corpus.digest)
    config = dataclasses.replace(config, model=model, inputs=inputs)
    return Prepared(config, corpus, start)


def _begin_from(
    config: TrainConfig, path: str
) -> tuple[TrainConfig, Callable[[], Any]]:
    """The config with the model of a run, and what reads its parameters."""
    from koki2.session.trained import read_trained  # which reads texts by this module

    def read() -> Any:
        found = read_trained(path)
        digest = _params_digest(found.params)
        if digest != config.inputs.init_digest:
            raise runlog.InputError(
                f"{printable(path)} must have the model that the run began with "
                f"(digest {config.inputs.init_digest[:12]}), but has another (digest "
                f"{digest[:12]})."
            )
        return found.params

    if config.inputs.init_digest:
        return config, read
    found = read_trained(path)
    theirs = dataclasses.replace(found.config.model, dropout=config.model.dropout)
    usual = models.GptConfig()
    for name, value in vars(config.model).items():
        if value not in (getattr(usual, name), getattr(theirs, name)):
            raise runlog.InputError(
                f"{name} must be {getattr(theirs, name)}, as in {printable(path)}, got "
                f"{value}."
            )
    if config.tokenizer != found.config.tokenizer:
        raise runlog.InputError(
            f"tokenizer must be as in {printable(path)}: "
            f"{found.config.tokenizer.tokenizer}, got {config.tokenizer.tokenizer}."
        )
    inputs = dataclasses.replace(
        config.inputs, init_digest=_params_digest(found.params)
    )
    return dataclasses.replace(
        config, model=theirs, inputs=inputs
    ), lambda: found.params


def _params_digest(params: Any) -> str:
    import jax

    return digests.of_arrays(jax.tree.leaves(jax.device_get(params)))


def build_trainings(runs: Sequence[tuple[TrainConfig, int]]) -> list[Program]:
    """Builds a program per config and seed; they share what is compiled.

    Args:
      runs: config and seed of each; the configs differ only in numbers that are data
        (`core.numbers`). The text is read.

    Raises:
      InputError: as `prepare`.
      ValueError: configs that differ in more.
    """
    first = runs[0][0]
    if any(shape(config) != shape(first) for config, _ in runs[1:]):
        raise ValueError(
            "configs of one program must differ only in numbers that are traced, got "
            "others, too."
        )
    prepared = prepare(first)
    rated = [
        (dataclasses.replace(prepared.config, optimizer=config.optimizer), seed)
        for config, seed in runs
    ]
    return programs(prepared, rated)


def programs(
    prepared: Prepared, runs: Sequence[tuple[TrainConfig, int]]
) -> list[Program]:
    """Builds a program per config and seed from what was read.

    Args:
      prepared: by `prepare`.
      runs: config, which is that of `prepared` but for its rates, and seed of each.
    """
    tokenizer = {"tokenizer": {"spec": _spec_bytes(prepared.corpus.tokenizer)}}
    with_tokenizer = lambda artifacts: lambda carry: artifacts(carry) | tokenizer
    return [
        program._replace(artifacts=with_tokenizer(program.artifacts))
        for program in training.build_many(runs, text_of(prepared), prepared.start)
    ]


def text_of(prepared: Prepared) -> "training.Text":
    """The tokens of a text, as a training takes them."""
    corpus = prepared.corpus
    return training.Text(
        train=corpus.parts["train"].tokens,
        validation=corpus.parts["validation"].tokens,
        decode=decoder(corpus.tokenizer),
        floor=corpus.floors.get("validation"),
    )


def _spec_bytes(tokenizer: data.Tokenizer) -> np.ndarray:
    spec = json.dumps(dict(tokenizer.spec), sort_keys=True).encode()
    return np.frombuffer(spec, np.uint8)


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


def first_losses(prepared: Prepared, seed: int) -> dict[str, float]:
    """Evaluates the model that a training would begin with: train_loss and val_loss.

    Args:
      prepared: by `prepare`.
      seed: of the run; of its evaluations too.
    """
    config, start = prepared.config, prepared.start
    return training.first_losses(
        training.model_of(config),
        text_of(prepared),
        training.recipe_of(config),
        seed=seed,
        params=None if start is None else start(),
    )


def provenance(values: dict[str, Any]) -> dict[str, Any]:
    """Where settings came from, once `prepare` filled in what text and machine say."""
    filled = {"model.vocabulary": "text", "training.dtype": "machine"}
    kept = {n: s for n, s in filled.items() if values.get(n) == "default"}
    return values | kept | {"inputs.text_digest": "text", "inputs.init_digest": "text"}
