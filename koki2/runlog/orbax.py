"""The Orbax back end of checkpoints: for states too large, or sharded, for one file.

Orbax writes a folder whose bytes differ from save to save, so the header keeps a
SHA-256 of every array instead: the promise is the loaded arrays. An array goes under
its number in the order of names, as a name may be longer than a file system allows.
Arrays without elements, which Orbax refuses, are in the header alone; dtypes of
`ml_dtypes`, of which it knows some, go as unsigned integers of their width.

Saving is synchronous: `save_async` returns before the state is on disk, and loses it
under kill. Orbax is imported when it is first used, for that takes half a second.
"""

import hashlib
import math
import pathlib
import sys
from collections.abc import Mapping
from typing import Any

from koki2.runlog import arrays as arrays_, atomic, opening
from koki2.runlog.errors import BrokenRunError
from koki2.runlog.types import Arrays, Values

TEMPORARY = "*.orbax-checkpoint-tmp*"


def is_usable() -> bool:
    """False where JAX runs in several processes.

    There process 0 writes alone what all have gathered, and Orbax would wait for the
    others for ever.
    """
    jax = sys.modules.get("jax")
    return jax is None or not jax.distributed.is_initialized()


def is_sharded(array: object) -> bool:
    """Whether an array is a JAX array that lies on more than one device."""
    sharding = getattr(array, "sharding", None)
    return sharding is not None and len(sharding.device_set) > 1


def check(arrays: Arrays) -> None:
    """Raises InputError for a name or an array that cannot be written."""
    arrays_.check({n: a for n, a in arrays.items() if not is_sharded(a)})
    for name, array in arrays.items():
        arrays_.check_name(name)
        if is_sharded(array):
            arrays_.check_dtype(name, array.dtype)


def save(path: pathlib.Path, arrays: Arrays) -> dict[str, Any]:
    """Writes the arrays to a new folder, durably; returns what the header must keep.

    Raises:
      OSError: the disk refused.
    """
    kept, leaves = {}, {}
    for number, name in enumerate(sorted(arrays)):
        array, host = arrays[name], arrays_.as_stored(arrays[name])
        kept[name] = {
            "dtype": array.dtype.name,
            "shape": list(array.shape),
            "sha256": _sha256(host),
        }
        if host.size:
            is_native = is_sharded(array) and host.dtype == array.dtype
            leaves[_leaf(number)] = array if is_native else host
    atomic.remove_tree(path)
    if leaves:
        from orbax.checkpoint import v1

        try:
            v1.save(str(path.absolute()), leaves)
        except Exception as error:  # tensorstore tells a full disk as a ValueError
            raise OSError(f"Orbax could not write {path}: {error}") from error
        atomic.sync_tree(path)
    return {"arrays": kept}


def load(path: pathlib.Path, kept: Values) -> dict[str, Any]:
    """Reads the arrays back as NumPy arrays, if they are those that the header keeps.

    The number of devices does not count. Raises:
      BrokenRunError: they are not.
    """
    import numpy as np

    described = kept.get("arrays")
    if not isinstance(described, dict):
        raise BrokenRunError(f"the header of {path} should describe arrays.")
    try:
        dtypes = {n: arrays_.dtype_of(d["dtype"]) for n, d in described.items()}
        likes = {
            _leaf(number): np.empty(
                described[name]["shape"], arrays_.stored_dtype(dtypes[name])
            )
            for number, name in enumerate(sorted(described))
        }
    except (KeyError, TypeError, ValueError, MemoryError) as error:
        raise BrokenRunError(
            f"the header of {path} describes no arrays: {error}."
        ) from error
    leaves = {leaf: like for leaf, like in likes.items() if not like.size}
    if len(leaves) < len(likes):
        leaves |= _load(path, {n: like for n, like in likes.items() if like.size})
    arrays = {}
    for number, name in enumerate(sorted(described)):
        array, like = leaves[_leaf(number)], likes[_leaf(number)]
        is_same = (array.dtype, array.shape) == (like.dtype, like.shape)
        if not is_same or _sha256(array) != described[name].get("sha256"):
            raise BrokenRunError(
                f"{path} should hold array {name!r} with the SHA-256 that its header "
                "keeps."
            )
        arrays[name] = array.view(dtypes[name])
    return arrays


def _load(path: pathlib.Path, likes: Mapping[str, Any]) -> dict[str, Any]:
    opening.check_tree(path)
    from orbax.checkpoint import v1

    try:
        return v1.load(str(path.absolute()), dict(likes))
    except Exception as error:  # damaged files may break a parser in any way
        raise BrokenRunError(
            f"{path} should hold arrays as Orbax writes them, but does not: {error}"
        ) from error


def _leaf(number: int) -> str:
    return f"a{number:06d}"


def _sha256(array: Any) -> str:
    import numpy as np

    data = np.asarray(array, order="C").reshape(-1).view(np.uint8)
    return hashlib.sha256(data).hexdigest() if math.prod(array.shape) else _NOTHING


_NOTHING = hashlib.sha256().hexdigest()
