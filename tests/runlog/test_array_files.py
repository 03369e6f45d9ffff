"""Array files: numbers only, nothing executed, nothing promised that is not there."""

import io
import pickle
import zipfile

import ml_dtypes
import numpy as np
import pytest

from koki2.runlog import BrokenRunError, InputError, load_arrays, save_arrays


def npz(*members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def npy(header, data=b"", version=b"\x01\x00"):
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + data


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was executed')",)


def number(shape, descr="<f8"):
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"


HOSTILE = {
    "empty": b"",
    "bare pickle": pickle.dumps(Bomb()),
    "pickle as array": npz(("a.npy", npy(number((1,), "|O"), pickle.dumps(Bomb())))),
    "pickle as member": npz(("a.pkl", pickle.dumps(Bomb()))),
    "terabyte": npz(("a.npy", npy(number((2**37,)), bytes(8)))),
    "overflowing shape": npz(("a.npy", npy(number((2**63, 2**63)), bytes(8)))),
    "negative shape": npz(("a.npy", npy(number((-1, -1)), bytes(8)))),
    "endless shape of nothing": npz(("a.npy", npy(number((0, 10**30))))),
    "too many axes": npz(("a.npy", npy(number((1,) * 70), bytes(8)))),
    "header with code": npz(("a.npy", npy("__import__('os').abort()", bytes(8)))),
    "records": npz(("a.npy", npy(number((1,), "|V8"), bytes(8)))),
    "dates": npz(("a.npy", npy(number((1,), "<M8[s]"), bytes(8)))),
    "text": npz(("a.npy", npy(number((1,), "<U2"), bytes(8)))),
    "another version": npz(("a.npy", npy(number((1,)), bytes(8), b"\x09\x00"))),
    "bytes left over": npz(("a.npy", npy(number((1,)), bytes(9)))),
    "zip bomb": npz(("a.npy", bytes(2**24)), compression=zipfile.ZIP_DEFLATED),
    "a path": npz(("../../etc/passwd", b"root")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_named_and_not_obeyed(tmp_path, name):
    path = tmp_path / "best_genome.npz"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(BrokenRunError, match="best_genome.npz should hold arrays"):
        load_arrays(path)


def test_entries_that_share_their_bytes_are_no_arrays(tmp_path):
    """The overlapping zip bomb: a thousand entries, one megabyte, one gigabyte out."""
    one = npz(("a.npy", npy(number((2**17,)), bytes(2**20))))
    end = one.index(b"PK\x01\x02")
    entry = one[end : one.index(b"PK\x05\x06")]
    entries = b"".join(
        entry.replace(b"a.npy", f"{i:05x}".encode()) for i in range(1_000)
    )
    tail = b"PK\x05\x06" + bytes(4) + (1_000).to_bytes(2, "little") * 2
    tail += len(entries).to_bytes(4, "little") + end.to_bytes(4, "little") + bytes(2)
    path = tmp_path / "best_genome.npz"
    path.write_bytes(one[:end] + entries + tail)
    with pytest.raises(BrokenRunError, match="promises more bytes"):
        load_arrays(path)


def test_what_is_compressed_is_not_even_unpacked(tmp_path):
    """However small it claims to be: bz2 and lzma do not stop at what was claimed."""
    path = tmp_path / "best_genome.npz"
    member = ("a.npy", npy(number((1,)), bytes(8)) + bytes(range(256)))
    path.write_bytes(npz(member, ("b.npy", b""), compression=zipfile.ZIP_LZMA))
    with pytest.raises(BrokenRunError, match="it is compressed"):
        load_arrays(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BrokenRunError, match="mean_genome.npz should be a file"):
        load_arrays(tmp_path / "mean_genome.npz")


def test_anyone_with_numpy_can_read_ours(tmp_path):
    wanted = np.arange(6, dtype=np.int16).reshape(2, 3)
    save_arrays(tmp_path / "best_genome.npz", {"layers/0": wanted})
    with np.load(tmp_path / "best_genome.npz", allow_pickle=False) as found:
        np.testing.assert_array_equal(found["layers/0"], wanted)


def test_we_can_read_what_plain_numpy_wrote(tmp_path):
    wanted = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    np.savez(tmp_path / "theirs.npz", wanted=wanted)
    found = load_arrays(tmp_path / "theirs.npz")["wanted"]
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    "name, value, named",
    [
        ("a", np.array([object()]), "dtype of numbers .* got object"),
        ("a", np.array(["text"]), "dtype of numbers .* got <U4"),
        ("a", np.zeros(2, ml_dtypes.bfloat16), "dtype of numbers .* got bfloat16"),
        ("a", np.zeros(2, ml_dtypes.float8_e5m2), "dtype of numbers .* got float8"),
        ("a", np.zeros(2, [("x", "f4")]), "dtype of numbers"),
        ("a", np.ma.array([1.0], mask=[True]), "plain NumPy array .* got MaskedArray"),
        ("a", [1.0], "plain NumPy array .* got list"),
        ("a", np.float32(1), "plain NumPy array .* got float32"),
        ("", np.zeros(2), "name wants 1 to 200"),
        ("a\0b", np.zeros(2), "name wants 1 to 200"),
    ],
)
def test_what_would_not_come_back_the_same_is_refused(tmp_path, name, value, named):
    with pytest.raises(InputError, match=named):
        save_arrays(tmp_path / "a.npz", {name: value})
    assert not (tmp_path / "a.npz").exists()


def test_too_much_for_one_file_is_refused_before_it_is_copied(tmp_path):
    huge = np.broadcast_to(np.float64(0), (2**20, 2**20))
    with pytest.raises(InputError, match="should fit in a file"):
        save_arrays(tmp_path / "a.npz", {"huge": huge})
