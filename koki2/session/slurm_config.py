"""What a job of a cluster is given: the [slurm] table of a sweep file.

The names are those of submitit's executors. What runs in a job is not said here: a
table from elsewhere names no commands. Imports neither JAX nor submitit.
"""

import dataclasses
import re
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check

_WORD = re.compile(r"[!-~]{1,200}")  # one word, so that it adds no line to a script


@dataclasses.dataclass(frozen=True, kw_only=True)
class SlurmConfig:
    """What every job of a sweep is given.

    Example:
      >>> SlurmConfig(partition="gpu", timeout_min=240, gpus_per_node=1).cluster
      'slurm'
      >>> SlurmConfig(partition="gpu --exclusive")
      Traceback (most recent call last):
      ValueError: partition must be one word of ASCII, got 'gpu --exclusive'.
    """

    cluster: Literal["slurm", "local"] = "slurm"
    """local: jobs on this machine, to try them out."""
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    timeout_min: Annotated[int, Ge(1), Le(10_000_000)] = 60
    """Minutes after which a job is stopped, and queued again."""
    max_num_timeout: Annotated[int, Ge(0), Le(10_000)] = 3
    """How often a job that ran out of time is queued again."""
    cpus_per_task: Annotated[int, Ge(1), Le(10_000)] = 1
    mem_gb: Annotated[float, Gt(0)] | None = None
    """Memory in GB; none is what the cluster gives by itself."""
    gpus_per_node: Annotated[int, Ge(0), Le(1000)] = 0

    def __post_init__(self):
        check(self)
        for name in ("partition", "account", "qos", "constraint"):
            value = getattr(self, name)
            if value is not None and not _WORD.fullmatch(value):
                raise ValueError(f"{name} must be one word of ASCII, got {value!r}.")
