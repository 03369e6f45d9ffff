"""The planning gate: what a training comes to, and when it should not begin."""

import pytest

from koki2.data import plan, PlanLimits

# 2 M tokens of 6 MFLOP at 10 GFLOP/s: 1,200 s; 2 a parameter, 2 passes
CASE = dict(
    parameters=1_000_000,
    train_tokens=1_000_000,
    tokens_per_step=1_000,
    steps=2_000,
    flops_per_token=6e6,
    flops_per_second=1e10,
    memory={"parameters": 16e6, "activations": 4e6},
    memory_there=1e9,
)


def test_the_figures_by_hand():
    made = plan(**CASE, overhead_seconds=60.0)
    assert (made.tokens, made.tokens_per_parameter, made.passes) == (2_000_000, 2, 2)
    assert (made.seconds, made.bytes) == (1260, 20e6)
    assert made.lines == (
        "tokens: 2 M in 2,000 steps, 2 a parameter; about 20 give the least loss at a "
        "given cost",
        "passes: 2 over 1 M tokens",
        "time: about 21 minutes",
        "memory: about 20 MB of 1 GB",
    )


@pytest.mark.parametrize(
    "changes, verdict, said",
    [
        ({"parameters": 100_000}, "go", None),
        ({}, "caution", "about 20 give the least loss"),
        (
            {"parameters": 1000, "train_tokens": 499_999},
            "caution",
            "less than new text",
        ),
        ({"train_tokens": 1_999}, "stop", "1,001 passes would learn the text by heart"),
        ({"flops_per_second": 1.9e7}, "stop", "it would take about 7.31 days"),
        (
            {"memory_there": 19e6},
            "stop",
            "20 MB of memory, 16 MB of it for parameters, and there are 19 MB",
        ),
        ({"parameters": 100_000, "flops_per_second": None}, "go", "time: not known"),
        ({"parameters": 100_000, "memory_there": None}, "go", "memory: about 20 MB"),
    ],
)
def test_what_is_unwise_is_said_and_what_cannot_be_stops(changes, verdict, said):
    made = plan(**CASE | changes)
    assert made.verdict == verdict and bool(made.reasons) == (verdict == "stop")
    assert said is None or said in "\n".join(made.lines + made.reasons)


def test_the_limits_are_settings():
    assert plan(**CASE, limits=PlanLimits(tokens_per_parameter=2.0)).verdict == "go"
    assert plan(**CASE, limits=PlanLimits(most_passes=1.5)).verdict == "stop"
    assert plan(**CASE, limits=PlanLimits(most_days=0.01)).verdict == "stop"


def test_no_steps_are_no_training():
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        plan(**CASE | {"steps": 0})
