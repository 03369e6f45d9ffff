"""What a language model is worth on text that it never saw: losses, with intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from koki2 import measures, runlog, training
from koki2.session import corpora, trained as trained_
from koki2.session.trained import Trained

BUCKETS = ("short", "medium", "long")
"""Thirds of the documents, by their length in tokens."""
_SAMPLES, _SAMPLE = 4, 256  # texts that are drawn, and tokens of each


def held_out_documents(trained: Trained, name: str | None) -> list[bytes]:
    """The documents of a text; None: those that the run held out for the end.

    Raises:
      InputError: there is no such text, or the run held nothing out.
    """
    config = trained.config
    if name is not None:
        return corpora.read_named(name, config.data)
    parts = corpora.read_parts(config.data)
    if not parts.test:
        raise runlog.InputError(
            "--data must name a text, for this run held out nothing for the end."
        )
    return list(parts.test)


def evaluate(trained: Trained, documents: Sequence[bytes]) -> dict[str, Any]:
    """Evaluates a model on documents, each read by itself.

    Args:
      trained: the model.
      documents: at least one that is not blank.

    Returns:
      loss (nats a token), perplexity and bits_per_byte, each with the ends of its 95%
      interval over documents, where there are two or more; the loss of short, medium
      and long documents; and the repeat rates of texts that it draws, and of these.

    Raises:
      InputError: characters that the tokenizer has no tokens for.
    """
    tokenizer = trained.tokenizer
    with runlog.raising(runlog.InputError):
        texts = [text for text in documents if text.strip()]
        tokens = [tokenizer.encode(text) for text in texts]
        newline = int(tokenizer.encode(b"\n")[-1])
    before = newline if tokenizer.end is None else tokenizer.end
    losses = training.document_losses(
        trained.model, trained.params, tokens, before=before
    )
    sizes = np.array([len(text) for text in texts])
    loss = _ratio(losses.nats, losses.tokens)
    bits = _ratio(losses.nats / np.log(2), sizes)
    return {
        "documents": len(texts),
        "tokens": int(losses.tokens.sum()),
        "bytes": int(sizes.sum()),
        "loss": loss,
        "perplexity": {name: float(np.exp(value)) for name, value in loss.items()},
        "bits_per_byte": bits,
        "buckets": _buckets(losses.nats, losses.tokens),
        "repeats": _repeats(trained, tokens),
    }


def _ratio(sums: np.ndarray, counts: np.ndarray) -> dict[str, float]:
    """Sum by count over all documents, and its interval: of the ratio, linearised."""
    from koki2.reports import statistics  # SciPy, which no help needs

    ratio = float(sums.sum() / counts.sum())
    if len(sums) < 2:
        return {"mean": ratio}
    found = statistics.interval(ratio + (sums - ratio * counts) / counts.mean())
    return {name: float(found[name]) for name in ("mean", "low", "high")}


def _buckets(nats: np.ndarray, tokens: np.ndarray) -> dict[str, Any]:
    order = np.argsort(tokens, kind="stable")
    found = {}
    for name, some in zip(BUCKETS, np.array_split(order, len(BUCKETS)), strict=True):
        if len(some):
            found[name] = {
                "documents": len(some),
                "longest": int(tokens[some].max()),
                "loss": _ratio(nats[some], tokens[some]),
            }
    return found


def _repeats(
    trained: Trained, tokens: Sequence[np.ndarray]
) -> dict[str, dict[str, float]]:
    """3- and 4-gram repeat rates: of what the model draws, and of as long pieces."""
    encode = trained.tokenizer.encode
    drawn = [
        encode(b"".join(trained_.draw_text(trained, b"\n", _SAMPLE, seed)))
        for seed in range(_SAMPLES)
    ]
    theirs = [text[:_SAMPLE] for text in tokens if len(text) >= _SAMPLE][:_SAMPLES]
    rate = lambda texts, n: float(
        np.mean([measures.repeat_rate(text.tolist(), n) for text in texts])
    )
    found = {"drawn": {str(n): rate(drawn, n) for n in (3, 4)}}
    if theirs:
        found["held_out"] = {str(n): rate(theirs, n) for n in (3, 4)}
    return found
