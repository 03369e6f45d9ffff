"""Trainings small enough for quick tests: a model of pairs of tokens, a text, a config.

The model of pairs is a table of logits, so that its loss and gradient can be worked out
on paper, and it compiles at once.
"""

import jax
import jax.numpy as jnp
import numpy as np

from koki2 import data, models, training
from koki2.session import corpora

V = 8  # tokens that there are
TOKENS = np.tile(np.arange(V, dtype=np.uint8), 40)
TEXT = training.Text(train=TOKENS, validation=TOKENS[:64])
NAME = "tiny corpus"


def pairs() -> models.Model:
    """logits = table[token] + bias, all zero at first: a loss of log 8."""
    apply = lambda params, tokens, **_: (
        params["table"][tokens] + params["bias"][None, None]
    )
    return models.Model(
        init=lambda key: {"table": jnp.zeros((V, V)), "bias": jnp.zeros(V)},
        apply=apply,
        loss=models.with_loss(apply),
        vocabulary=V,
        block=4,
    )


def recipe(iters=10, optimizer=None, **values) -> training.Recipe:
    """Of a training of `pairs`: every value of `TrainingConfig` may be given."""
    values = {"batch": 2, "metrics_interval": 4, "checkpoint_every": 4} | values
    return training.Recipe(
        optimizer or training.OptimizerConfig(lr=0.1),
        training.TrainingConfig(iters=iters, **values),
        training.EvaluationConfig(eval_interval=3, eval_iters=2, sample_tokens=0),
    )


def config(iters=10, **groups) -> training.TrainConfig:
    """Of a run of the smallest GPT on the text NAME, which is registered here."""
    corpora.register_corpus(NAME, _documents, replace=True)
    return training.TrainConfig(
        **{
            "data": data.DataConfig(data=NAME, validation_share=0.2, test_share=0.1),
            "model": models.GptConfig(block=4, layers=1, heads=1, dim=4, dropout=0.1),
            "training": training.TrainingConfig(
                iters=iters,
                batch=4,
                microbatch=2,
                metrics_interval=4,
                checkpoint_every=4,
            ),
            "evaluation": training.EvaluationConfig(
                eval_interval=4, eval_iters=2, sample_tokens=3
            ),
        }
        | groups
    )


def _documents():
    words = np.random.default_rng(0).choice([b"to ", b"be ", b"or ", b"not "], 400)
    return [b"".join(words[i : i + 20]) for i in range(0, 400, 20)]


def key_of(seed=0):
    return jax.random.key(seed)
