"""The same bits, however the process is set up: devices, threads, flags, caches."""

import os
import pathlib
import subprocess
import sys

import pytest
from bits import assert_same_bits
from tiny_run import CONFIG

from koki2.evolution import build, build_many

RUN = pathlib.Path(__file__).with_name("tiny_run.py")
SMALL_LOOPS = (
    "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=2000000000"
)
DEVICES = "--xla_force_host_platform_device_count="


def digest(*words: str, **changes: str) -> str:
    """What `tiny_run` prints of a search, in a process of its own."""
    root = str(RUN.parents[2])
    environment = {**os.environ, "XLA_FLAGS": "", "PYTHONPATH": root, **changes}
    said = subprocess.run(
        [sys.executable, str(RUN), *words],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return said.split()[0]


@pytest.fixture(scope="module")
def plain():
    return digest()


SETUPS = {
    "as the command line does": dict(XLA_FLAGS=f"{SMALL_LOOPS} {DEVICES}2"),
    "eight threads": dict(NPROC="8"),
    "four devices": dict(XLA_FLAGS=f"{DEVICES}4"),
    "small loops only": dict(XLA_FLAGS=SMALL_LOOPS),
}
QUICK = ["as the command line does"]


@pytest.mark.parametrize(
    "setup",
    [pytest.param(s, marks=[pytest.mark.slow] * (s not in QUICK)) for s in SETUPS],
)
def test_devices_threads_and_fast_flags_change_no_bit(plain, setup):
    assert digest(**SETUPS[setup]) == plain


def test_an_archive_is_the_same_on_one_device_and_sharded_over_four():
    one, four = (digest("--qd", XLA_FLAGS=f"{DEVICES}{n}") for n in (1, 4))
    assert one == four


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux only")
def test_nor_does_a_single_core_nor_a_cold_nor_a_warm_cache(plain, tmp_path):
    cache = str(tmp_path)
    assert digest("--cache", cache, "--one-core") == plain
    assert any(tmp_path.iterdir()), "nothing was cached"
    assert digest("--cache", cache) == plain


def test_a_plastic_seed_has_the_same_bits_alone_and_in_a_batch():
    alone = build(CONFIG, 4)
    _, batched = build_many(CONFIG, [3, 4])  # other wirings: theirs is data
    ours, theirs = alone.init(), batched.init()
    for _ in range(2):
        (ours, rows), (theirs, rows_too) = (
            alone.chunk(ours, 4),
            batched.chunk(theirs, 4),
        )
        assert_same_bits(rows, rows_too)
    assert_same_bits(ours, theirs)
