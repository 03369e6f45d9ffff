"""Named NumPy arrays in one `.npz`: same arrays, same bytes; and no pickle, ever.

The files are plain `.npz` that `numpy.load` reads. Ours differ in that they are
reproducible (names sorted, no dates, nothing compressed), and our reader in that it
trusts nothing: sizes are checked against the bytes in the file before memory is
allocated, and only numbers come out. Sizes in bytes.

A dtype that NumPy does not know by itself (bfloat16, int4, float8 of `ml_dtypes`) is
stored as unsigned integers of its width, and named in the member `__dtypes__`: JSON
text as uint8, `{"name of the array": "bfloat16"}`. Without such arrays there is no
such member.
"""

import io
import math
import os
import pathlib
import re
import zipfile
from typing import Any

from koki2.runlog import atomic, jsontext, opening
from koki2.runlog.errors import BrokenRunError, InputError
from koki2.runlog.types import Array, Arrays, DType, Path

DTYPES = "__dtypes__"
IN_MEMORY = 2**26
"""Files up to this size are packed in memory and written in one system call."""
_NAME = re.compile(r"[ -~]{1,1000}")
_KINDS = "biufc"  # bool, int, unsigned, float, complex


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Writes arrays to `path`, durably and whole or not at all.

    The bytes depend on names and values only: memory order and byte order are made
    ours (C, this machine's). A large file is written array by array, so memory holds
    at most one copy of one array.

    Args:
      path: where to, as "best_genome.npz".
      arrays: NumPy arrays of numbers by name, also of the dtypes of `ml_dtypes`; "/"
        may be in a name.

    Raises:
      InputError: something that is not such an array.
      OSError: the disk refused; the old file, if there was one, is still there.

    Example:
      >>> import numpy as np, tempfile
      >>> path = pathlib.Path(tempfile.mkdtemp()) / "best_genome.npz"
      >>> save_arrays(path, {"genome": np.arange(3)})
      >>> load_arrays(path)["genome"].tolist()
      [0, 1, 2]
    """
    members = _members(arrays)
    if sum(array.nbytes for array in members.values()) > IN_MEMORY:
        atomic.write_with(path, lambda file: _write_zip(file, members))
        return
    buffer = io.BytesIO()
    _write_zip(buffer, members)
    atomic.write_bytes(path, buffer.getbuffer())


def load_arrays(path: Path) -> dict[str, Any]:
    """Reads what `save_arrays` wrote: NumPy arrays by name, names sorted.

    Raises:
      BrokenRunError: no such file, or not arrays as `save_arrays` writes them.
    """
    path = pathlib.Path(path)
    try:
        file = opening.to_read(path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise BrokenRunError(f"{path} should be a file of arrays: {error}.") from error
    with file:
        try:
            members = _read_zip(file, os.fstat(file.fileno()).st_size)
            return _with_dtypes(members)
        except Exception as error:  # hostile bytes may break a parser in any way
            raise BrokenRunError(
                f"{path} should hold arrays as koki2 writes them, but does not: "
                f"{error}."
            ) from error


def check(arrays: Arrays) -> None:
    """Raises InputError for a name or an array that cannot be written."""
    import numpy as np

    for name, array in arrays.items():
        check_name(name)
        if type(array) is not np.ndarray:
            raise InputError(
                f"array {name!r} must be a plain NumPy array (np.asarray makes one; "
                f"jax.random.key_data makes one of a key), got {type(array).__name__}."
            )
        check_dtype(name, array.dtype)


def check_name(name: object) -> None:
    """Raises InputError for a name that cannot be written."""
    if not (isinstance(name, str) and _NAME.fullmatch(name)) or name == DTYPES:
        raise InputError(
            "the name of an array must be 1 to 1000 printable ASCII characters and "
            f"not {DTYPES!r}, got {name!r:.1100}."
        )


def check_dtype(name: str, dtype: DType) -> None:
    """Raises InputError for a dtype, of the array `name`, that cannot be written."""
    if not _is_number(dtype):
        raise InputError(
            f"array {name!r} must have a dtype of numbers (bool, int, float, complex, "
            f"or one of ml_dtypes), as others need pickle; got {dtype}. Text belongs "
            "into meta."
        )


def as_stored(array: Array) -> Any:
    """The array on the host as it is stored: C order, this machine's byte order, and
    a dtype that NumPy knows by itself."""
    import numpy as np

    array = np.asarray(array, array.dtype.newbyteorder("="), order="C")
    return array.view(stored_dtype(array.dtype))


def stored_dtype(dtype: DType) -> Any:
    """The dtype as which one is stored: unsigned integers for those of `ml_dtypes`."""
    import numpy as np

    return np.dtype(f"u{dtype.itemsize}") if _is_foreign(dtype) else dtype


def dtype_of(name: str) -> Any:
    """The NumPy dtype of a name, also of those of `ml_dtypes`.

    Raises:
      ValueError: it is not the name of a dtype of numbers.
    """
    import ml_dtypes
    import numpy as np

    kind = getattr(ml_dtypes, name, None)
    if isinstance(kind, type) and issubclass(kind, np.generic):
        return np.dtype(kind)
    try:
        dtype = np.dtype(name)
    except TypeError:
        raise ValueError(f"{name!r} is not the name of a dtype") from None
    if dtype.kind not in _KINDS:
        raise ValueError(f"dtype {dtype} is not a number's")
    return dtype


def _members(arrays: Arrays) -> dict[str, Any]:
    """The arrays, and beside them the names of the dtypes of `ml_dtypes`."""
    import numpy as np

    check(arrays)
    members = dict(arrays)
    foreign = {n: a.dtype.name for n, a in arrays.items() if _is_foreign(a.dtype)}
    if foreign:
        text = jsontext.encode(foreign, where=DTYPES, sort_keys=True)
        members[DTYPES] = np.frombuffer(text, np.uint8)
    return members


def _with_dtypes(members: dict[str, Any]) -> dict[str, Any]:
    """The arrays of stored members; the inverse of `_members`."""
    import numpy as np

    text = members.pop(DTYPES, None)
    if text is None:
        return members
    if text.dtype != np.uint8 or text.ndim != 1:
        raise ValueError(f"{DTYPES} is not text")
    for name, dtype_name in jsontext.decode(text.tobytes(), where=DTYPES).items():
        dtype = dtype_of(dtype_name)
        if not _is_foreign(dtype) or members[name].dtype != stored_dtype(dtype):
            raise ValueError(f"{name} is not stored as {dtype_name} is")
        members[name] = members[name].view(dtype)
    return members


def _write_zip(file: io.IOBase, members: dict[str, Any]) -> None:
    import numpy as np

    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            array = as_stored(members[name])
            header = io.BytesIO()
            description = np.lib.format.header_data_from_array_1_0(array)
            np.lib.format.write_array_header_1_0(header, description)
            entry = zipfile.ZipInfo(name + ".npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            entry.file_size = header.tell() + array.nbytes
            with archive.open(entry, "w") as member:
                member.write(header.getvalue())
                if array.nbytes:  # a view of nothing cannot be cast
                    member.write(memoryview(array).cast("B"))


def _read_zip(file: io.IOBase, size: int) -> dict[str, Any]:
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if len(entries) < len(archive.infolist()):
            raise ValueError("two arrays have one name")
        for entry in entries.values():
            if entry.compress_type or entry.file_size != entry.compress_size:
                raise ValueError("it is compressed, which koki2's arrays never are")
        if sum(entry.file_size for entry in entries.values()) > size:
            raise ValueError("it promises more bytes than it has")
        if not all(name.endswith(".npy") for name in entries):
            raise ValueError("it holds something other than arrays")
        arrays = {}
        for name in sorted(entries):
            with archive.open(entries[name]) as member:
                arrays[name[:-4]] = _read_array(member, entries[name].file_size)
        return arrays


def _read_array(member: Any, size: int) -> Any:
    import numpy as np

    version = np.lib.format.read_magic(member)
    if version != (1, 0):
        raise ValueError(f"array format {version} is not (1, 0)")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
    if dtype.kind not in _KINDS:
        raise ValueError(f"dtype {dtype} is not a number's")
    promised, held = math.prod(shape) * dtype.itemsize, size - member.tell()
    if min(shape, default=0) < 0 or promised != held:
        raise ValueError(f"shape {shape} must have {promised} bytes, has {held}")
    array = np.ndarray(shape, dtype, order="F" if fortran else "C")
    data = memoryview(array.reshape(-1, order="A").view(np.uint8))
    at = 0
    while at < promised and (count := member.readinto(data[at : at + 2**20])):
        at += count
    if at != promised or member.read(1):  # to its end, where the CRC is checked
        raise ValueError("an array ends before its bytes do")
    return np.asarray(array, order="C")


def _is_foreign(dtype: DType) -> bool:
    # 2 is a dtype of another package; float8_e5m2 passes for a float by its kind
    return dtype.isbuiltin == 2


def _is_number(dtype: DType) -> bool:
    if _is_foreign(dtype):
        return dtype.type.__module__ == "ml_dtypes" and dtype.itemsize in (1, 2, 4)
    return dtype.kind in _KINDS
