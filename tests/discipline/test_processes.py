"""The same bits, however the process is set up: devices, threads, flags, caches."""

import os
import pathlib
import subprocess
import sys

import jax
import pytest
from bits import assert_same_bits
from tiny_run import CONFIG

from koki2.evolution import evolve, evolve_many

RUN = pathlib.Path(__file__).with_name("tiny_run.py")
SMALL_LOOPS = (
    "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=2000000000"
)
DEVICES = "--xla_force_host_platform_device_count="


def digest(*words: str, flags: str = "", **changes: str) -> str:
    """What `tiny_run` prints of a search, in a process of its own."""
    root = str(RUN.parents[2])
    environment = {**os.environ, "XLA_FLAGS": flags, "PYTHONPATH": root, **changes}
    command = [sys.executable, str(RUN), *words]
    said = subprocess.check_output(command, env=environment, text=True)
    return said.split()[0]


@pytest.fixture(scope="module")
def plain():
    return digest()


@pytest.mark.parametrize("devices", [2, 4])
def test_devices_and_fast_flags_change_no_bit(plain, devices):
    assert digest(flags=f"{SMALL_LOOPS} {DEVICES}{devices}") == plain


def test_threads_change_no_bit(plain):
    assert digest(NPROC="1") == plain


def test_a_cold_and_a_warm_cache_give_the_same_bits(plain, tmp_path):
    assert digest(str(tmp_path)) == plain
    assert any(tmp_path.iterdir()), "nothing was cached"
    assert digest(str(tmp_path)) == plain


def test_a_seed_has_the_same_bits_alone_and_in_a_batch():
    alone = evolve(CONFIG, 4)
    _, batched = evolve_many(CONFIG, [3, 4])  # other wirings: theirs is data
    ours, theirs = alone.init(), batched.init()
    for _ in range(2):
        (ours, rows), (theirs, rows_too) = alone.chunk(ours), batched.chunk(theirs)
        assert_same_bits(rows, rows_too)
    assert_same_bits(ours, theirs)


def test_a_resumed_search_goes_on_with_the_same_bits():
    search = evolve(CONFIG, 5)
    halfway, _ = search.chunk(search.init())
    whole, rows = search.chunk(halfway)
    again, rows_again = search.chunk(search.unpack(search.pack(halfway)))
    assert_same_bits((whole, rows), (again, rows_again))
    after, nothing = search.chunk(whole)  # past the end
    assert_same_bits(after, whole)
    assert not nothing["valid"].any()
    assert jax.tree.structure(after) == jax.tree.structure(whole)
