"""Which twin runs: only "auto" chooses; what was named runs or says why it cannot."""

import pathlib

import jax
import pytest

from koki2 import kernels
from koki2.kernels import cases
from koki2.kernels.dispatch import choose, NAMES, no_mosaic

ODD = "T must be a multiple of 64, got T=7."
FOLDER = pathlib.Path(kernels.__file__).parent
needs_mosaic = pytest.mark.skipif(no_mosaic() is not None, reason=str(no_mosaic()))


@pytest.fixture
def on():
    """`with on("NVIDIA H200")`: as when compiling for a device that is not here."""

    def described(kind):
        device = jax.sharding.AbstractDevice(
            device_kind=kind, num_cores=132, platform="gpu"
        )
        mesh = jax.sharding.AbstractMesh((1,), ("x",), abstract_device=device)
        return jax.sharding.use_abstract_mesh(mesh)

    return described


def test_a_misspelt_implementation_is_refused_with_the_list():
    with pytest.raises(ValueError, match="auto, reference, pallas.*got 'triton'"):
        choose("op", "triton", None)


def test_the_reference_always_runs():
    assert choose("op", "reference", ODD) == "reference"


@needs_mosaic
def test_a_processor_interprets_but_does_not_run_gpu_kernels():
    assert choose("op", "auto", None) == "reference"
    assert choose("op", "interpret", None) == "interpret"
    with pytest.raises(NotImplementedError, match=r"^op\(.*'pallas'\): .*9\.0.*cpu"):
        choose("op", "pallas", None)


@needs_mosaic
@pytest.mark.parametrize("kind", ["NVIDIA H200", "NVIDIA H100 80GB HBM3"])
def test_a_hopper_gpu_runs_kernels(on, kind):
    with on(kind):
        assert choose("op", "auto", None) == "pallas"
        assert choose("op", "pallas", None) == "pallas"


@needs_mosaic
@pytest.mark.parametrize("kind", ["NVIDIA A100-SXM4-80GB", "NVIDIA B200"])
def test_other_gpus_have_other_tensor_cores(on, kind):
    with on(kind):
        assert choose("op", "auto", None) == "reference"
        with pytest.raises(NotImplementedError, match=f"Hopper.*{kind}"):
            choose("op", "pallas", None)


@needs_mosaic
def test_arguments_that_do_not_fit_go_to_the_reference_if_auto_may_choose(on):
    with on("NVIDIA H200"):
        assert choose("op", "auto", ODD) == "reference"
        for named in ("pallas", "interpret"):
            with pytest.raises(NotImplementedError, match=f"{named}.*got T=7"):
                choose("op", named, ODD)


def test_an_old_jax_leaves_only_the_reference(monkeypatch):
    monkeypatch.setattr(jax, "__version__", "0.10.2")
    monkeypatch.setattr(jax, "__version_info__", (0, 10, 2))
    for name in NAMES[:2]:
        assert choose("op", name, None) == "reference"
    for name in NAMES[2:]:
        with pytest.raises(NotImplementedError, match="JAX >= 0.11, this is 0.10.2"):
            choose("op", name, None)


def test_every_gpu_kernel_has_a_tiny_case_and_one_to_time():
    with_kernel = {path.parent.name for path in FOLDER.glob("*/pallas.py")}
    for use in ("tiny", "bench"):
        assert {case.op for case in cases.CASES if case.use == use} == with_kernel
    names = [(case.op, case.name) for case in cases.CASES]
    assert len(set(names)) == len(names)
