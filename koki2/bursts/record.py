"""manifest.txt: what a burst was, did and cost, for people; a line per fact."""

import pathlib
import shlex
import time
from collections.abc import Mapping

from koki2.bursts.api import Price
from koki2.bursts.configs import BurstConfig
from koki2.bursts.lease import Lease
from koki2.bursts.source import Source
from koki2.core.text import printable
from koki2.runlog import atomic

FILE = "manifest.txt"


def now() -> str:
    """The time in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def describe(
    config: BurstConfig, source: Source, price: Price, lease: Lease
) -> dict[str, object]:
    """The facts of a burst before it begins, in their order; None: still to come."""
    usd = price.usd_per_hour * config.gpu_count
    return {
        "burst": lease.name,
        "began": now(),
        "commit": source.commit,
        "dirty": "yes, see dirty.patch" if source.is_dirty else "no",
        "lock": f"{config.lock} sha256 {source.lock_sha256}" if config.lock else None,
        "gpu": f"{config.gpu_count} x {config.gpu_type}, {config.cloud} cloud",
        "image": config.image,
        "command": shlex.join(config.words),
        "fetch": shlex.join(config.fetch) or None,
        "price": f"${usd:.4g} an hour, ${usd * config.hours:.4g} in {config.hours:g} h",
        "cap": f"${config.max_usd:g}",
        "pod": None,
        "cost": None,
        "watchdog": None,
        "exit code": None,
        "fetched": None,
        "problem": None,
        "tear-down": None,
    }


def write(folder: pathlib.Path, facts: Mapping[str, object]) -> None:
    """Writes the facts, in their order, durably.

    Example:
      >>> import tempfile
      >>> folder = pathlib.Path(tempfile.mkdtemp())
      >>> write(folder, {"pod": "abc", "problem": None})
      >>> (folder / FILE).read_text()
      'pod: abc\\nproblem: none\\n'
    """
    lines = [
        f"{name}: {'none' if value is None else printable(value)}\n"
        for name, value in facts.items()
    ]
    text = "".join(lines).encode("utf-8", "backslashreplace")
    atomic.write_bytes(folder / FILE, text)
