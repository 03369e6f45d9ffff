"""What comes back from a pod, and what is no part of that."""

import hashlib
import pathlib

import pytest

from koki2.bursts import BurstError, retrieval
from koki2.bursts.api import Endpoint

POD = Endpoint("127.0.0.1", 1, "root")


def lines(**files):
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return "".join(f"{sha}  runs/{name}\n" for name, sha in sums.items()).encode()


@pytest.mark.parametrize("name", ["../lease.json", "/etc/passwd", "runs/../../x"])
def test_a_sum_of_a_file_outside_is_refused(name):
    with pytest.raises(BurstError, match="must list files of the checkout, got"):
        retrieval.read_sums(f"{'0' * 64}  {name}\n".encode())


def arriving(monkeypatch, sums, **files):
    """A pod that lists sums, and sends files."""

    def call(words, timeout):
        if words[0] == "ssh":
            return sums
        for name, data in files.items():
            path = pathlib.Path(words[-1], "runs", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return b""

    monkeypatch.setattr(retrieval.shell, "call", call)


def test_files_are_whole_named_and_no_others(monkeypatch, tmp_path):
    fetch = lambda: retrieval.fetch(tmp_path, POD, ["./runs/"], lambda: 9.0)
    arriving(monkeypatch, lines(a=b"1", b=b"2"), a=b"1", b=b"2")
    assert sorted(fetch().sha256) == ["runs/a", "runs/b"]
    arriving(monkeypatch, lines(a=b"1", b=b"2"), b=b"3")
    with pytest.raises(BurstError, match="1 of 2 files did not .* runs/b first"):
        fetch()
    arriving(monkeypatch, lines(a=b"1"), b=b"2")
    with pytest.raises(BurstError, match="1 of 1 files did not .* runs/b first"):
        fetch()


def test_what_is_there_and_does_not_come_is_said(monkeypatch, tmp_path):
    """rsync leaves out links that lead elsewhere, and says nothing of them here."""
    arriving(monkeypatch, b"")
    with pytest.raises(BurstError, match="--fetch runs must be no link that leads"):
        retrieval.fetch(tmp_path, POD, ["runs"], lambda: 9.0)
