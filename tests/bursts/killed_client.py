"""A client that is killed: for each line on stdin, a step, a fork bursts until there.

Prints how each ended. A process of its own, as one that has JAX in it must not fork.
"""

import os
import signal
import sys

from renting import config, QUICK

from koki2.bursts import run_burst


def burst(until: str) -> None:
    def step(name):
        if name == until:
            os.kill(os.getpid(), signal.SIGKILL)

    asked, sleeps = config(), ("sh", "-c", "touch begun; sleep 60")
    if until in ("running", "short"):
        asked = config(*sleeps, hours=6 / 3600 if until == "short" else 1.0)
    run_burst(asked, say=lambda text: None, pace=QUICK, step=step)


def main() -> None:
    import koki2.bursts.burst  # noqa: F401, once for all

    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                burst(line.strip())
            finally:
                os._exit(1)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
