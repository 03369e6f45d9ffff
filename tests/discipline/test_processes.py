"""The same bits, however the process is set up: devices, threads, flags, caches."""

import os
import pathlib
import subprocess
import sys

import pytest

RUN = pathlib.Path(__file__).with_name("tiny_run.py")
SMALL_LOOPS = (
    "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=2000000000"
)
DEVICES = "--xla_force_host_platform_device_count="


def digests(*words: str, **changes: str) -> dict[str, str]:
    """What `tiny_run` prints of its searches, in a process of its own."""
    root = str(RUN.parents[2])
    environment = {**os.environ, "XLA_FLAGS": "", "PYTHONPATH": root, **changes}
    del environment["JAX_COMPILATION_CACHE_DIR"]
    said = subprocess.run(
        [sys.executable, str(RUN), *words],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return dict(line.split()[:2] for line in said.splitlines())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="module")
def plain(folder):
    """With a cold cache, and on one core where a process can choose its cores."""
    one_core = ["--one-core"] if hasattr(os, "sched_setaffinity") else []
    found = digests("--cache", str(folder), *one_core)
    assert set(found) == {"evo", "qd"} and any(folder.iterdir())
    return found


SETUPS = {
    "four devices, eight threads, fast flags": dict(
        XLA_FLAGS=f"{SMALL_LOOPS} {DEVICES}4", NPROC="8"
    ),
    "two devices": dict(XLA_FLAGS=f"{DEVICES}2"),
    "eight threads": dict(NPROC="8"),
    "small loops only": dict(XLA_FLAGS=SMALL_LOOPS),
}


@pytest.mark.parametrize(
    "setup",
    [
        pytest.param(setup, marks=[pytest.mark.slow] * (number > 0))
        for number, setup in enumerate(SETUPS)
    ],
)
def test_devices_threads_and_fast_flags_change_no_bit(plain, setup):
    """Of an evolution, and of an archive, which is sharded over the devices."""
    assert digests(**SETUPS[setup]) == plain


def test_nor_do_several_cores_and_a_warm_cache(plain, folder):
    assert digests("--cache", str(folder)) == plain
