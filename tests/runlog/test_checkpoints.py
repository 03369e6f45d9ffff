"""Checkpoints: few, equal to the bit, and damage never goes unseen."""

import json
import random
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from koki2.runlog import BrokenRunError, checkpoint, InputError

STATE = {
    "mean": np.linspace(-1, 1, 50, dtype=np.float32),
    "key": np.array([1, 2], np.uint32),
    "generation": np.array(7, np.int32),
    "alive": np.array([[True], [False]]),
    "nothing": np.zeros((0, 3)),
}
META = {"best": float("-inf"), "history": [1, None, "NaN"]}


def same_arrays(found, wanted):
    assert list(found) == sorted(wanted)
    for name, value in wanted.items():
        assert (found[name].dtype, found[name].shape) == (value.dtype, value.shape)
        np.testing.assert_array_equal(found[name], value)
        assert found[name].flags.writeable


def test_a_checkpoint_comes_back_as_it_went(tmp_path):
    checkpoint.save(tmp_path / "c", 7, STATE, META)
    found = checkpoint.load_newest(tmp_path / "c")
    assert (found.step, found.meta, found.skipped) == (7, META, ())
    same_arrays(found.arrays, STATE)


def test_only_the_newest_three_are_kept_and_leftovers_are_swept(tmp_path):
    (tmp_path / ".step_00000001.npz.abc.tmp").touch()
    (tmp_path / "step_00000009.npz").touch()  # killed before its .json
    for step in (10, 20, 30, 40):
        checkpoint.save(tmp_path, step, {}, {})
    assert checkpoint.steps(tmp_path) == [20, 30, 40]
    assert len(list(tmp_path.iterdir())) == 6


def test_where_there_is_none_there_is_none(tmp_path):
    assert checkpoint.load_newest(tmp_path / "missing") is None
    (tmp_path / "step_00000009.npz").touch()
    assert checkpoint.load_newest(tmp_path) is None


def test_same_state_same_bytes_in_another_process_and_another_memory_order(tmp_path):
    script = (
        "import numpy as np, sys; from koki2.runlog import checkpoint;"
        "a = np.arange(12, dtype='>f4').reshape(3, 4);"
        "checkpoint.save(sys.argv[1], 1, {'b': a[0], 'a': a}, {'y': 1, 'x': 2})"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "there")], check=True)
    a = np.asfortranarray(np.arange(12, dtype=np.float32).reshape(3, 4))
    checkpoint.save(tmp_path / "here", 1, {"a": a, "b": a[0]}, {"x": 2, "y": 1})
    for name in ("step_00000001.npz", "step_00000001.json"):
        here, there = tmp_path / "here" / name, tmp_path / "there" / name
        assert here.read_bytes() == there.read_bytes()
    with zipfile.ZipFile(tmp_path / "here" / "step_00000001.npz") as archive:
        dates = {entry.date_time for entry in archive.infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}, "nor does it depend on the day"


@pytest.mark.parametrize("suffix", ["npz", "json"])
@pytest.mark.parametrize("how", ["flip", "truncate", "extend"])
def test_damage_anywhere_is_seen_and_the_previous_checkpoint_serves(
    tmp_path, suffix, how
):
    checkpoint.save(tmp_path, 1, STATE, META)
    checkpoint.save(tmp_path, 2, STATE, META | {"best": 2.5})
    path = tmp_path / f"step_00000002.{suffix}"
    whole, rng = path.read_bytes(), random.Random(0)
    for _ in range(150):
        data = bytearray(whole)
        at = rng.randrange(len(data))
        if how == "flip":
            data[at] ^= 1 << rng.randrange(8)
        elif how == "truncate":
            del data[at:]
        else:
            data += b" "
        path.write_bytes(data)
        found = checkpoint.load_newest(tmp_path)
        assert found.step == 1 and len(found.skipped) == 1
        assert "step_00000002" in found.skipped[0]


def test_an_edit_with_a_digest_to_match_is_still_an_edit(tmp_path):
    checkpoint.save(tmp_path, 1, STATE, META)
    path = tmp_path / "step_00000001.json"
    path.write_text(json.dumps(json.loads(path.read_text())))  # same content
    with pytest.raises(BrokenRunError, match="has been edited"):
        checkpoint.load_newest(tmp_path)


def test_when_all_are_damaged_it_says_so_for_each_and_touches_nothing(tmp_path):
    for step in (1, 2, 3):
        checkpoint.save(tmp_path, step, STATE, META)
    (tmp_path / "step_00000001.json").write_text("{}")
    (tmp_path / "step_00000002.npz").unlink()
    (tmp_path / "step_00000003.npz").write_bytes(b"")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(BrokenRunError, match="none of 3 can be used") as error:
        checkpoint.load_newest(tmp_path)
    for step in (1, 2, 3):
        assert f"step_0000000{step}" in str(error.value)
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_a_damaged_future_does_not_push_out_the_present(tmp_path):
    for step in (10, 20, 30):
        checkpoint.save(tmp_path, step, STATE, META)
    for step in (20, 30):
        (tmp_path / f"step_000000{step}.npz").write_bytes(b"damage")
    assert checkpoint.load_newest(tmp_path).step == 10
    checkpoint.save(tmp_path, 15, STATE, META)
    assert checkpoint.steps(tmp_path) == [10, 15]


def test_a_checkpoint_under_another_s_name_is_not_believed(tmp_path):
    checkpoint.save(tmp_path, 1, STATE, META)
    for suffix in ("npz", "json"):
        source = tmp_path / f"step_00000001.{suffix}"
        shutil.copy(source, tmp_path / f"step_00000099.{suffix}")
    assert checkpoint.load_newest(tmp_path).step == 1


def test_what_cannot_be_written_is_refused_before_anything_is(tmp_path):
    for step, arrays, meta in (
        (-1, {}, {}),
        (1, {"a": np.array([None])}, {}),
        (1, {}, {"a": np.int32(3)}),
    ):
        with pytest.raises(InputError):
            checkpoint.save(tmp_path / "c", step, arrays, meta)
    assert not (tmp_path / "c").exists()
