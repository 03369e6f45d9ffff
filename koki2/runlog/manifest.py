"""The manifest: on what code and what machine a run was made, as far as bits go.

Everything is found out without importing JAX: versions from package metadata, the
processor from /proc/cpuinfo, the commit from git. What only JAX knows, the devices,
the caller says. `differences` reads two manifests and says what may change bits.
"""

import os
import pathlib
import platform
import re
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from koki2.runlog import jsontext, variables
from koki2.runlog.errors import BrokenRunError
from koki2.runlog.types import Values

_PACKAGES = (
    "koki2 jax jaxlib jax-cuda12-plugin jax-cuda12-pjrt jax-cuda13-plugin "
    "jax-cuda13-pjrt ml-dtypes numpy scipy chex optax evosax"
).split()
_ENVIRONMENT = (*variables.HEARD, *variables.FIXED)
MAX_SEED = 2**31 - 1
_TYPES = {
    "created_at_utc": (str, "a text"),
    "command": (str, "a text"),
    "argv": (list, "a list of texts"),
    "seed": (int, f"an integer >= 0 and <= {MAX_SEED}"),
    "config_digest": (str, "a text"),
    "identity": (str, "a text"),
    "git": (dict, "an object"),
    "versions": (dict, "an object"),
    "platform": (dict, "an object"),
    "cpu": (dict, "an object"),
    "devices": (list, "a list of texts"),
    "environment": (dict, "an object"),
    "strict_bits": (bool, "true or false"),
    "streams": (dict, "an object"),
}
_CPU_FLAGS = re.compile(
    r"sse\w*|ssse3|avx\w*|fma4?|f16c|amx\w*|bmi\d|asimd\w*|sve\w*|fphp|bf16|i8mm"
)


def manifest(
    *,
    command: str,
    argv: Sequence[str],
    seed: int,
    config: object,
    devices: Sequence[str],
    strict_bits: bool = False,
) -> dict[str, Any]:
    """Describes a run about to start, in plain values.

    Args:
      command: the koki2 command, as "evo-l0".
      argv: the command line as typed.
      seed: the seed of the run.
      config: the resolved config in plain values; only its digest is kept here.
      devices: what JAX computes on, in words, one per device.
      strict_bits: whether the strict XLA flags of the determinism contract are on.

    Example:
      >>> found = manifest(command="evo-l0", argv=[], seed=0, config={}, devices=[])
      >>> sorted(found)[:6]
      ['argv', 'command', 'config_digest', 'cpu', 'created_at_utc', 'devices']
    """
    return {
        "created_at_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "command": command,
        "argv": list(argv),
        "seed": seed,
        "config_digest": jsontext.digest(config),
        "git": git_state(pathlib.Path(__file__).parents[2]),
        "versions": _versions(),
        "platform": {
            "system": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
            "libc": " ".join(platform.libc_ver()).strip(),
        },
        "cpu": _cpu(pathlib.Path("/proc/cpuinfo")),
        "devices": list(devices),
        "environment": {n: os.environ[n] for n in _ENVIRONMENT if n in os.environ},
        "strict_bits": strict_bits,
    }


def check(manifest: Values, where: str) -> None:
    """Raises BrokenRunError unless what a manifest has is of the type it must have.

    What is missing is no fault: an older koki2 did not write all of it.

    Example:
      >>> check({"seed": True}, "manifest.json")
      Traceback (most recent call last):
      koki2.runlog.errors.BrokenRunError: manifest.json should have an integer >= 0 ...
    """
    for name, (kind, words) in _TYPES.items():
        value = manifest.get(name)
        is_good = isinstance(value, kind)
        if name == "seed":
            is_good = is_seed(value)
        elif name in ("devices", "argv"):
            is_good = is_good and _are_texts(value)
        if name in manifest and not is_good:
            raise BrokenRunError(
                f"{where} should have {words} for {name}, got {value!r:.60}."
            )
    flags = _section(manifest, "cpu").get("flags", [])
    if not _are_texts(flags):
        raise BrokenRunError(
            f"{where} should have a list of texts for cpu.flags, got {flags!r:.60}."
        )


def is_seed(value: object) -> bool:
    """Whether a plain value is the seed of a run.

    Example:
      >>> is_seed(7), is_seed(-5), is_seed(True)
      (True, False, False)
    """
    return type(value) is int and 0 <= value <= MAX_SEED


def identity(
    manifest: Values, *, kind: str, config: Values, objects: Values
) -> dict[str, Any]:
    """What makes a run the run it is, in plain values; checkpoints keep its digest.

    Computed from the manifest in the run folder, never from the code that runs now:
    resuming under a later commit is allowed, changing the manifest is not. The host,
    its devices and the flags do not count.

    Args:
      manifest: as `manifest` makes it, or as it was read.
      kind: the kind of the run.
      config: the resolved config in plain values.
      objects: the objects from outside the package that the run needs.

    Example:
      >>> made = {"command": "evo", "seed": 7, "devices": ["cpu:0"]}
      >>> found = identity(made, kind="evo", config={"lr": 0.1}, objects={})
      >>> found["command"], found["seed"], "devices" in found
      ('evo', 7, False)
    """
    return {
        "command": manifest.get("command"),
        "kind": kind,
        "seed": manifest.get("seed"),
        "config_digest": jsontext.digest(config),
        "version": _section(manifest, "versions").get("koki2"),
        "commit": _section(manifest, "git").get("commit"),
        "objects": dict(objects),
    }


def differences(old: Values, new: Values) -> list[str]:
    """What changed between two manifests that may change bits, in words.

    Times, command lines, seeds, kernel releases and core counts do not count. A
    checkout with uncommitted changes always does, as what they were is not known.

    Example:
      >>> differences({"versions": {"jax": "0.11.2"}}, {"versions": {"jax": "0.12.0"}})
      ['jax version: 0.11.2 then, 0.12.0 now']
    """
    pairs = [("koki2 commit", *_both(old, new, "git", "commit"))]
    for section, words in (("versions", "{} version"), ("environment", "{}")):
        names = {**_section(old, section), **_section(new, section)}
        for name in names:
            pairs.append((words.format(name), *_both(old, new, section, name)))
    for name in ("system", "machine", "libc"):
        pairs.append((f"platform {name}", *_both(old, new, "platform", name)))
    pairs.append(("CPU model", *_both(old, new, "cpu", "model")))
    then, now = (set(flags or ()) for flags in _both(old, new, "cpu", "flags"))
    only = ("CPU instruction sets that differ", sorted(then - now), sorted(now - then))
    pairs.append(only)
    for name in ("devices", "strict_bits", "config_digest"):
        pairs.append((name.replace("_", " "), old.get(name), new.get(name)))
    changes = [
        f"{what}: {_words(then)} then, {_words(now)} now"
        for what, then, now in pairs
        if then != now
    ]
    dirty = zip(("then", "now"), _both(old, new, "git", "dirty"), strict=True)
    when = " and ".join(word for word, is_dirty in dirty if is_dirty)
    if when:
        changes.insert(
            0, f"koki2 had uncommitted changes {when}; what they were is lost"
        )
    return changes


def git_state(checkout: pathlib.Path) -> dict[str, Any]:
    """Commit and dirty flag of the checkout at a path; both None if it is not one.

    An untracked file makes a checkout dirty, for it may be imported; a checkout
    without a commit has commit None and is dirty.
    """
    unknown = {"commit": None, "dirty": None}
    if not (checkout / ".git").exists():  # a repository around it is not ours
        return unknown
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        text = subprocess.run(
            ["git", "-C", str(checkout), "status", "--porcelain=v2", "--branch"],
            env=environment | {"GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            check=True,
            timeout=10,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.SubprocessError):
        return unknown
    oid = re.search(r"^# branch\.oid ([0-9a-f]+)$", text, re.MULTILINE)
    is_dirty = any(not line.startswith("#") for line in text.splitlines())
    return {"commit": oid[1] if oid else None, "dirty": is_dirty or oid is None}


def _versions() -> dict[str, str]:
    import importlib.metadata  # slow to import, and no help needs it

    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _cpu(cpuinfo: pathlib.Path) -> dict[str, Any]:
    try:
        text = cpuinfo.read_text(errors="replace")
    except OSError:
        text = ""
    model = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*: (.*)$", text, re.MULTILINE)
    flags = flags[1].split() if flags else ()
    return {
        "model": model[1].strip() if model else platform.processor() or None,
        "flags": sorted(filter(_CPU_FLAGS.fullmatch, flags)),
        "count": os.cpu_count(),
    }


def _section(manifest: Values, name: str) -> dict[str, Any]:
    section = manifest.get(name)
    return section if isinstance(section, dict) else {}


def _both(old: Values, new: Values, section: str, name: str) -> tuple[Any, ...]:
    return tuple(_section(manifest, section).get(name) for manifest in (old, new))


def _words(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return str(value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)
