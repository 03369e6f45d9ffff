"""Checkpoints through Orbax: equal arrays, and the same promises as those in one file.

What kills and full disks do to them is in test_kills and here; the arrays that Orbax
itself refuses are here too.
"""

import errno
import gc
import os
import pickle
import random
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
from orbax.checkpoint import v1
from test_crash_safety import FaultyDisk, Killed

from koki2.runlog import atomic, checkpoint, InputError, read_rows, Run

STATE = {
    "mean": np.arange(12, dtype=np.float32).reshape(3, 4)[:, ::2],
    "key": np.array([1, 2], np.uint32),
    "step": np.array(7, np.int64),
    "nothing": np.zeros((0, 3)),
    "half": np.array([1.5, -0.0, np.nan], ml_dtypes.bfloat16),
    "tiny": np.array([1, -2, 3], ml_dtypes.int4),
    "unknown to Orbax": np.ones(3, ml_dtypes.float6_e2m3fn),
    "swapped": np.arange(3, dtype=">i2"),
    "x" * 900: np.ones(2, bool),
}


# Of a load that fails, Orbax leaves coroutines to an event loop that it has closed.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(autouse=True)
def everything_to_orbax(monkeypatch):
    monkeypatch.setattr(checkpoint, "ORBAX_BYTES", -1)
    gc.freeze()  # what is there already need not be looked through
    yield
    gc.collect()  # in this test, not in another
    gc.unfreeze()


def state(step):
    return {"mean": np.full(5, step, np.float32), "key": np.array([step], np.uint32)}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_is(loaded, *steps):
    assert loaded.step in steps and loaded.meta == {"step": loaded.step}
    for name, value in state(loaded.step).items():
        np.testing.assert_array_equal(loaded.arrays[name], value)


def test_arrays_come_back_with_all_their_bits(tmp_path):
    checkpoint.save(tmp_path / "c", 7, STATE, {"best": 1.5})
    assert names(tmp_path / "c") == ["step_00000007.json", "step_00000007.orbax"]
    loaded = checkpoint.load_newest(tmp_path / "c")
    assert (loaded.step, loaded.meta) == (7, {"best": 1.5})
    assert list(loaded.arrays) == sorted(STATE)
    for name, value in STATE.items():
        value = value.astype(value.dtype.newbyteorder("="))
        found = loaded.arrays[name]
        assert (found.dtype, found.shape) == (value.dtype, value.shape), name
        assert found.tobytes() == value.tobytes(), name


def test_a_state_of_nothing_is_a_state(tmp_path):
    checkpoint.save(tmp_path, 1, {"nothing": np.zeros(0)}, {})
    assert checkpoint.load_newest(tmp_path).arrays["nothing"].shape == (0,)


def test_only_large_states_go_there(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "ORBAX_BYTES", 28)
    checkpoint.save(tmp_path, 1, {"a": np.zeros(28, np.uint8)}, {})
    checkpoint.save(tmp_path, 2, {"a": np.zeros(29, np.uint8)}, {})
    assert {"step_00000001.npz", "step_00000002.orbax"} < set(names(tmp_path))
    assert checkpoint.load_newest(tmp_path).step == 2


SHARDED = """
import os, pathlib, sys
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
import jax, jax.numpy as jnp, numpy as np
from koki2.runlog import checkpoint
mesh = jax.make_mesh((4,), ("p",), axis_types=(jax.sharding.AxisType.Auto,))
by_row = jax.NamedSharding(mesh, jax.P("p"))
state = {
    "genomes": jax.device_put(jnp.arange(24.0).reshape(8, 3), by_row),
    "half": jax.device_put(jnp.arange(8, dtype=jnp.bfloat16), by_row),
    "mean": np.arange(3.0),
}
checkpoint.save(sys.argv[1], 1, state, {})
for name in state:
    loaded = checkpoint.load_newest(sys.argv[1]).arrays[name]
    np.testing.assert_array_equal(loaded, np.asarray(state[name]))
"""


def test_what_four_devices_held_is_read_on_another_number(tmp_path, monkeypatch):
    monkeypatch.undo()  # sharded arrays go to Orbax whatever their size
    command = [sys.executable, "-c", SHARDED, str(tmp_path)]
    subprocess.run(command, check=True, stderr=subprocess.PIPE)
    assert names(tmp_path) == ["step_00000001.json", "step_00000001.orbax"]
    arrays = checkpoint.load_newest(tmp_path).arrays
    assert arrays["genomes"].tolist() == np.arange(24.0).reshape(8, 3).tolist()
    assert arrays["half"].dtype == ml_dtypes.bfloat16
    assert arrays["half"].tolist() == list(range(8))
    assert arrays["mean"].dtype == np.float64


@pytest.mark.parametrize("how", ["flip", "truncate", "remove"])
def test_damage_to_any_file_is_seen_or_changes_no_array(tmp_path, how):
    for step in (1, 2):
        checkpoint.save(tmp_path, step, state(step), {"step": step})
    folder, rng, skipped = tmp_path / "step_00000002.orbax", random.Random(0), 0
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in paths:
        whole = path.read_bytes()
        damaged = bytearray(whole)
        if how == "flip" and whole:
            damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged[: len(whole) // 2] if how == "truncate" else damaged)
        if how == "remove":
            path.unlink()
        loaded = checkpoint.load_newest(tmp_path)
        assert_is(loaded, 1, 2)
        assert bool(loaded.skipped) == (loaded.step == 1)
        skipped += loaded.step == 1
        path.write_bytes(whole)
    assert skipped > 0
    assert checkpoint.load_newest(tmp_path).step == 2


@pytest.mark.parametrize("field", ["dtype", "shape", "sha256"])
def test_arrays_other_than_the_header_s_are_not_believed(tmp_path, field):
    checkpoint.save(tmp_path, 1, state(1), {"step": 1})
    checkpoint.save(tmp_path, 2, state(2), {"step": 2})
    header = checkpoint._load_header(tmp_path, 2)
    other = {"dtype": "int32", "shape": [4], "sha256": "0" * 64}
    header["arrays"]["arrays"]["mean"][field] = other[field]
    (tmp_path / "step_00000002.json").write_bytes(checkpoint._spell(header))
    loaded = checkpoint.load_newest(tmp_path)
    assert loaded.step == 1 and "array 'mean'" in loaded.skipped[0]


def test_a_header_that_leads_out_of_the_folder_is_not_followed(tmp_path):
    checkpoint.save(tmp_path, 1, state(1), {"step": 1})
    checkpoint.save(tmp_path, 2, state(2), {"step": 2})
    for file in ("../step_00000002.orbax", "step_00000001.orbax", "a", 3, None):
        header = checkpoint._load_header(tmp_path, 2)
        header["arrays"]["file"] = file
        (tmp_path / "step_00000002.json").write_bytes(checkpoint._spell(header))
        loaded = checkpoint.load_newest(tmp_path)
        assert loaded.step == 1 and "should name a file" in loaded.skipped[0]


def test_nothing_is_pickled(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a pickle")

    for name in ("load", "loads", "dump", "dumps", "Pickler", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    checkpoint.save(tmp_path, 7, STATE, {})
    assert checkpoint.load_newest(tmp_path).step == 7


def test_what_is_no_array_of_numbers_is_refused_before_anything_is_written(tmp_path):
    for value in (np.array([None]), [1.0]):
        with pytest.raises(InputError, match="array 'a' must"):
            checkpoint.save(tmp_path / "c", 1, {"a": value, "b": np.ones(2)}, {})
    assert not (tmp_path / "c").exists()


def test_a_disk_that_refuses_is_an_error_of_the_disk(tmp_path, monkeypatch):
    def full(*_):
        raise ValueError("RESOURCE_EXHAUSTED: No space left on device")

    checkpoint.save(tmp_path, 1, state(1), {"step": 1})
    with monkeypatch.context() as patch:
        patch.setattr(v1, "save", full)
        with pytest.raises(OSError, match="step_00000002.orbax: RESOURCE_EXHAUSTED"):
            checkpoint.save(tmp_path, 2, state(2), {"step": 2})
    assert_is(checkpoint.load_newest(tmp_path), 1)


def faulty_saves(tmp_path, monkeypatch, fault, again, every):
    """Saves the newest step again, or the next one, each time with another fault."""

    def attempt(n, disk):
        folder = tmp_path / str(n)
        for step in (1, 2):
            checkpoint.save(folder, step, state(step), {"step": step}, keep=2)
        step = 2 if again else 3
        monkeypatch.setattr(atomic, "os", disk)
        try:
            checkpoint.save(folder, step, state(step), {"step": step}, keep=2)
        except (OSError, Killed):
            return folder, False
        finally:
            monkeypatch.setattr(atomic, "os", os)
        return folder, True

    counting = FaultyDisk()
    attempt("counting", counting)
    for n in range(0, len(counting.calls), every):
        yield attempt(n, FaultyDisk(n, fault))


@pytest.mark.parametrize(
    "every", [29, pytest.param(1, marks=pytest.mark.slow)], ids=["few", "all"]
)
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("fault", [Killed, errno.ENOSPC])
def test_a_save_that_fails_at_any_call_leaves_a_whole_checkpoint(
    tmp_path, monkeypatch, fault, again, every
):
    newest = 2 if again else 3
    for folder, was_saved in faulty_saves(tmp_path, monkeypatch, fault, again, every):
        loaded = checkpoint.load_newest(folder)
        assert not loaded.skipped
        assert_is(loaded, *([newest] if was_saved else [2, newest]))
        checkpoint.save(folder, 4, state(4), {"step": 4}, keep=2)
        assert_is(checkpoint.load_newest(folder), 4)
        assert len(names(folder)) == 4, "two checkpoints and nothing left over"


def test_a_run_resumes_from_it(tmp_path):
    with Run.start(tmp_path, "train", 0, {}, {}, {}, kind="train") as run:
        run.append([{"step": 0}])
        run.checkpoint(1, state(1), {"step": 1})
        run.append([{"step": 1}])
    with Run.resume(run.path) as run:
        assert_is(run.restored, 1)
        assert list(read_rows(run.path)) == [{"step": 0}]


def test_orbax_is_imported_when_it_is_used_only(tmp_path):
    script = (
        "import sys, numpy as np; from koki2.runlog import Run;"
        "run = Run.start(sys.argv[1], 'evo', 0, {}, {}, {});"
        "run.checkpoint(1, {'a': np.ones(3)}, {}); run.close();"
        "Run.resume(run.path).close();"
        "print({'jax', 'orbax', 'tensorstore'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
