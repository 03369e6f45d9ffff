"""Estimates of memory against measured peaks, each in a process of its own."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

from koki2 import evolution
from koki2.cli import flags
from koki2.cli.commands import COMMANDS

ROOT = pathlib.Path(__file__).parents[2]
CODE = """
import re, sys
from koki2.cli import main
code = main(sys.argv[1:])
# Not ru_maxrss, which begins with the peak of the process that started this one.
print("peak", re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
sys.exit(code)
"""
UNIT = 1024  # of VmHWM, in bytes

SHORT = "--generations 2 --checkpoint-every 1 --steps 4"
ONE = f"{SHORT} --episodes 1"
LINES = {
    "default": "evo chemotaxis --generations 4",
    "wide population": f"evo chemotaxis {ONE} --pop-size 65536",
    "many episodes": f"evo chemotaxis {SHORT} --episodes 131072",
    "large agents": f"evo chemotaxis {ONE} --n-neurons 1024 --k-edges 256",
    "large plastic agents": (
        f"evo chemotaxis {ONE} --n-neurons 512 --k-edges 256 --plast-enabled "
        "--plast-eta 0.1"
    ),
    "matrices": f"evo chemotaxis {ONE} --strategy cma_es --n-neurons 200",
    "rules": f"evo chemotaxis {ONE} --encoding cppn --n-neurons 1024",
    "archive": "qd chemotaxis --generations 2 --checkpoint-every 1 --shape 512 512",
    "large archive": (
        "qd chemotaxis --generations 4 --checkpoint-every 1 --shape 1024 512"
    ),
    "long chunk": "evo chemotaxis --generations 400000 --checkpoint-every 400000 "
    "--steps 1 --episodes 1 --pop-size 2 --n-neurons 2 --k-edges 1",
}


def estimated(line):
    name, *words = line.split()
    options = COMMANDS[name].load().Options
    config = flags.parse(COMMANDS[name], options, words).options.settings.config
    return evolution.estimate(config)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("name", LINES)
def test_an_estimate_is_within_a_factor_of_two(tmp_path, name):
    words = [*LINES[name].split(), "--out-dir", str(tmp_path / "run"), "--force"]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words],
        env=os.environ | {"PYTHONPATH": str(ROOT), "XLA_FLAGS": ""},  # as users have it
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    peak = UNIT * int(re.search(r"peak (\d+)", done.stdout)[1])
    found = estimated(LINES[name])
    print(f"{name}: {peak / 1e6:.0f} MB, estimated {found.peak / 1e6:.0f} MB", found)
    assert 0.5 < found.peak / peak < 2, found
