"""The learning rate of a step, in numbers that can be worked out on paper."""

import jax.numpy as jnp
import pytest

from koki2.training import learning_rate

NANO = {"warmup": 100, "decay": 2000}


@pytest.mark.parametrize(
    ("step", "rate"),
    [
        (0, 1e-3 / 101),  # nanoGPT: (it + 1) / (warmup_iters + 1)
        (99, 1e-3 * 100 / 101),
        (100, 1e-3),
        (575, 1e-4 + 9e-4 * (1 + 0.5**0.5) / 2),  # a quarter of the way down
        (1050, 5.5e-4),  # half of it: the mean of both
        (2000, 1e-4),
        (5000, 1e-4),
    ],
)
def test_the_rate_of_nanogpts_recipe(step, rate):
    found = learning_rate(jnp.int32(step), 1e-3, 1e-4, **NANO)
    assert float(found) == pytest.approx(rate, rel=1e-5)


def test_without_a_warm_up_the_first_step_has_the_whole_rate():
    assert float(learning_rate(jnp.int32(0), 0.5, 0.1, warmup=0, decay=10)) == 0.5


def test_a_warm_up_longer_than_the_run_never_falls():
    rates = [
        float(learning_rate(jnp.int32(t), 1.0, 0.1, warmup=500, decay=100))
        for t in (0, 50, 99)
    ]
    assert rates == pytest.approx([1 / 501, 51 / 501, 100 / 501])
