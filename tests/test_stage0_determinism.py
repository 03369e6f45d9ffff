"""Stage 0 of seed 002: a run is its config and its seed, compiled or not, everywhere.

The same bits, however the process is set up: devices, threads, flags, caches. What
else is promised about bits, and which test holds it, is in docs/determinism.md.
"""

import os
import pathlib
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from bits import assert_same_bits

from koki2.evolution import run_episode

RUN = pathlib.Path(__file__).parent / "discipline" / "tiny_run.py"
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


def test_a_whole_life_compiled_agrees_with_eager_to_one_part_in_100_000(key):
    """Counts and actions are equal; the strict lane has every part to the bit."""
    world = tiny.DEPLETING | dict(steps=4, obs_noise=0.1)
    task, params = tiny.population(tiny.config(world, tiny.PLASTIC), 1)
    life, params = task.episode, jax.tree.map(lambda x: x[0], params)
    compiled = jax.jit(lambda key: run_episode(key, life, params))(
        jax.random.clone(key)
    )
    world, observation, key_life = life.reset(key)
    now = life.start(world, observation, params)
    for t in range(4):
        now = life.step(jax.random.clone(key_life), jnp.int32(t), params, now)
    assert now.stats.actions.tolist() == compiled.stats.actions.tolist()

    def agree(ours, theirs):
        if not jnp.issubdtype(ours.dtype, jax.dtypes.prng_key):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)

    jax.tree.map(agree, now, compiled)


def test_another_key_is_another_life(key):
    """And the same key the same one."""
    task, params = tiny.population(tiny.config(tiny.DEPLETING), 1)
    genome = jax.tree.map(lambda x: x[0], params)
    live = jax.jit(lambda key: run_episode(key, task.episode, genome).stats)
    one, again = live(jax.random.clone(key)), live(jax.random.clone(key))
    assert_same_bits(jax.device_get(one), jax.device_get(again))
    others = [live(each).actions.tolist() for each in jax.random.split(key, 8)]
    assert any(actions != one.actions.tolist() for actions in others)
