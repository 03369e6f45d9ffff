"""Array files: numbers only, nothing executed, nothing promised that is not there."""

import io
import json
import pathlib
import pickle
import zipfile

import ml_dtypes
import numpy as np
import pytest

from koki2.runlog import arrays, BrokenRunError, InputError, load_arrays, save_arrays

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures" / "runs_f8b362b"


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
        ("a", np.zeros(2, "M8[s]"), "dtype of numbers .* got datetime64"),
        ("a", np.zeros(2, [("x", "f4")]), "dtype of numbers"),
        ("a", np.ma.array([1.0], mask=[True]), "plain NumPy array .* got MaskedArray"),
        ("a", [1.0], "plain NumPy array .* got list"),
        ("a", np.float32(1), "plain NumPy array .* got float32"),
        ("", np.zeros(2), "must be 1 to 1000"),
        ("a\0b", np.zeros(2), "must be 1 to 1000"),
        ("__dtypes__", np.zeros(2), "must be .* not '__dtypes__'"),
    ],
)
def test_what_would_not_come_back_the_same_is_refused(tmp_path, name, value, named):
    with pytest.raises(InputError, match=named):
        save_arrays(tmp_path / "a.npz", {name: value})
    assert not (tmp_path / "a.npz").exists()


FOREIGN = [
    name
    for name in dir(ml_dtypes)
    if isinstance(kind := getattr(ml_dtypes, name), type)
    and issubclass(kind, np.generic)
]


@pytest.mark.parametrize("name", FOREIGN)
def test_small_floats_and_integers_come_back_and_numpy_opens_the_file(tmp_path, name):
    dtype = np.dtype(getattr(ml_dtypes, name))
    values = np.array([[0, 1], [1, 0], [1, 1]]).astype(dtype)[:, ::-1]
    arrays = {"a/b": values, "one": values[:1, 0].reshape(()), "wide": np.ones(3)}
    path = tmp_path / "best_genome.npz"
    save_arrays(path, arrays)
    loaded = load_arrays(path)
    assert list(loaded) == ["a/b", "one", "wide"]
    for key, value in arrays.items():
        assert (loaded[key].dtype, loaded[key].shape) == (value.dtype, value.shape)
        assert loaded[key].tobytes() == value.tobytes()
    with np.load(path, allow_pickle=False) as plain:
        assert plain["a/b"].dtype == f"u{dtype.itemsize}"
        assert json.loads(plain["__dtypes__"].tobytes()) == {"a/b": name, "one": name}
    before = path.read_bytes()
    save_arrays(path, dict(reversed(arrays.items())))
    assert path.read_bytes() == before, "same arrays, same bytes"


@pytest.mark.parametrize(
    "text",
    [b"{", b"[]", b'{"b":"bfloat16"}', b'{"a":"float16"}', b'{"a":"int4"}']
    + [b'{"a":"object"}', b'{"a":"finfo"}', b'{"a":7}'],
)
def test_dtypes_that_do_not_fit_the_arrays_are_refused(tmp_path, text):
    np.savez(
        tmp_path / "a.npz",
        a=np.zeros(2, np.uint16),
        __dtypes__=np.frombuffer(text, np.uint8),
    )
    with pytest.raises(BrokenRunError, match="a.npz should hold arrays"):
        load_arrays(tmp_path / "a.npz")


MANY = {
    "a": np.arange(12.0).reshape(3, 4)[:, ::2],
    "b": np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3)),
    "c": np.zeros((0, 3)),
    "d": np.array(True),
    "e": np.ones(3, ml_dtypes.bfloat16),
}


@pytest.mark.parametrize("limit", [None, 0])
def test_a_large_file_is_written_in_parts_with_the_same_bytes(
    tmp_path, monkeypatch, limit
):
    """With `limit`, also as zip64, of which entries above 2 GiB are."""
    if limit is not None:
        monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
    save_arrays(tmp_path / "small.npz", MANY)
    monkeypatch.setattr(arrays, "IN_MEMORY", -1)
    save_arrays(tmp_path / "large.npz", MANY)
    assert (tmp_path / "large.npz").read_bytes() == (
        tmp_path / "small.npz"
    ).read_bytes()
    loaded = load_arrays(tmp_path / "large.npz")
    for name, value in MANY.items():
        np.testing.assert_array_equal(loaded[name], value)


@pytest.mark.slow
def test_more_than_two_gigabytes_go_into_one_file(tmp_path):
    large = np.zeros(2**31 + 5, np.uint8)
    large[-1] = 7
    save_arrays(tmp_path / "a.npz", {"large": large})
    loaded = load_arrays(tmp_path / "a.npz")["large"]
    assert loaded.shape == large.shape and loaded[-1] == 7


@pytest.mark.parametrize("kind", ["evo", "qd"])
def test_files_without_such_dtypes_keep_their_bytes(tmp_path, kind):
    """Those of koki2 at f8b362b."""
    old = FIXTURES / kind / "best_genome.npz"
    save_arrays(tmp_path / "new.npz", load_arrays(old))
    assert (tmp_path / "new.npz").read_bytes() == old.read_bytes()
