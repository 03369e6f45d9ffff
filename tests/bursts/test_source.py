"""What goes up to a pod."""

import dataclasses
import pathlib
import subprocess
import tarfile

import pytest
from fake_runpod import KEY
from renting import config, QUICK

from koki2 import runlog
from koki2.bursts import run_burst, source


@pytest.fixture
def changed(small_checkout, fake):
    """The checkout with a file that is changed and one that is new."""
    path, new = small_checkout / "work.sh", small_checkout / "new.sh"
    text = path.read_text()
    path.write_text("mkdir runs; cat new.sh >runs/result\n")
    new.write_text("new\n")
    yield small_checkout
    path.write_text(text)
    new.unlink()


def test_a_dirty_checkout_is_refused_before_anything_is_asked_for(fake, changed):
    with pytest.raises(runlog.InputError, match="no uncommitted changes, .* got 2; "):
        run_burst(config(), say=print, pace=QUICK)
    assert fake.requests == [] and not pathlib.Path("runs").exists()


@pytest.mark.slow
def test_a_dirty_checkout_that_is_asked_for_runs_and_is_recorded(fake, changed):
    folder = run_burst(config(dirty=True), say=print, pace=QUICK)
    assert (folder / "fetched" / "runs" / "result").read_text() == "new\n"
    assert "dirty: yes, see dirty.patch\n" in (folder / "manifest.txt").read_text()
    patch = (folder / "dirty.patch").read_text()
    assert "+mkdir runs; cat new.sh" in patch and "+++ b/new.sh" in patch
    status = subprocess.run(["git", "status", "--porcelain"], capture_output=True)
    assert status.stdout == b" M work.sh\n?? new.sh\n", "nothing is staged"


def test_a_checkout_with_the_key_in_it_goes_nowhere(fake, changed):
    (changed / "new.sh").write_text(f"export RUNPOD_API_KEY={KEY}\n")
    words = "must not have RUNPOD_API_KEY in it, .* got it in new.sh"
    with pytest.raises(runlog.InputError, match=words):
        run_burst(config(dirty=True), say=print, pace=QUICK)
    assert "POST /v2/pods" not in fake.requests
    (folder,) = pathlib.Path("runs", "runpod_burst").iterdir()
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert files.keys() == {".lock", "manifest.txt"}
    assert not any(KEY.encode() in data for data in files.values())


def test_the_archive_is_of_the_commit_with_its_lock_file(fake, tmp_path):
    bundle = source.bundle(source.find(config()), tmp_path)
    with tarfile.open(bundle) as tar:
        assert tar.getnames() == [
            "source.tar.gz",
            "prepare.sh",
            "job.sh",
            "SHA256SUMS",
        ]
    with tarfile.open(tmp_path / "source.tar.gz") as tar:
        assert {"work.sh", "requirements/cuda13.lock"} <= set(tar.getnames())


@pytest.mark.parametrize(
    "given, words",
    [
        ({"lock": pathlib.Path("no.lock")}, "--lock must be a file of the commit"),
        ({"command": ()}, "the default command must be a file of the commit, got "),
        (
            {"lock": pathlib.Path("runs/x.lock"), "dirty": True},
            "--lock must be a file of the commit",
        ),
    ],
)
def test_what_the_commit_lacks_is_said(fake, given, words):
    pathlib.Path("runs").mkdir()
    pathlib.Path("runs", "x.lock").touch()  # what git ignores is not sent
    with pytest.raises(runlog.InputError, match=words):
        source.find(dataclasses.replace(config(), **given))


def test_a_burst_begins_in_a_checkout(fake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(runlog.InputError, match="must be started in a git checkout"):
        source.find(config())
