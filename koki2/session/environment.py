"""The environment of a process: what JAX hears of it, what a run folder may ask for.

A run is made under some variables, and the same bits can only be promised under the
same. But a folder may be a stranger's, so it sets none but those that koki2 keeps, to
values that do no more than choose how numbers are computed. See `runlog.variables`.
"""

import os
import sys
from collections.abc import Mapping
from typing import Any

from koki2 import runlog
from koki2.runlog import variables
from koki2.session import xla_flags
from koki2.session.printing import say


def neutralise() -> None:
    """Takes out of the environment what would change what a seed gives, and says so.

    Raises:
      InputError: JAX has started already, and under such a variable.
    """
    for name, fixed in variables.FIXED.items():
        value = os.environ.get(name)
        if value is None or variables.is_fixed_value(name, value):
            continue
        if "jax" not in sys.modules:
            del os.environ[name]
            say(
                f"koki2: {name}={value!r:.40} is not heard, for a seed must give the "
                f"same everywhere; it is {fixed}",
                error=True,
            )
    for name, value in of_jax().items():
        raise runlog.InputError(
            f"{name} must be {variables.FIXED[name]}, for a seed must give the same "
            f"everywhere; this process started JAX under {value}."
        )
    for name in variables.HEARD:
        if name in os.environ and name != "XLA_FLAGS":
            say(
                f"koki2: under {name}={os.environ[name]!r:.60}, which may change bits",
                error=True,
            )


def of_jax() -> dict[str, str]:
    """What JAX, if it has started, computes under other than koki2 does, by name."""
    if "jax" not in sys.modules:
        return {}
    config = sys.modules["jax"].config
    found = {}
    for name in variables.FIXED:
        value = getattr(config, name.lower(), None)
        text = str(getattr(value, "name", value))  # some are of an enumeration
        if value is not None and not variables.is_fixed_value(name, text):
            found[name] = text
    return found


def changes(
    manifest: Mapping[str, Any], where: str, devices: int | None = None
) -> dict[str, str | None]:
    """What to set, or to unset (None), so that the environment is that of a run.

    Args:
      manifest: of the run.
      where: it lies, for errors.
      devices: on how many to compute; None: as the run was.

    Raises:
      BrokenRunError: it keeps a variable that koki2 never keeps.
      InputError: it was made under a value that is not set for a run folder's sake.
    """
    environment = manifest.get("environment", {})
    if not isinstance(environment, Mapping):
        raise runlog.BrokenRunError(
            f"{where} should have an object environment, got {environment!r:.40}."
        )
    kept = dict(variables.check(environment, where))
    if devices is not None:
        flags = kept.get("XLA_FLAGS") or ""
        kept["XLA_FLAGS"] = xla_flags.with_devices(flags, devices)
    # A switch that this command line may have set itself is only set, never unset.
    unset = {n: None for n in variables.HEARD if n != "JAX_DISABLE_JIT"}
    found = {
        name: value
        for name, value in (unset | kept).items()
        if os.environ.get(name) != value
    }
    for name, value in list(found.items()):
        if value is None:
            continue
        if name in variables.FIXED:
            if not variables.is_fixed_value(name, value):
                raise runlog.InputError(
                    f"the run was made under {name}={value!r}, and this koki2 computes "
                    f"under {variables.FIXED[name]} only; it cannot come to the same."
                )
            del found[name]  # so it is without it
        elif name == "XLA_FLAGS" and (others := xla_flags.unlisted(value)):
            raise runlog.InputError(
                f"the run was made under XLA flags that a run folder does not set: "
                f"{' '.join(others)[:200]!r}. Where you know what they do, set all of "
                "them in XLA_FLAGS yourself."
            )
    return found
