"""The XLA flags koki2 runs under: which, and how they join those of the user.

XLA reads the environment once, when its backend starts; so flags are chosen before JAX
is imported. Imports nothing of koki2, so that scripts may read the constants too.
"""

import re

STRICT = (
    "--xla_cpu_max_isa=AVX",
    "--xla_allow_excess_precision=false",
    "--xla_disable_hlo_passes=fusion,algsimp,dot-library-rewriter,constant_folding",
)
"""Under these XLA neither fuses nor reorders, so that jit, vmap and scan give the very
bits of plain Python; see docs/determinism.md. tools/check.sh sets the same ones."""

SMALL_LOOPS = "xla_cpu_small_while_loop_byte_threshold=2000000000"
MAX_DEVICES = 8
_DEVICES = "--xla_force_host_platform_device_count"


def fast(cores: int) -> tuple[str, ...]:
    """Flags under which whole lives roll out fastest on a CPU of that many cores.

    Small loops run on the thread that calls them, and each core is a device of its
    own, eight at most.

    Example:
      >>> fast(2)[1]
      '--xla_force_host_platform_device_count=2'
    """
    return (
        f"--xla_backend_extra_options={SMALL_LOOPS}",
        f"{_DEVICES}={min(cores, MAX_DEVICES)}",
    )


def with_fast(current: str, cores: int) -> str:
    """`current` with the fast flags before it; one that is set there already stays.

    Example:
      >>> with_fast("--xla_force_host_platform_device_count=1", cores=2).split()[1:]
      ['--xla_force_host_platform_device_count=1']
    """
    taken = {flag.partition("=")[0] for flag in current.split()}
    added = [flag for flag in fast(cores) if flag.partition("=")[0] not in taken]
    return " ".join([*added, *current.split()])


def with_devices(current: str, count: int) -> str:
    """`current` with that many CPU devices, whatever it said of them before.

    Example:
      >>> with_devices("--xla_a=1 --xla_force_host_platform_device_count=2", 4)
      '--xla_a=1 --xla_force_host_platform_device_count=4'
    """
    return f"{without_devices(current)} {_DEVICES}={count}".lstrip()


def without_devices(current: str) -> str:
    """`current` without the number of CPU devices, which changes no bit."""
    kept = (flag for flag in current.split() if flag.partition("=")[0] != _DEVICES)
    return " ".join(kept)


def without_fast(current: str) -> str:
    """`current` without what `with_fast` adds, which changes no bit.

    Example:
      >>> without_fast(with_fast("--xla_cpu_max_isa=AVX2", cores=2))
      '--xla_cpu_max_isa=AVX2'
    """
    names = {flag.partition("=")[0] for flag in fast(1)}
    is_ours = lambda flag: (
        flag in fast(1) or (flag.partition("=")[0] in names and "device_count" in flag)
    )
    return " ".join(flag for flag in current.split() if not is_ours(flag))


def with_strict(current: str) -> str:
    """`current` with the strict flags behind it, where they win.

    Example:
      >>> is_strict(with_strict("--xla_cpu_max_isa=AVX2"))
      True
    """
    return " ".join([*(f for f in current.split() if f not in STRICT), *STRICT])


def is_strict(current: str) -> bool:
    """Whether the strict flags are all there."""
    return set(STRICT) <= set(current.split())


_TRUTH = "true|false|1|0"
_LISTED = {
    "xla_cpu_max_isa": r"\w{1,20}",
    "xla_allow_excess_precision": _TRUTH,
    "xla_disable_hlo_passes": r"[a-z0-9_,-]{1,400}",
    "xla_force_host_platform_device_count": r"[1-9]|[1-5]\d|6[0-4]",
    "xla_backend_optimization_level": r"[0-3]",
    "xla_cpu_parallel_codegen_split_count": r"[1-9]\d{0,2}",
    "xla_llvm_disable_expensive_passes": _TRUTH,
    "xla_cpu_enable_fast_math": _TRUTH,
    "xla_cpu_enable_fast_min_max": _TRUTH,
    "xla_cpu_multi_thread_eigen": _TRUTH,
    "xla_cpu_use_thunk_runtime": _TRUTH,
    "xla_cpu_enable_concurrency_optimized_scheduler": _TRUTH,
    "xla_gpu_deterministic_ops": _TRUTH,
    "xla_gpu_exclude_nondeterministic_ops": _TRUTH,
    "xla_gpu_autotune_level": r"[0-4]",
    "xla_gpu_enable_triton_gemm": _TRUTH,
    "xla_gpu_enable_latency_hiding_scheduler": _TRUTH,
    "xla_backend_extra_options": (
        r"xla_cpu_small_while_loop_byte_threshold=\d{1,10}|"
        r"xla_cpu_disable_new_fusion_emitters"
    ),
}
"""Flags that a run folder may set, and the values of each: they choose how numbers are
computed, and neither read nor write a file."""


def unlisted(flags: str) -> list[str]:
    """Those of some flags that a run folder may not set, in their order.

    Example:
      >>> unlisted("--xla_cpu_max_isa=AVX2 --xla_dump_to=/home")
      ['--xla_dump_to=/home']
    """
    return [flag for flag in flags.split() if not _is_listed(flag)]


def _is_listed(flag: str) -> bool:
    name, _, value = flag.partition("=")
    pattern = _LISTED.get(name.removeprefix("--")) if name.startswith("--") else None
    if pattern is None:
        return False
    parts = [value or "true"]
    if name == "--xla_backend_extra_options":
        parts = value.split(",")
    return all(re.fullmatch(pattern, part) for part in parts)
