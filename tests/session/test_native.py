"""What libraries print is held back, and lost only where koki2 says what happened."""

import subprocess
import sys

import pytest

CODE = """
import os, sys, time
from koki2.session import native
native.hold_back()
os.write(1, b"from gloo")
os.write(2, b"a page of JAX")
print("ours")
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", CODE + code], capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def test_the_line_of_an_end_stands_alone():
    code, out, err = run("native.end('process 1 was lost')")
    assert (code, out, err) == (1, "ours\n", "koki2: process 1 was lost\n")


@pytest.mark.slow
def test_an_abort_waits_until_all_is_said():
    """Called as JAX does, in C++ and without Python's lock."""
    found = run("import ctypes; ctypes.CDLL(None).abort()")
    assert found == (-6, "ours\n", "a page of JAX")


def test_what_is_not_followed_by_an_end_is_passed_on():
    assert run("time.sleep(3)") == (0, "ours\n", "a page of JAX")
