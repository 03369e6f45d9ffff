"""What a burst is asked to do, what it may cost, and how long it waits for what.

Times in hours and seconds, money in US dollars, disks in GB.
"""

import dataclasses
import pathlib
import re
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check

DEFAULT_COMMAND = ("sh", "tools/gpu_check.sh")
_CUDA = re.compile(r"\d{1,3}\.\d{1,3}")
_PART = re.compile(r"[\w.@+=, -]+")


@dataclasses.dataclass(frozen=True, kw_only=True)
class BurstConfig:
    """One pod, one command, and how much of either is allowed.

    Example:
      >>> BurstConfig(gpu_type="NVIDIA L4", image="a/b:1", fetch=("../x",))
      Traceback (most recent call last):
      ...
      ValueError: --fetch must be paths within the checkout, got ../x.
    """

    gpu_type: str = ""
    """The GPU, as RunPod's catalog calls it: "NVIDIA GeForce RTX 3090"."""
    gpu_count: Annotated[int, Ge(1), Le(16)] = 1
    """How many of them."""
    image: str = ""
    """The image of the container; it must start sshd from PUBLIC_KEY, as RunPod's own
    do."""
    cloud: Literal["secure", "community"] = "secure"
    """RunPod's data centres, or hosts of its community."""
    disk: Annotated[int, Ge(1), Le(10_000)] = 40
    """The disk of the container in GB."""
    min_cuda: str | None = "13.0"
    """The oldest CUDA that the host's driver may have; none: any. JAX for CUDA 13 falls
    back to the CPU on an older driver."""
    hours: Annotated[float, Gt(0), Le(24)] = 1.0
    """After so long the pod is deleted, whatever it does."""
    max_usd: Annotated[float, Gt(0), Le(10_000)] = 2.0
    """What the burst may cost at most: price x GPUs x hours."""
    fetch: tuple[str, ...] = ()
    """Files and folders to bring back, relative to the checkout."""
    lock: pathlib.Path | None = pathlib.Path("requirements/cuda13.lock")
    """The lock file of the packages to install on the pod; none: install nothing."""
    dirty: bool = False
    """Send the working tree as it is if it differs from the commit, and record that."""
    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Leases and results go into its folder runpod_burst."""
    command: tuple[str, ...] = ()
    """What to run on the pod, in the checkout; the words behind --."""

    def __post_init__(self):
        check(self)
        if self.min_cuda is not None and not _CUDA.fullmatch(self.min_cuda):
            raise ValueError(
                f"--min-cuda must be a version as 13.0, or none, got {self.min_cuda}."
            )
        lock = [] if self.lock is None else [str(self.lock)]
        for flag, paths in (("--fetch", self.fetch), ("--lock", lock)):
            for path in paths:
                parts = pathlib.PurePosixPath(path).parts
                if not all(_PART.fullmatch(p) and p != ".." for p in parts) or (
                    not parts or path.startswith(("-", "/"))
                ):
                    raise ValueError(
                        f"{flag} must be paths within the checkout, got {path}."
                    )

    @property
    def words(self) -> tuple[str, ...]:
        """The command that is run."""
        return self.command or DEFAULT_COMMAND

    @property
    def root(self) -> pathlib.Path:
        """Where the folders of bursts are."""
        return self.runs_dir / "runpod_burst"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pace:
    """How often to look, and for how long, in seconds."""

    poll: float = 5.0
    """Between looks at a pod that starts, or that is being deleted."""
    job: float = 15.0
    """Between looks at the command, at which its output is brought here too."""
    request: float = 30.0
    """For an answer of RunPod."""
    backoff: float = 1.0
    """Before the first repetition of a request that failed; it doubles each time."""
    longest_wait: float = 60.0
    """Between two repetitions, and of what Retry-After is heeded."""
    tries: int = 6
    """Of a request that may be repeated."""
    start: float = 900.0
    """Until a pod has started and can be reached."""
    settle: float = 60.0
    """Until a pod, of whose creation no answer came, shows in the list."""
    silence: float = 180.0
    """For how long a pod that runs may not answer ssh."""
    prepare: float = 1800.0
    """For installing the packages."""
    reserve: float = 180.0
    """Before the deadline: the command is stopped, and its files are brought here."""
    gone: float = 300.0
    """Until a pod that is being deleted is gone."""
