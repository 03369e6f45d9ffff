"""The wire between processes: who hears what of whom."""

import contextlib
import socket
import threading

import pytest

from koki2.session.wire import Door, knock, Wire


class Company:
    """A process 0 and others, as threads; notes why each of them would end.

    One of them may be deaf, as if it were dead already.
    """

    def __init__(self, others, deaf=None, grace=0.01):
        door = Door()
        self.why, self.ended = {}, threading.Condition()
        guests = {}

        def come(index):
            guests[index] = knock("127.0.0.1", door.port, door.token, index)

        comers = [threading.Thread(target=come, args=(n,)) for n in others]
        for comer in comers:
            comer.start()
        sockets = {0: door.wait(len(others))}
        for comer in comers:
            comer.join()
        sockets |= guests
        self.sockets = sockets
        self.wires = {
            n: Wire(each, n, lambda why, n=n: self.end(n, why), grace)
            for n, each in sockets.items()
            if n != deaf
        }

    def end(self, index, why):
        with self.ended:
            self.why.setdefault(index, why)
            self.ended.notify_all()

    def lose(self, index):
        """Closes the sockets of a process, as the system does when it is killed."""
        for each in self.sockets[index].values():
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self):
        for index, sockets in self.sockets.items():
            self.lose(index)
            for each in sockets.values():
                each.close()

    def wait(self, *who):
        with self.ended:
            assert self.ended.wait_for(lambda: {*who} <= self.why.keys(), timeout=10)
        return self.why


@pytest.fixture
def company():
    with contextlib.closing(Company([1, 2])) as company:
        yield company


@pytest.mark.parametrize("lost, others", [(2, (0, 1)), (0, (1, 2))])
def test_all_hear_of_one_that_is_lost(lost, others):
    with contextlib.closing(Company([1, 2], deaf=lost)) as company:
        company.lose(lost)
        why = company.wait(*others)
        for index in others:
            assert why[index] == f"process {lost} was lost, and so this one ends"


def test_one_that_leaves_with_an_error_says_so_to_all(company):
    company.wires[1].leave(4)
    why = company.wait(0, 2)
    assert (
        why[0] == why[2] == "process 1 has ended with exit code 4, and so this one ends"
    )


def test_one_that_leaves_in_order_ends_no_other(company):
    for wire in company.wires.values():
        wire.leave(0)
    for index in (1, 2, 0):
        company.lose(index)
    company.end("last", "")
    company.wait("last")
    assert company.why == {"last": ""}


def test_a_stranger_at_the_door_is_sent_away():
    door, came = Door(), []

    def stranger():
        with socket.create_connection(("127.0.0.1", door.port)) as there:
            there.sendall(b"x" * 20)
        came.extend(knock("127.0.0.1", door.port, door.token, 1).values())

    comer = threading.Thread(target=stranger)
    comer.start()
    sockets = door.wait(1)
    comer.join()
    assert list(sockets) == [1]
    for each in (*sockets.values(), *came):
        each.close()
