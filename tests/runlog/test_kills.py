"""What a checkpoint has acknowledged survives kill -9 at any instant, in both forms."""

import os
import pathlib
import subprocess
import sys

import pytest

SAVER = pathlib.Path(__file__).with_name("killed_saver.py")


@pytest.mark.parametrize(
    "kills", [3, pytest.param(200, marks=pytest.mark.slow)], ids=["few", "many"]
)
@pytest.mark.parametrize("back_end", ["npz", "orbax"])
def test_no_acknowledged_checkpoint_is_lost_by_a_kill(tmp_path, back_end, kills):
    done = subprocess.run(
        [sys.executable, str(SAVER), str(tmp_path / "run"), back_end, str(kills)],
        env={**os.environ, "PYTHONPATH": str(SAVER.parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    words = done.stdout.split()
    assert words[:2] == [str(kills), "kills,"]
    assert int(words[2]) >= kills / 2, "children were killed before they saved"
    checkpoints = list((tmp_path / "run" / "checkpoints").iterdir())
    assert {path.suffix for path in checkpoints} >= {".json", f".{back_end}"}
