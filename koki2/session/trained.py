"""Trained models: what a run of `koki2 train` learnt, read back to be used."""

import functools
import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from koki2 import data, models, runlog, training
from koki2.runlog import checkpoint, folder
from koki2.session import folders, trainings
from koki2.training.configs import TrainConfig

Which = Literal["best", "last"]
_PIECE = 16  # tokens that are drawn at once


class Trained(NamedTuple):
    """A model, its parameters, and in which tokens it reads."""

    config: TrainConfig
    model: "models.Model"  # a text, for help needs no JAX
    params: Any
    tokenizer: data.Tokenizer
    step: int
    """Steps after which the parameters were as they are; -1: not known."""


def read_trained(path: str | pathlib.Path, which: Which = "best") -> Trained:
    """Reads the model of a run, complete or not.

    Args:
      path: the run folder.
      which: the parameters that did best on the validation text, or the last.

    Raises:
      InputError: no such folder, a run of another kind, or no checkpoint yet.
      BrokenRunError: it is damaged.
    """
    run = folders.read_folder(path)
    if run.kind.name != "train":
        raise runlog.InputError(
            f"a model must be of a run of koki2 train; {path} is one of koki2 "
            f"{run.kind.name}."
        )
    import jax

    from koki2.core.trees import unpack

    config: TrainConfig = run.config
    model = training.model_of(config)
    like = jax.eval_shape(model.init, jax.random.key(0))
    summary = runlog.read_summary(path)
    if summary is None:
        corpus = trainings.prepare(config).corpus
        params, step = _newest(run.path, which, like)
        return Trained(config, model, params, corpus.tokenizer, step)
    misfit = f"{which}_model of {path} should fit its config, but "
    with runlog.raising(runlog.BrokenRunError, misfit):
        params = unpack(like, runlog.read_artifact(path, f"{which}_model"))
    spec = runlog.read_artifact(path, "tokenizer")
    with runlog.raising(runlog.BrokenRunError, f"the tokenizer of {path}: "):
        tokenizer = data.restore_tokenizer(json.loads(spec["spec"].tobytes()))
    return Trained(config, model, params, tokenizer, -1)


def _newest(path: pathlib.Path, which: Which, like: Any) -> tuple[Any, int]:
    """The parameters in the newest checkpoint, and its step."""
    found = checkpoint.load_newest(path / folder.CHECKPOINTS)
    if found is None:
        raise runlog.InputError(
            f"{path} has no model yet: it is not complete and has no checkpoint."
        )
    name = ".best.weights" if which == "best" else ".train.weights"
    layout = training.flat(like)
    weights = found.arrays.get(name)
    if weights is None or weights.shape != (layout.size,):
        raise runlog.BrokenRunError(
            f"the checkpoint of {path} should hold {layout.size} numbers {name}."
        )
    import jax.numpy as jnp

    return layout.unravel(jnp.asarray(weights)), found.step


def draw_text(
    trained: Trained,
    prompt: bytes,
    count: int,
    seed: int,
    *,
    temperature: float = 0.8,
    top_k: int | None = None,
) -> Iterator[bytes]:
    """Gives what a model makes of a prompt, piece by piece; the prompt is not in it.

    It ends where the model ends the text, or after so many tokens.

    Args:
      trained: the model.
      prompt: at least one byte.
      count: tokens at most.
      seed: of the draws: the same text each time.
      temperature: what logits are divided by; 0 takes the likeliest token.
      top_k: draw only among so many of the likeliest; None: among all.

    Raises:
      InputError: a prompt in which there is something that the tokenizer has no tokens
        for, or none at all.
    """
    import jax
    import jax.numpy as jnp

    from koki2.models.generation import pad

    with runlog.raising(runlog.InputError):
        tokens = trained.tokenizer.encode(prompt)
        window = pad(jnp.asarray(tokens, jnp.int32), trained.model.block)
    key = jax.random.key(seed)
    begin, proceed = _compiled(trained.model, temperature, top_k)
    return _pieces(trained, begin(trained.params, *window), count, key, proceed)


def _pieces(
    trained: Trained,
    begun: Any,
    count: int,
    key: Any,
    proceed: Callable[..., Any],
) -> Iterator[bytes]:
    import jax

    tokenizer = trained.tokenizer
    left = count
    while left > 0:
        begun, drawn = proceed(trained.params, begun, key)
        piece = jax.device_get(drawn)[:left].tolist()
        left -= len(piece)
        if tokenizer.end in piece:
            piece, left = piece[: piece.index(tokenizer.end)], 0
        yield b"".join(
            tokenizer.decode([n]) if n < tokenizer.size else b"" for n in piece
        )


@functools.lru_cache(maxsize=4)
def _compiled(
    model: "models.Model", temperature: float, top_k: int | None
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What reads a prompt, and what draws a piece after it; compiled once a model."""
    import jax

    from koki2.models.generation import read_prompt

    proceed = lambda params, text, key: models.proceed(
        model, params, text, _PIECE, key, temperature=temperature, top_k=top_k
    )
    return jax.jit(functools.partial(read_prompt, model)), jax.jit(proceed)
