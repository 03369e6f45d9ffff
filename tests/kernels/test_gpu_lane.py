"""The lane that compiles GPU kernels: what it reads, and what it does elsewhere."""

import os
import pathlib
import subprocess

import jax
import pytest

from koki2.kernels import cases
from koki2.kernels.dispatch import no_mosaic
from tools.gpu_lane import lane

SCRIPT = pathlib.Path(lane.__file__).with_name("run.sh")
PTXAS = """ptxas info    : Compiling entry function 'one_mosaic_gpu_kernel' for 'sm_90a'
ptxas info    : Function properties for one_mosaic_gpu_kernel
    8 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 94 registers, used 2 barriers, 1 bytes smem
ptxas info    : Compiling entry function 'two_mosaic_gpu_kernel' for 'sm_90a'
ptxas info    : Function properties for two_mosaic_gpu_kernel
    360 bytes stack frame, 372 bytes spill stores, 360 bytes spill loads
ptxas info    : Used 255 registers, used 2 barriers, 1 bytes smem
"""


@pytest.mark.skipif(no_mosaic() is not None, reason=str(no_mosaic()))
def test_shared_memory_is_what_the_launch_asks_for():
    """Tiles of 64 x 128 bfloat16 are 16 KiB: q, and two each of k and v, are five.

    lse (64 floats) and three 8-byte barriers come on top, and what Mosaic adds.
    """
    case = next(c for c in cases.CASES if c.name == "tiny-wide")
    shapes = cases.shapes(case)
    device = jax.sharding.AbstractDevice(
        device_kind="NVIDIA H200", num_cores=132, platform="gpu"
    )
    mesh = jax.sharding.AbstractMesh((1,), ("x",), abstract_device=device)
    with jax.sharding.use_abstract_mesh(mesh):
        traced = jax.jit(cases.forward(case, "pallas")).trace(*shapes)
        (launch,) = lane.launches(traced.lower(lowering_platforms=("cuda",)))
    assert launch.name == "attention_forward"
    least = 5 * 16 * 1024 + 64 * 4 + 3 * 8
    assert least <= launch.shared < least + 16 * 1024


def test_shared_memory_has_a_limit_of_227_kib():
    fits, large = lane.Launch("fits", 232448), lane.Launch("large", 232449)
    assert lane.over([fits]) is None
    assert lane.over([fits, large]).startswith("large needs 232,449 B of shared")


def test_registers_and_spills_are_read_from_what_ptxas_says():
    assert lane.resources(PTXAS) == {"one": (94, 0), "two": (255, 372)}
    assert lane.resources("nothing of the kind") == {}


def test_where_it_cannot_run_it_says_so_aloud_and_does_not_fail(tmp_path):
    elsewhere = tmp_path / "uname"
    elsewhere.write_text("#!/bin/sh\necho Darwin arm64\n")
    elsewhere.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", SCRIPT], env={"PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout.startswith("!! THE GPU LANE DID NOT RUN: it needs Linux x86_64")
