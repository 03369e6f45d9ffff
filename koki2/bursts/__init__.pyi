"""What `koki2.bursts` exports: for its door, type checkers and editors."""

from .api import Price as Price, RunPod as RunPod
from .burst import run_burst as run_burst
from .configs import BurstConfig as BurstConfig, Pace as Pace
from .errors import BurstError as BurstError, Interrupted as Interrupted
from .lease import Lease as Lease
from .planning import STEPS as STEPS, steps as steps
from .reaping import Burst as Burst, bursts as bursts, reap as reap
