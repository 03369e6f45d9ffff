"""The check of all kernels: what it says where there is no GPU, and what it catches."""

import json

import jax
import jax.numpy as jnp
import pytest

from koki2.kernels import cases
from koki2.kernels.dispatch import no_hopper, no_mosaic
from tools import kernels_check

needs_no_gpu = pytest.mark.skipif(no_hopper() is None, reason="there is a Hopper GPU")
needs_mosaic = pytest.mark.skipif(no_mosaic() is not None, reason=str(no_mosaic()))
TINY = next(c for c in cases.CASES if c.op == "correlation")


@needs_no_gpu
def test_without_a_gpu_it_says_so_checks_what_it_can_and_is_content(capsys):
    assert kernels_check.main(["correlation", "--quick", "--seed", "1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("NO KERNEL WAS RUN OR TIMED HERE: ")
    assert "\ncorrelation/tiny-64 " in said
    assert said.endswith("2 checks, all well\n")


@needs_no_gpu
@needs_mosaic
def test_a_kernel_that_is_wrong_is_named_and_fails_the_check(monkeypatch, capsys):
    def wrong(*inputs, implementation):
        out = TINY.function(*inputs, implementation="reference")
        if implementation == "reference":
            return out
        return out * 1.001

    monkeypatch.setattr(cases, "CASES", (TINY._replace(function=wrong, wrt=()),))
    monkeypatch.setattr(kernels_check, "incomplete", lambda some: [])
    assert kernels_check.main(["--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    (problem,) = said["problems"]
    assert problem.startswith("correlation/tiny-64 forward: error 0.001")
    (row,) = said["rows"]
    assert row["error"] == pytest.approx(1e-3, rel=0.01) and row["seconds"] is None


def test_kernels_without_cases_are_found():
    assert kernels_check.incomplete(cases.CASES) == []
    some = [c for c in cases.CASES if (c.op, c.use) != ("attention", "bench")]
    assert kernels_check.incomplete(some) == ["attention has no bench case"]
    stray = TINY._replace(op="stray")
    assert "stray has cases and no kernel" in kernels_check.incomplete([stray])


def test_operations_are_those_of_the_formula():
    """2 products per pair and position, half the pairs; 2 per two rows and column."""
    of = lambda op, name: next(c for c in cases.CASES if (c.op, c.name) == (op, name))
    count = kernels_check.work(of("attention", "tiny-causal"), "forward")
    assert count == 4 * 1 * 128**2 * 2 * 16 / 2
    assert kernels_check.work(TINY, "forward") == 2 * 192 * 64**2
    assert jax.tree.map(kernels_check.wider, jnp.int32(1)).dtype == jnp.int32
