"""Start-up: XLA flags, the compilation cache, debug switches, before JAX starts.

All of it goes into the environment, for JAX is not imported yet; where it is (a caller
in Python, a test), XLA has chosen its flags, which then stay as they are.
"""

import contextvars
import dataclasses
import os
import pathlib
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NoReturn

import tyro
from annotated_types import Ge, Le

from koki2 import runlog
from koki2.agents.catalogue import AGENTS
from koki2.evolution.configs import NURSING_VERSION
from koki2.session import compile_cache, environment, xla_flags

_RESTARTED = "KOKI2_RESTARTED"


Devices = Annotated[
    Annotated[int, Ge(1), Le(64)] | None,
    tyro.conf.arg(
        help="How many devices to compute on: the first so many GPUs, or as how many "
        "the CPU counts. It changes no bit. none: all, each core being one."
    ),
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class XlaOptions:
    """How XLA computes; the run's manifest keeps it."""

    strict_bits: bool = False
    """Run under the strict XLA flags: jit, eager and vmap agree to the bit, slowly."""
    fast_flags: bool = True
    """Run lives under XLA flags that are fast on CPUs; flags set in XLA_FLAGS stay."""
    devices: Devices = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class JaxOptions:
    """JAX's own switches; also accepted before the command."""

    jax_cache: bool = True
    """Keep compiled programs on disk, so that the next run need not compile."""
    jax_cache_dir: pathlib.Path | None = None
    """Where; none is $JAX_COMPILATION_CACHE_DIR, else koki2/jax in the user's cache.
    Of more than 2 GB the programs used longest ago go."""
    jax_log_compiles: bool = False
    """Log every compilation."""
    jax_explain_cache_misses: bool = False
    """Say why something was traced or compiled again."""
    jax_debug_nans: bool = False
    """Stop where a NaN first appears."""
    jax_disable_jit: bool = False
    """Run everything op by op, very slowly."""
    jax_check_tracer_leaks: bool = False
    """Stop where a traced value escapes."""
    jax_transfer_guard: (
        Literal["allow", "log", "disallow", "log_explicit", "disallow_explicit"] | None
    ) = None
    """What to do about transfers between host and device."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Call:
    """How this process was called."""

    argv: Sequence[str] = ()
    """The words after `koki2`."""
    owns_process: bool = False
    """Whether koki2 is all this process is for, so that it may start afresh."""
    was_restarted: bool = False
    """Whether it was started by `restart`, with the environment as it should be."""


_FROM_PYTHON = Call()
call: contextvars.ContextVar[Call] = contextvars.ContextVar(
    "call", default=_FROM_PYTHON
)
"""The call that is being served; by default, one from Python."""


def begin(argv: Sequence[str] | None) -> Call:
    """Notes the call: `argv`, or what the shell gave where that is None."""
    found = Call(
        argv=list(sys.argv[1:] if argv is None else argv),
        owns_process=argv is None,
        was_restarted=os.environ.pop(_RESTARTED, None) is not None,
    )
    call.set(found)
    return found


def prepare(xla: XlaOptions, jax_options: JaxOptions) -> None:
    """Makes the environment that JAX shall start in; may start this process afresh.

    Raises:
      InputError: a cache folder that cannot be made; strict bits in a process that
        is not koki2's own; or JAX has started under other numbers than koki2's.
    """
    environment.neutralise()
    _choose_xla_flags(xla)
    _choose_cache(jax_options)
    for field in dataclasses.fields(jax_options):
        value = getattr(jax_options, field.name)
        if value not in (False, None) and not field.name.startswith("jax_cache"):
            _set(field.name, value)


def restore(
    manifest: Mapping[str, Any], where: str, devices: int | None = None
) -> None:
    """Sees to the XLA flags and JAX variables under which a run was made.

    Where this process has others it starts afresh with those of the manifest, for the
    same bits can only be promised under the same flags.

    Args:
      manifest: of the run.
      where: it lies, for errors.
      devices: on how many to compute; None: as the run was.

    Raises:
      BrokenRunError: the manifest keeps a variable that koki2 never keeps.
      InputError: a value that is not set for a run folder's sake; or they differ and
        this process is not koki2's own.
    """
    if devices is not None:
        _choose_gpus(devices)
    changes = environment.changes(manifest, where, devices)
    if changes and not call.get().was_restarted:
        restart(changes, "as the run was made under other flags")


def restart(changes: Mapping[str, str | None], why: str) -> NoReturn:
    """Starts this very command line afresh with some variables set, or unset (None).

    Raises:
      InputError: this process belongs to somebody else, who would be replaced.
    """
    told = " ".join(f"{name}={value or ''!r}" for name, value in changes.items())
    if not call.get().owns_process:
        raise runlog.InputError(
            f"this needs a process of its own with {told}, {why}; run it from a shell."
        )
    print(f"koki2: starting afresh with {told}, {why}", file=sys.stderr)
    variables = {k: v for k, v in os.environ.items() if k not in changes}
    variables |= {name: v for name, v in changes.items() if v is not None}
    variables[_RESTARTED] = "1"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], variables)


def manifest(command: str, seed: int, config: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a run that this process starts. Imports JAX.

    Args:
      command: the koki2 command.
      seed: the run's seed.
      config: the resolved config in plain values.
    """
    import jax

    found = runlog.manifest(
        command=command,
        argv=["koki2", *call.get().argv],
        seed=seed,
        config=config,
        devices=[f"{device} ({device.device_kind})" for device in jax.devices()],
        strict_bits=xla_flags.is_strict(os.environ.get("XLA_FLAGS", "")),
    )
    return found | {
        "versions": found["versions"] | _part_versions(config),
        # What a caller in Python has set otherwise than by the environment.
        "environment": found["environment"] | environment.of_jax(),
    }


def _part_versions(config: Mapping[str, Any]) -> dict[str, str]:
    """The versions of what a run is made of, where its config names it."""
    found, agent = {}, config.get("agent")
    if isinstance(agent, Mapping) and "agent" in agent:
        name = agent["agent"]
        found[f"agent {name}"] = str(AGENTS.find(name).version)
    if "nursing" in config:
        found["nursing"] = str(NURSING_VERSION)
    return found


def cores() -> int:
    """CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _choose_xla_flags(options: XlaOptions) -> None:
    current = os.environ.get("XLA_FLAGS", "")
    if options.devices is not None and not call.get().was_restarted:
        if "jax" in sys.modules:
            raise runlog.InputError(
                "--devices must be known before JAX starts, and this process has "
                "started it; run koki2 from a shell."
            )
        current = xla_flags.with_devices(current, options.devices)
        os.environ["XLA_FLAGS"] = current
        _choose_gpus(options.devices)
    if options.strict_bits:
        if not xla_flags.is_strict(current):
            restart({"XLA_FLAGS": xla_flags.with_strict(current)}, "for --strict-bits")
    elif options.fast_flags and not call.get().was_restarted:
        is_cpu = os.environ.get("JAX_PLATFORMS", "") in ("", "cpu")
        if is_cpu and "jax" not in sys.modules and not xla_flags.is_strict(current):
            os.environ["XLA_FLAGS"] = xla_flags.with_fast(current, cores())


def _choose_gpus(count: int) -> None:
    """Shows JAX the first so many GPUs of those that this process may see."""
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = seen.split(",") if seen else [str(n) for n in range(count)]
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(names[:count])


def _choose_cache(options: JaxOptions) -> None:
    if not options.jax_cache:
        _set("jax_enable_compilation_cache", False)
        return
    # An entry torn by a killed process only costs a compilation.
    warnings.filterwarnings(
        "ignore", "Error reading persistent compilation cache entry", UserWarning
    )
    folder = options.jax_cache_dir
    if folder is None:
        if _is_set("jax_compilation_cache_dir"):
            return
        folder = compile_cache.user_folder("jax")
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        if options.jax_cache_dir is not None:
            raise runlog.InputError(
                f"--jax-cache-dir must be a folder to write to, but {error}."
            ) from None
        return
    compile_cache.trim(folder)
    _set("jax_compilation_cache_dir", str(folder))
    _set("jax_persistent_cache_min_compile_time_secs", 0)
    _set("jax_persistent_cache_min_entry_size_bytes", -1)


def _is_set(name: str) -> bool:
    if "jax" in sys.modules:
        return getattr(sys.modules["jax"].config, name) is not None
    return bool(os.environ.get(name.upper()))


def _set(name: str, value: Any) -> None:
    if "jax" in sys.modules:
        sys.modules["jax"].config.update(name, value)
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        os.environ[name.upper()] = text
