"""Several processes that compute one run: they join, agree, stop and end together.

Each is started with the same command line, on one machine or on many, and computes on
its own devices; JAX makes one mesh of all of them, and what decides a search is put
together in the order of the items, so that bits depend neither on the number of devices
nor on that of processes. Process 0 alone writes the run folder and speaks.

    koki2 evo WORLD --distributed --coordinator HOST:PORT --process-count 2 \\
        --process-id 0                        # and another with --process-id 1
    srun koki2 evo WORLD --distributed        # Slurm and Open MPI say all of it

A process that calls `jax.distributed.initialize` itself and then `koki2.run` is served
the same way, but for the wire.
"""

import contextlib
import contextvars
import dataclasses
import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable, Generator, Mapping
from typing import Annotated, Any

from annotated_types import Ge

from koki2 import runlog
from koki2.session import native, startup, wire
from koki2.session.signals import Stop

_HEARTBEAT = 30  # seconds without one after which JAX gives a process up
_PATIENCE = 10  # seconds in which the wire says who is gone
_LEAVING = 120  # seconds that JAX waits at the end for the slowest

_wire: wire.Wire | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProcessOptions:
    """Computing one run in several processes, started with the same command line."""

    distributed: bool = False
    """Be one of several processes that compute this run together."""
    coordinator: str | None = None
    """HOST:PORT, of process 0 and a free port; none: Slurm or Open MPI say."""
    process_count: Annotated[int, Ge(1)] | None = None
    """How many processes there are; none: Slurm or Open MPI say."""
    process_id: Annotated[int, Ge(0)] | None = None
    """Which of them this is, from 0; none: Slurm or Open MPI say."""
    join_timeout: Annotated[int, Ge(1)] = 300
    """Seconds to wait for the others at the start."""


_ALONE = ProcessOptions()
asked: contextvars.ContextVar[ProcessOptions] = contextvars.ContextVar(
    "asked", default=_ALONE
)
"""What the command line says about processes."""


def join() -> None:
    """Joins the other processes, if the command line asks for that.

    Before JAX starts; a second call does nothing.

    Raises:
      InputError: it does not say which process this is, and nothing else does; or one
        of several is described, but `--distributed` is not there.
      OSError: the others did not come.
    """
    options = asked.get()
    described = [
        f"--{name.replace('_', '-')}"
        for name in ("coordinator", "process_count", "process_id")
        if getattr(options, name) is not None
    ]
    if not options.distributed:
        if described:
            raise runlog.InputError(
                f"{described[0]} must come with --distributed, got it alone."
            )
        return
    import jax

    if jax.distributed.is_initialized():
        return
    if startup.call.get().owns_process:
        native.hold_back()
    try:
        jax.distributed.initialize(
            options.coordinator,
            options.process_count,
            options.process_id,
            initialization_timeout=options.join_timeout,
            heartbeat_timeout_seconds=_HEARTBEAT,
            shutdown_timeout_seconds=_LEAVING,
        )
    except (ValueError, KeyError) as error:
        raise runlog.InputError(
            "with --distributed, --coordinator HOST:PORT, --process-count and "
            "--process-id must say which process this is, where neither Slurm nor "
            f"Open MPI does; {str(error)[:200]}"
        ) from None
    except RuntimeError as error:
        why = str(error).splitlines()[0][:200]
        if "DEADLINE" in why:
            why = f"they did not all come within {options.join_timeout} s: {why}"
        raise OSError(f"the processes cannot be joined: {why}") from None
    _connect(options)


def count() -> int:
    """Number of processes that compute together; 1 without others."""
    jax = sys.modules.get("jax")
    together = jax is not None and jax.distributed.is_initialized()
    return jax.process_count() if jax is not None and together else 1


def is_first() -> bool:
    """Whether this is the process that writes and speaks."""
    return count() == 1 or sys.modules["jax"].process_index() == 0


def agree(facts: Mapping[str, Any]) -> None:
    """Makes sure that all processes are about the same.

    Args:
      facts: what must be equal, by name; plain values.

    Raises:
      InputError: they differ; in every process, with what differs.
    """
    if count() == 1:
        return
    texts = {name: json.dumps(value, sort_keys=True) for name, value in facts.items()}
    first, *others = map(json.loads, gather(json.dumps(texts).encode()))
    for index, other in enumerate(others, 1):
        for name in sorted({*first, *other}):
            if first.get(name) != other.get(name):
                raise runlog.InputError(
                    f"all processes must be of one command line, code and machine "
                    f"setting; process {index} differs from process 0 in {name}: "
                    f"{str(other.get(name))[:200]}, not {str(first.get(name))[:200]}."
                )


def any_signal(stop: Stop) -> bool:
    """Whether any process was asked to stop; all that ask here get the same answer."""
    if count() == 1:
        return stop.signal is not None
    heard = max(int.from_bytes(x) for x in gather(bytes([stop.signal or 0])))
    if heard and stop.signal is None:
        stop.hear(heard)
    return heard > 0


def gather(data: bytes) -> list[bytes]:
    """What each process gives, by process; all of them must call it."""
    import jax
    import numpy as np
    from jax.experimental import multihost_utils

    with jax.transfer_guard("allow"):
        sizes = multihost_utils.process_allgather(np.int32(len(data)))
        padded = np.zeros(max(1, int(sizes.max())), np.uint8)
        padded[: len(data)] = np.frombuffer(data, np.uint8)
        rows = np.asarray(multihost_utils.process_allgather(padded))
    return [row[:n].tobytes() for row, n in zip(rows, sizes, strict=True)]


def share(data: bytes | None) -> bytes:
    """What process 0 gives, in every process; the others give None."""
    import jax
    import numpy as np
    from jax.experimental import multihost_utils

    if count() == 1:
        assert data is not None
        return data
    given = b"" if data is None else data
    with jax.transfer_guard("allow"):
        size = int(multihost_utils.broadcast_one_to_all(np.int32(len(given))))
        sent = np.zeros(max(1, size), np.uint8)
        sent[: len(given)] = np.frombuffer(given, np.uint8)
        return np.asarray(multihost_utils.broadcast_one_to_all(sent))[:size].tobytes()


def meet() -> None:
    """Waits until every process is here."""
    share(b"" if is_first() else None)


def share_json(say: Callable[[], Any]) -> Any:
    """What process 0 says, plain values, in every process; only it is asked."""
    if count() == 1:
        return say()
    return json.loads(share(json.dumps(say()).encode() if is_first() else None))


def share_arrays(arrays: Mapping[str, Any] | None) -> dict[str, Any]:
    """The arrays of process 0, in every process, bit for bit; the others give None."""
    import numpy as np

    if count() == 1:
        return dict(arrays or {})
    shapes = {name: (list(x.shape), x.dtype.name) for name, x in (arrays or {}).items()}
    told = json.loads(share(json.dumps(shapes).encode() if is_first() else None))
    found: dict[str, Any] = {}
    for name, (shape, dtype) in told.items():
        data = None if arrays is None else np.ascontiguousarray(arrays[name]).tobytes()
        read = np.frombuffer(bytearray(share(data)), np.dtype(dtype))
        found[name] = read.reshape(shape)
    return found


def leave(code: int) -> int:
    """Tells the other processes that this one ends; with an error it ends here.

    JAX would wait at its exit for processes that may never come.
    """
    if _wire is not None:
        _wire.leave(code)
        if code:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return code


@contextlib.contextmanager
def leaving() -> Generator[None]:
    """Ends one of several processes in which something was raised.

    A collective fails where another process is gone; then the wire says which, and
    ends this one. Anything else is a bug, and keeps its traceback.
    """
    try:
        yield
    except Exception as error:
        if _wire is None:
            raise
        if type(error).__name__ == "JaxRuntimeError":
            time.sleep(_PATIENCE)
        traceback.print_exc()
        leave(1)


def _connect(options: ProcessOptions) -> None:
    """Lays the wire between the processes that JAX has brought together."""
    global _wire
    import jax

    if jax.process_count() == 1:
        return
    index = jax.process_index()
    if index == 0:
        door = wire.Door()
        host = (options.coordinator or "").rpartition(":")[0] or socket.getfqdn()
        share(json.dumps([host, door.port, door.token.hex()]).encode())
        sockets = door.wait(jax.process_count() - 1)
    else:
        host, port, token = json.loads(share(None))
        sockets = wire.knock(host, port, bytes.fromhex(token), index)
    _wire = wire.Wire(sockets, index, native.end)
