"""A training run as a program: evaluations, the best model, divergence, slices."""

import dataclasses
import json

import jax.numpy as jnp
import numpy as np
import pytest
import tiny_training
from bits import assert_same_bits

from koki2.core.program import DivergedError, is_at_end
from koki2.session import driver, slices
from koki2.training import OptimizerConfig, Text, train

MODEL = tiny_training.pairs()


def ended(program, cut=None):
    """The rows of a program by stream, and its last state."""
    rows, end = {}, None
    for chunk, carry in driver.chunks(program, program.init(), cut=cut):
        end = carry
        for name, more in chunk.rows.items():
            rows.setdefault(name, []).extend(more)
    return rows, end


@pytest.fixture(scope="module")
def run():
    """Ten steps, evaluated every third, in segments that never end together."""
    program = train(MODEL, tiny_training.TEXT, tiny_training.recipe())
    return (program, *ended(program))


def test_the_model_is_evaluated_first_every_interval_and_last(run):
    _, rows, _ = run
    assert [row["step"] for row in rows["evaluations"]] == [0, 3, 6, 9, 10]
    assert rows["evaluations"][0]["val_loss"] == pytest.approx(np.log(8), rel=1e-6)
    told = {
        row["step"]: row["val_loss"] for row in rows["metrics"] if "val_loss" in row
    }
    assert [*told] == [2, 5, 8, 9]
    later = rows["evaluations"][1:]
    assert [*told.values()] == [row["val_loss"] for row in later]


def test_dear_metrics_are_absent_where_they_are_not_due(run):
    _, rows, _ = run
    for name in ("grad_norm_table", "weight_norm_table"):
        assert [r["step"] for r in rows["metrics"] if name in r] == [3, 7]
    columns = [row.keys() for row in rows["metrics"]]
    assert "clip_coef" in columns[0] and "clipped_share" in columns[0]


def test_the_loss_falls_and_tokens_are_counted(run):
    _, rows, _ = run
    assert rows["metrics"][-1]["loss"] < rows["metrics"][0]["loss"] - 0.3
    assert [row["tokens"] for row in rows["metrics"]] == [8 * n for n in range(1, 11)]


def test_evaluation_is_on_the_same_batches_each_time():
    """A rate of almost nothing leaves the model, and so its losses, as they were."""
    still = OptimizerConfig(lr=1e-30, min_lr=0.0)
    rows, _ = ended(
        train(MODEL, tiny_training.TEXT, tiny_training.recipe(optimizer=still))
    )
    losses = {(r["train_loss"], r["val_loss"]) for r in rows["evaluations"]}
    assert len(losses) == 1


@pytest.mark.parametrize("units", [1, 3])
def test_slices_change_no_bit(run, units):
    program, rows, end = run
    others, other = ended(program, slices.fixed(units))
    assert others == rows
    assert_same_bits(program.pack(other), program.pack(end))


def test_the_best_model_and_the_last_are_kept_apart():
    """What is validated on is all that training unlearns."""
    text = Text(tiny_training.TOKENS, tiny_training.TOKENS[:64][::-1].copy())
    program = train(MODEL, text, tiny_training.recipe())
    rows, end = ended(program)
    first, last = rows["evaluations"][0], rows["evaluations"][-1]
    assert last["val_loss"] > first["val_loss"] + 0.1
    assert (last["best_step"], last["best_val_loss"]) == (0, first["val_loss"])
    kept = program.artifacts(end)
    assert not kept["best_model"]["['table']"].any()
    assert kept["last_model"]["['table']"].any()


def test_a_run_without_patience_ends_early_and_is_complete():
    """The validation text is unlearnt from the first step: it has two more chances."""
    text = Text(tiny_training.TOKENS, tiny_training.TOKENS[:64][::-1].copy())
    recipe = tiny_training.recipe()
    evaluation = dataclasses.replace(recipe.evaluation, patience=2)
    program = train(MODEL, text, recipe._replace(evaluation=evaluation))
    rows, end = ended(program)
    assert len(rows["metrics"]) == 6 and end is not None
    assert is_at_end(program, program.unpack(program.pack(end)))


def test_a_run_may_begin_with_given_parameters():
    params = {"table": jnp.eye(8), "bias": jnp.ones(8)}
    begun = train(MODEL, tiny_training.TEXT, tiny_training.recipe(), params=params)
    kept = begun.artifacts(begun.init())["last_model"]
    assert (kept["['table']"] == np.eye(8)).all()


def test_a_run_that_stays_not_finite_ends_and_has_no_state_to_save():
    broken = MODEL._replace(loss=lambda *args: MODEL.loss(*args) * jnp.nan)
    recipe = tiny_training.recipe(iters=60, metrics_interval=30, checkpoint_every=60)
    program = train(broken, tiny_training.TEXT, recipe)
    with pytest.raises(DivergedError, match="50 steps in a row, within 60 steps"):
        ended(program)


def test_a_text_on_the_host_gives_the_steps_of_one_on_the_device(monkeypatch, run):
    from koki2.training import engine

    _, rows, _ = run
    there = engine.batches
    off = lambda tokens, **sizes: there(tokens, **sizes, limit=0)
    monkeypatch.setattr(engine, "batches", off)
    program = train(MODEL, tiny_training.TEXT, tiny_training.recipe())
    assert ended(program)[0] == rows


def test_rows_are_plain_json(run):
    _, rows, _ = run
    assert json.loads(json.dumps(rows)) == rows


def test_a_text_shorter_than_a_block_is_refused():
    text = tiny_training.TEXT._replace(validation=np.arange(4, dtype=np.uint8))
    with pytest.raises(ValueError, match="validation text must be longer than a block"):
        train(MODEL, text, tiny_training.recipe())


def test_runs_of_one_program_differ_in_seed_and_rate_alone(run):
    from koki2.training import train_many

    slow = tiny_training.recipe(optimizer=OptimizerConfig(lr=0.01))
    runs = [(tiny_training.recipe(), 0), (tiny_training.recipe(), 1), (slow, 0)]
    rows = [
        ended(program)[0] for program in train_many(MODEL, tiny_training.TEXT, runs)
    ]
    assert rows[0] == run[1] and rows[0] != rows[1]
    assert rows[2] == ended(train(MODEL, tiny_training.TEXT, slow))[0] != rows[0]
    other = tiny_training.recipe(batch=4)
    with pytest.raises(ValueError, match="must differ only in numbers"):
        train_many(MODEL, tiny_training.TEXT, [*runs, (other, 0)])
