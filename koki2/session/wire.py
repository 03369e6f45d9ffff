"""The wire: each process of a run hears at once that another one has ended.

A star of sockets around process 0. JAX itself finds a dead process too, but after a
while, and ends the others with pages of its own log. Here the system tells the moment a
socket closes, and each process leaves with one line and exit code 1. One that leaves in
order says so first, with its exit code, for the others may be about to leave likewise.

    bye INDEX CODE    process INDEX leaves with CODE
    lost INDEX        process INDEX is gone without a word
"""

import contextlib
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping

_GRACE = 5.0  # seconds in which a process may leave by itself after another did
_TOKEN_BYTES = 16  # what others must know who come to the door
_PATIENCE = 60.0  # seconds in which all must come to it

End = Callable[[str], object]
"""Ends this process, saying why."""


class Door:
    """Where process 0 waits for the others.

    Attributes:
      port: where it listens.
      token: what those who belong here say first.
    """

    def __init__(self) -> None:
        self._socket = socket.create_server(("", 0))
        self._socket.settimeout(_PATIENCE)
        self.port: int = self._socket.getsockname()[1]
        self.token = secrets.token_bytes(_TOKEN_BYTES)

    def wait(self, count: int) -> dict[int, socket.socket]:
        """Waits for the other `count` processes, and returns their sockets by index.

        Raises:
          OSError: they did not all come.
        """
        found: dict[int, socket.socket] = {}
        with self._socket:
            while len(found) < count:
                guest, _ = self._socket.accept()
                guest.settimeout(_PATIENCE)
                said = b""
                with contextlib.suppress(OSError):
                    said = guest.recv(_TOKEN_BYTES + 4, socket.MSG_WAITALL)
                token, index = said[:_TOKEN_BYTES], said[_TOKEN_BYTES:]
                if len(index) == 4 and secrets.compare_digest(token, self.token):
                    guest.settimeout(None)
                    found[int.from_bytes(index)] = guest
                else:
                    guest.close()
        return found


def knock(host: str, port: int, token: bytes, index: int) -> dict[int, socket.socket]:
    """Comes to the door of process 0, and returns the socket to it.

    Raises:
      OSError: there is no such door.
    """
    to_first = socket.create_connection((host, port), timeout=_PATIENCE)
    to_first.settimeout(None)
    to_first.sendall(token + index.to_bytes(4))
    return {0: to_first}


class Wire:
    """The sockets of one process, and a thread for each that listens.

    Args:
      sockets: to process 0; of process 0, to all others.
      index: which process this is.
      end: ends this process.
      grace: seconds in which it may leave by itself after another did.
    """

    def __init__(
        self,
        sockets: Mapping[int, socket.socket],
        index: int,
        end: End,
        grace: float = _GRACE,
    ) -> None:
        self._sockets, self._index, self._end = dict(sockets), index, end
        self._grace = grace
        self._has_left: set[int] = set()
        for other in self._sockets:
            threading.Thread(target=self._listen, args=(other,), daemon=True).start()

    def leave(self, code: int) -> None:
        """Tells the others that this process leaves, and with which exit code."""
        self._has_left.add(self._index)
        self._tell(f"bye {self._index} {code}")

    def _listen(self, other: int) -> None:
        data = b""
        with contextlib.suppress(OSError):
            while more := self._sockets[other].recv(1 << 12):
                *lines, data = (data + more).split(b"\n")
                for line in lines:
                    self._hear(other, *line.decode().split())
        if other not in self._has_left:
            self._hear(other, "lost", str(other))

    def _hear(self, source: int, word: str, index: str, code: str = "") -> None:
        if self._index == 0:
            self._tell(" ".join([word, index, code]).rstrip(), without=source)
        self._has_left.add(int(index))
        if self._index in self._has_left or code == "0":
            return
        how = f"has ended with exit code {code}" if code else "was lost"
        if word == "bye":
            time.sleep(self._grace)
        self._end(f"process {index} {how}, and so this one ends")

    def _tell(self, line: str, without: int | None = None) -> None:
        for other, there in self._sockets.items():
            if other not in (without, *self._has_left - {self._index}):
                with contextlib.suppress(OSError):
                    there.sendall(line.encode() + b"\n")
