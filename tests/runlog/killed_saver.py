"""Saves checkpoints and is killed, again and again; says which it has acknowledged.

    python tests/runlog/killed_saver.py FOLDER BACK_END KILLS

A child process resumes the run in FOLDER, checks that nothing acknowledged is lost and
that state and rows belong together, and saves on until it is killed with signal 9.
Prints "KILLS kills, STEP acknowledged" when each child was killed where it should be.
"""

import os
import pathlib
import random
import signal
import sys
import time
import warnings

import numpy as np

from koki2.runlog import checkpoint, read_rows, Run

STREAMS = {"metrics": "steps.jsonl", "events": "events.jsonl"}


def state(step: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(step)
    return {"mean": rng.normal(size=50_000), "key": rng.integers(0, 9, 2, np.uint32)}


def check(run: Run, acknowledged: int) -> int:
    """The step at which the run stands, if it is the acknowledged one or a later."""
    step = run.restored.step if run.restored else 0
    assert step >= acknowledged, (
        f"step {acknowledged} was acknowledged, {step} is there"
    )
    assert not run.notes, run.notes
    if run.restored:
        for name, value in state(step).items():
            np.testing.assert_array_equal(run.restored.arrays[name], value)
    assert [row["step"] for row in read_rows(run.path)] == list(range(step))
    events = [row["event"] for row in read_rows(run.path, "events")]
    assert events == list(range(2 * step))
    return step


def work(path: pathlib.Path, acknowledged: int, pipe: int) -> None:
    with Run.resume(path) as run:
        step = check(run, acknowledged)
        os.write(pipe, b"%d\n" % step)
        while True:
            run.append([{"step": step}])
            run.append([{"event": 2 * step}, {"event": 2 * step + 1}], "events")
            step += 1
            run.checkpoint(step, state(step), {})
            os.write(pipe, b"%d\n" % step)


def kill_one(path: pathlib.Path, acknowledged: int, rng: random.Random) -> int:
    """Kills a child in one of its first saves; returns what it acknowledged.

    The instant is uniform over the time that the save before it took.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(path, acknowledged, writing)
        finally:  # only reached by an error, which is on stderr by then
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    os.close(writing)
    with open(reading, "rb") as lines:
        newest, seconds = lines.readline(), 0.05
        for _ in range(rng.randrange(3)):
            start = time.monotonic()
            newest = lines.readline()
            seconds = time.monotonic() - start
        time.sleep(rng.random() * seconds)
        os.kill(child, signal.SIGKILL)
        newest = ([newest] + lines.readlines())[-1]
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) or not newest:
        raise SystemExit("a child found something wrong, or never began")
    return int(newest)


def main(folder: str, back_end: str, kills: str) -> None:
    warnings.simplefilter("ignore")  # the parent of the forks has no threads yet
    if back_end == "orbax":
        from orbax.checkpoint import v1  # once, not in every child

        assert v1
        checkpoint.ORBAX_BYTES = -1
    path, rng = pathlib.Path(folder), random.Random(0)
    Run.start("unused", "train", 0, {}, {}, {}, streams=STREAMS, out_dir=path).close()
    step = 0
    for _ in range(int(kills)):
        step = kill_one(path, step, rng)
    with Run.resume(path) as run:
        check(run, step)
    print(f"{kills} kills, {step} acknowledged")


if __name__ == "__main__":
    main(*sys.argv[1:])
