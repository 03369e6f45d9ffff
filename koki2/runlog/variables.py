"""Variables of the environment that move bits: which koki2 hears, and which not.

A seed says what a run is only where JAX draws the same numbers from it, of the same
width; so the variables that change that are not heard. Those that choose how the same
numbers are computed are heard, and kept in the manifest. Names and values alone; the
start of a process is `session.environment`.
"""

import re
from collections.abc import Mapping

from koki2.runlog.errors import BrokenRunError

FIXED: Mapping[str, str] = {
    "JAX_ENABLE_X64": "false",
    "JAX_EXPLICIT_X64_DTYPES": "warn",
    "JAX_DEFAULT_PRNG_IMPL": "threefry2x32",
    "JAX_ENABLE_CUSTOM_PRNG": "false",
    "JAX_THREEFRY_PARTITIONABLE": "true",
    "JAX_RANDOM_SEED_OFFSET": "0",
    "JAX_HIGH_DYNAMIC_RANGE_GUMBEL": "false",
    "JAX_USE_HLO_LOGISTIC_LOWERING": "none",
}
"""Variables that koki2 does not hear, and the value of each that it computes under."""

_TRUTH = "y|yes|t|true|on|1|n|no|f|false|off|0"
HEARD: Mapping[str, str] = {
    "XLA_FLAGS": r"[\x20-\x7e]{0,4000}",
    "JAX_DEFAULT_MATMUL_PRECISION": r"[a-z0-9_]{1,40}",
    "JAX_DISABLE_JIT": _TRUTH,
    "JAX_OPTIMIZATION_LEVEL": "unknown|o[0-3]",
    "JAX_MEMORY_FITTING_LEVEL": "unknown|o[0-3]",
    "NVIDIA_TF32_OVERRIDE": "[01]",
}
"""Variables that a manifest keeps, and the values that it may keep of each."""

_SPELLINGS = {"true": {*"y yes t true on 1".split()}}
_SPELLINGS["false"] = {*_TRUTH.split("|")} - _SPELLINGS["true"]


def is_fixed_value(name: str, value: str) -> bool:
    """Whether a value of a variable in `FIXED` is that under which koki2 computes.

    Example:
      >>> is_fixed_value("JAX_ENABLE_X64", "0"), is_fixed_value("JAX_ENABLE_X64", "1")
      (True, False)
    """
    fixed = FIXED[name]
    return value.lower() in _SPELLINGS.get(fixed, {fixed})


def check(environment: Mapping[str, object], where: object) -> dict[str, str]:
    """The environment of a manifest, if it is one that koki2 can have kept.

    Args:
      environment: values by name.
      where: the manifest, for errors.

    Raises:
      BrokenRunError: another name, or a value that cannot be.

    Example:
      >>> check({"LD_PRELOAD": "evil.so"}, "manifest.json")
      Traceback (most recent call last):
      koki2.runlog.errors.BrokenRunError: manifest.json must keep no variable ...
    """
    kept: dict[str, str] = {}
    for name, value in environment.items():
        if name not in HEARD and name not in FIXED:
            raise BrokenRunError(
                f"{where} must keep no variable {name!r:.60}: koki2 keeps "
                f"{', '.join([*HEARD, *FIXED])}."
            )
        pattern = HEARD.get(name, r"\w{1,40}")
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.I):
            raise BrokenRunError(
                f"{where} must keep a value of {name} that it can have, got "
                f"{value!r:.60}."
            )
        kept[name] = value
    return kept
