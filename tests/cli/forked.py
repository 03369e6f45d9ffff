"""Command lines in processes that are forked off one in which all is imported.

Each is a process of its own, as if a shell had started it, but for the second and a
half that importing takes: where there are hundreds of them, most of their time.
"""

import multiprocessing
import os
import sys

from koki2.cli import main
from koki2.session import startup, xla_flags

_IMPORTED = [
    "jax",
    "koki2.cli.evo",
    "koki2.cli.qd",
    "koki2.cli.resume",
    "koki2.cli.train",
    "koki2.training.train",
    "koki2.models.gpt",
    "koki2.evolution.build",
    "koki2.evolution.qd",
    "koki2.agents.recurrent",
    "koki2.envs.chemotaxis",
]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(_IMPORTED)


class Forked:
    """A koki2 command line in a process of its own.

    Args:
      folder: where it runs.
      words: behind `koki2`.
    """

    def __init__(self, folder, *words):
        self.err = folder / "stderr.txt"
        self._process = _context.Process(
            target=_answer, args=(str(folder), str(self.err), words)
        )
        self._process.start()

    def is_running(self):
        """Whether it has not ended."""
        return self._process.is_alive()

    def kill(self):
        """Kills it as kill -9 does, unless it has ended."""
        self._process.kill()

    def wait(self):
        """Waits for its end, and returns its exit code; below 0: of a signal."""
        self._process.join()
        return self._process.exitcode


def _answer(folder, err, words):
    with open(err, "wb") as file:
        os.dup2(file.fileno(), 2)
    with open(os.devnull, "wb") as file:
        os.dup2(file.fileno(), 1)
    os.chdir(folder)
    os.environ["XDG_CACHE_HOME"] = os.path.join(folder, "cache")
    # JAX is imported, so koki2 leaves XLA's flags to us; it would choose these.
    os.environ["XLA_FLAGS"] = xla_flags.with_fast("", startup.cores())
    sys.argv = ["koki2", *words]
    sys.exit(main())
