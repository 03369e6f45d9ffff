"""Manifests say what bits depend on, and name what changed."""

import copy
import json
import subprocess
import sys

import pytest

from koki2.runlog import differences, manifest
from koki2.runlog.manifest import git_state


@pytest.fixture
def now():
    return manifest(
        command="evo-l0",
        argv=["evo-l0", "--lr", "0.1"],
        seed=7,
        config={"lr": 0.1},
        devices=["TFRT_CPU_0"],
        strict_bits=True,
    )


def test_a_manifest_is_plain_and_knows_this_machine(now):
    assert json.loads(json.dumps(now)) == now
    assert now["versions"]["python"] == sys.version.split()[0]
    assert {"jax", "jaxlib", "numpy"} <= set(now["versions"])
    assert now["seed"] == 7 and len(now["config_digest"]) == 64


@pytest.mark.parametrize(
    "path, value, words",
    [
        (("git", "commit"), "abc", "koki2 commit: {} then, abc now"),
        (("versions", "jaxlib"), "9.9", "jaxlib version: {} then, 9.9 now"),
        (("platform", "machine"), "riscv", "platform machine: {} then, riscv now"),
        (("cpu", "model"), "Z80", "CPU model: {} then, Z80 now"),
        (
            ("cpu", "flags"),
            ["avx", "fma"],
            "CPU instruction sets that differ: sse2 then, fma now",
        ),
        (("devices",), ["cuda:0"], "devices: TFRT_CPU_0 then, cuda:0 now"),
        (("environment", "XLA_FLAGS"), "-x", "XLA_FLAGS: unknown then, -x now"),
        (("config_digest",), "f00", "config digest: {} then, f00 now"),
        (("strict_bits",), False, "strict bits: True then, False now"),
    ],
)
def test_each_change_that_may_change_bits_is_named(now, path, value, words):
    now["git"] = {"commit": "0ff1ce", "dirty": False}
    now["environment"], now["cpu"]["flags"] = {}, ["avx", "sse2"]
    changed = copy.deepcopy(now)
    place, old = changed, now
    for name in path[:-1]:
        place, old = place[name], old[name]
    place[path[-1]] = value
    old = old.get(path[-1])
    assert differences(now, changed) == [words.format(old)]


def test_times_and_command_lines_are_no_difference(now):
    now["git"] = {"commit": "0ff1ce", "dirty": False}
    later = now | {"created_at_utc": "2100-01-01T00:00:00Z", "argv": [], "seed": 8}
    later["cpu"] = now["cpu"] | {"count": 1024}
    assert differences(now, later) == []


def test_uncommitted_changes_are_always_a_difference(now):
    now["git"] = {"commit": "0ff1ce", "dirty": True}
    (found,) = differences(now, now)
    assert found.startswith("koki2 had uncommitted changes then and now")


def test_a_manifest_from_elsewhere_is_compared_and_not_choked_on(now):
    assert "jax version: unknown then" in " ".join(differences({"git": 3}, now))


def test_git_state_of_no_checkout_a_fresh_a_clean_and_a_dirty_one(tmp_path):
    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        command = ["git", "-C", str(tmp_path), *who, *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    assert git_state(tmp_path) == {"commit": None, "dirty": None}
    git("init", "-q")
    assert git_state(tmp_path) == {"commit": None, "dirty": True}
    git("commit", "-q", "--allow-empty", "-m", "first")
    commit = git("rev-parse", "HEAD")
    assert git_state(tmp_path) == {"commit": commit, "dirty": False}
    (tmp_path / "new.py").touch()
    assert git_state(tmp_path) == {"commit": commit, "dirty": True}
    (tmp_path / "inside").mkdir()  # as a site-packages in somebody's checkout
    assert git_state(tmp_path / "inside") == {"commit": None, "dirty": None}
