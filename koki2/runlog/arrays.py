"""Named NumPy arrays in one `.npz`: same arrays, same bytes; and no pickle, ever.

The files are plain `.npz` that `numpy.load` reads. Ours differ in that they are
reproducible (names sorted, no dates, nothing compressed), and our reader in that it
believes nothing: sizes are checked against the bytes at hand before memory is taken,
and only numbers come out. Sizes in bytes.
"""

import io
import math
import os
import pathlib
import re
import zipfile
from collections.abc import Mapping
from typing import Any

from koki2.runlog import atomic
from koki2.runlog.errors import BrokenRunError, InputError

MAX_BYTES = 2**31
_OVERHEAD = 2**10  # at most, per array
_NAME = re.compile(r"[ -~]{1,200}")
_KINDS = "biufc"  # bool, int, unsigned, float, complex


def save_arrays(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Writes arrays to `path`, durably and whole or not at all.

    Args:
      path: where to, as "best_genome.npz".
      arrays: NumPy arrays of numbers by name; "/" may be in a name.

    Raises:
      InputError: something that is not such an array, or more than 2 GiB.

    Example:
      >>> import numpy as np, tempfile
      >>> path = pathlib.Path(tempfile.mkdtemp()) / "best_genome.npz"
      >>> save_arrays(path, {"genome": np.arange(3)})
      >>> load_arrays(path)["genome"].tolist()
      [0, 1, 2]
    """
    atomic.write_bytes(path, pack(arrays))


def load_arrays(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads what `save_arrays` wrote: NumPy arrays by name, names sorted.

    Raises:
      BrokenRunError: no such file, or not arrays as `save_arrays` writes them.
    """
    path = pathlib.Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BrokenRunError(
                f"{path} should hold at most {MAX_BYTES} bytes, so that it fits in "
                f"memory, but holds {path.stat().st_size}."
            )
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise BrokenRunError(f"{path} should be a file of arrays: {error}.") from error
    return unpack(data, where=str(path))


def pack(arrays: Mapping[str, Any]) -> bytes:
    """The bytes of an `.npz`, which depend on names and values only.

    Memory order and byte order are made ours (C, this machine's), so they do not
    count as differences. Raises as `save_arrays` does.
    """
    import numpy as np

    total = sum(_checked(name, value).nbytes for name, value in arrays.items())
    if total + _OVERHEAD * (len(arrays) + 1) > MAX_BYTES:
        raise InputError(
            f"arrays should fit in a file of {MAX_BYTES} bytes, as it is packed in "
            f"memory, but take {total} in {len(arrays)} parts."
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            value, member = arrays[name], io.BytesIO()
            value = np.asarray(value, value.dtype.newbyteorder("="), order="C")
            np.lib.format.write_array(member, value, allow_pickle=False)
            entry = zipfile.ZipInfo(name + ".npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, member.getbuffer())
    return buffer.getvalue()


def unpack(data: bytes, *, where: str) -> dict[str, Any]:
    """The arrays in the bytes of an `.npz`. `where` names them in errors.

    Raises:
      BrokenRunError: damaged, compressed, or anything but arrays of numbers.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            if len(set(names)) < len(names):
                raise ValueError("two arrays have one name")
            if any(e.compress_type or e.file_size != e.compress_size for e in entries):
                raise ValueError("it is compressed, which koki2's arrays never are")
            if sum(entry.file_size for entry in entries) > len(data):
                raise ValueError("it promises more bytes than it has")
            if not all(name.endswith(".npy") for name in names):
                raise ValueError("it holds something other than arrays")
            return {name[:-4]: _array(archive.read(name)) for name in sorted(names)}
    except Exception as error:  # hostile bytes may break a parser in any way it likes
        raise BrokenRunError(
            f"{where} should hold arrays as koki2 writes them, but does not: {error}."
        ) from error


def _array(data: bytes) -> Any:
    import numpy as np

    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"array format {version} is not (1, 0)")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in _KINDS:
        raise ValueError(f"dtype {dtype} is not a number's")
    start = file.tell()
    promised, there = math.prod(shape) * dtype.itemsize, len(data) - start
    if min(shape, default=0) < 0 or promised != there:
        raise ValueError(f"shape {shape} wants {promised} bytes, not {there}")
    order = "F" if fortran else "C"
    return np.ndarray(shape, dtype, data, offset=start, order=order).copy(order="C")


def _checked(name: Any, value: Any) -> Any:
    import numpy as np

    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise InputError(
            f"an array's name wants 1 to 200 printable ASCII characters, got {name!r}."
        )
    if type(value) is not np.ndarray:
        raise InputError(
            f"array {name!r} should be a plain NumPy array (np.asarray makes one; "
            f"jax.random.key_data makes one of a key), got {type(value).__name__}."
        )
    dtype = value.dtype
    # 2 is a dtype of another package, as float8_e5m2, which passes for a float
    if dtype.kind not in _KINDS or dtype.isbuiltin == 2:
        raise InputError(
            f"array {name!r} should have a NumPy dtype of numbers (bool, int, float, "
            f"complex), as others need pickle or come back as something else; got "
            f"{dtype}. Convert it first: bfloat16 to float32, text to meta."
        )
    return value
