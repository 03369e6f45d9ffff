"""dispatch: which implementation of a kernel runs; the one place where that is decided.

"reference" is plain JAX and runs anywhere; "pallas" is the Mosaic GPU kernel;
"interpret" is the same kernel, executed step by step on a CPU. Only "auto" chooses.
"""

from typing import Literal

import jax

Implementation = Literal["auto", "reference", "pallas", "interpret"]
Chosen = Literal["reference", "pallas", "interpret"]

NAMES = ("auto", "reference", "pallas", "interpret")
HOPPER = ("H100", "H200", "H20", "H800", "GH200")
"""Names of GPUs with compute capability 9.0, for devices that are only described."""


def choose(op: str, implementation: str, problem: str | None) -> Chosen:
    """Which implementation runs: what was named, or what suits where it is "auto".

    Decided while tracing, from shapes, dtypes and the device; never from data.

    Args:
      op: name of the kernel, for the message.
      implementation: as the caller of the door gave it.
      problem: why the kernel cannot run on these arguments; None if it can.

    Returns:
      "auto" becomes "pallas" if nothing stands against it, else "reference".

    Raises:
      ValueError: if there is no such implementation.
      NotImplementedError: if one was named that cannot run here; the message says why.

    Example:
      >>> choose("attention", "auto", "T must be a multiple of 64, got T=7.")
      'reference'
    """
    if implementation not in NAMES:
        raise ValueError(
            f"{op}: implementation must be one of {', '.join(NAMES)}, "
            f"got {implementation!r}."
        )
    if implementation == "reference":
        return "reference"
    obstacle = no_mosaic() or problem
    if implementation != "interpret":
        obstacle = obstacle or no_hopper()
    if obstacle is None:
        return "interpret" if implementation == "interpret" else "pallas"
    if implementation == "auto":
        return "reference"
    raise NotImplementedError(f"{op}(implementation={implementation!r}): {obstacle}")


def no_mosaic() -> str | None:
    """Why this JAX cannot build our kernels, or None if it can."""
    if jax.__version_info__ >= (0, 11):
        return None
    return f"Mosaic GPU kernels need JAX >= 0.11, this is {jax.__version__}."


def no_hopper() -> str | None:
    """Why our kernels do not run on the device at hand, or None if they do.

    That device is the one of the mesh that is set (it may be only a description, as
    when compiling ahead of time), else the default one.
    """
    need = "the kernel needs a GPU of compute capability 9.0 (Hopper)"
    described = jax.sharding.get_abstract_mesh().abstract_device
    if described is not None:
        known = described.device_kind.replace("-", " ").split()
        if described.platform == "gpu" and any(name in HOPPER for name in known):
            return None
        return f"{need}, the mesh is of {described.device_kind}."
    device = jax.config.jax_default_device
    if isinstance(device, str):  # a platform's name
        device = jax.devices(device)[0]
    device = device or jax.devices()[0]
    if getattr(device, "compute_capability", None) == "9.0":
        return None
    return f"{need}, the default device is {device.device_kind} ({device.platform})."
