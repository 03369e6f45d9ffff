"""The XLA flags koki2 runs under: which, and how they join those of the user.

XLA reads the environment once, when its backend starts; so flags are chosen before JAX
is imported. Imports nothing, so that scripts may read the constants too.
"""

STRICT = (
    "--xla_cpu_max_isa=AVX",
    "--xla_allow_excess_precision=false",
    "--xla_disable_hlo_passes=fusion,algsimp,dot-library-rewriter,constant_folding",
)
"""Under these XLA neither fuses nor reorders, so that jit, vmap and scan give the very
bits of plain Python; see docs/determinism.md. tools/check.sh sets the same ones."""

SMALL_LOOPS = "xla_cpu_small_while_loop_byte_threshold=2000000000"
MAX_DEVICES = 8


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
        f"--xla_force_host_platform_device_count={min(cores, MAX_DEVICES)}",
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
