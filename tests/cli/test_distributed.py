"""One run in several processes: the same bytes; one that dies ends the others."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import pytest

REAL = "import sys; from koki2.cli import main; sys.exit(main())"
ROOT = pathlib.Path(__file__).parents[2]
FAST = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
SMALL = "--generations 6 --checkpoint-every 2 --episodes 2 --n-neurons 8 --k-edges 2"
RUNS = {
    "evo": f"chemotaxis {SMALL} --pop-size 12",
    "qd": f"chemotaxis {SMALL} --batch-size 12 --shape 5 5",
}
LONG = "chemotaxis --generations 3000 --checkpoint-every 20 --episodes 2 --pop-size 12"
LONG += " --n-neurons 8 --k-edges 2"


def start(folder, *words):
    return subprocess.Popen(
        [sys.executable, "-c", REAL, *words],
        env=os.environ | {"PYTHONPATH": str(ROOT), "XLA_FLAGS": FAST},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_all(folder, lines):
    """Starts one process for each line of words, which compute together."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return [
        start(
            folder,
            *f"{line} --distributed --coordinator 127.0.0.1:{port}".split(),
            *f"--process-count {len(lines)} --process-id {index}".split(),
        )
        for index, line in enumerate(lines)
    ]


def ends(processes):
    """Exit code, stdout and stderr of each, which must come within a minute."""
    said = [process.communicate(timeout=60) for process in processes]
    return [(p.returncode, *texts) for p, texts in zip(processes, said, strict=True)]


def bits(run):
    skipped = {"manifest.json", "timing.jsonl", ".lock", "config.json"}
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file() and path.name not in skipped
    }


def alone(folder, line):
    (end,) = ends([start(folder, *line.split())])
    assert end[0] == 0, end[2]


@pytest.mark.slow
def test_of_two_processes_only_the_first_speaks(tmp_path):
    """And they write the bytes of one."""
    alone(tmp_path, f"evo {RUNS['evo']} --devices 1 --out-dir one --json")
    line = f"evo {RUNS['evo']} --devices 1 --out-dir two --json"
    first, second = ends(start_all(tmp_path, [line] * 2))
    assert (first[0], second[0]) == (0, 0), first[2] + second[2]
    assert bits(tmp_path / "two") == bits(tmp_path / "one")
    assert first[1].count("\n") == 1 and not second[1] and not second[2]


@pytest.mark.slow
@pytest.mark.parametrize("command", RUNS)
def test_neither_devices_nor_processes_change_a_byte(tmp_path, command):
    line = f"{command} {RUNS[command]}"
    alone(tmp_path, f"{line} --devices 1 --out-dir whole")
    whole = bits(tmp_path / "whole")
    assert any("npz" in name for name in whole)
    for count, devices in [(1, 2), (1, 4), (2, 1), (2, 2), (2, 4)]:
        name = f"{count}x{devices}"
        words = f"{line} --devices {devices} --out-dir {name}"
        if count == 1:
            alone(tmp_path, words)
        else:
            found = ends(start_all(tmp_path, [words] * count))
            assert [code for code, *_ in found] == [0] * count, found
        assert bits(tmp_path / name) == whole, name


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_process_that_is_killed_ends_the_other(tmp_path, victim):
    """With one line, where JAX prints pages; resumed by one process, it is the same."""
    alone(tmp_path, f"evo {LONG} --out-dir whole")
    line = f"evo {LONG} --devices 1 --out-dir run"
    processes = start_all(tmp_path, [line] * 2)
    wait_for_rows(tmp_path / "run", processes)
    processes[victim].kill()
    found = ends(processes)
    code, _, err = found[1 - victim]
    assert code == 1, found
    line = f"koki2: process {victim} was lost, and so this one ends"
    assert err.splitlines()[-1] == line and "coordination" not in err
    alone(tmp_path, "resume run --devices 2")
    assert bits(tmp_path / "run") == bits(tmp_path / "whole")


@pytest.mark.slow
def test_a_signal_to_one_stops_both(tmp_path):
    """At a checkpoint, from which two processes go on."""
    alone(tmp_path, f"evo {LONG} --out-dir whole")
    line = f"evo {LONG} --devices 1 --out-dir run"
    processes = start_all(tmp_path, [line] * 2)
    wait_for_rows(tmp_path / "run", processes)
    processes[1].send_signal(signal.SIGTERM)
    found = ends(processes)
    assert [code for code, *_ in found] == [143, 143], found
    assert "koki2 resume run" in found[0][1]
    found = ends(start_all(tmp_path, ["resume run --devices 2"] * 2))
    assert [code for code, *_ in found] == [0, 0], found
    assert bits(tmp_path / "run") == bits(tmp_path / "whole")


def wait_for_rows(run, processes):
    rows = run / "generations.jsonl"
    while not (rows.exists() and rows.stat().st_size):
        assert all(process.poll() is None for process in processes)
        time.sleep(0.05)


@pytest.mark.slow
def test_processes_that_differ_all_stop_and_say_in_what(tmp_path):
    lines = [f"evo {RUNS['evo']} --sigma {sigma} --out-dir run" for sigma in (0.1, 0.2)]
    for code, out, err in ends(start_all(tmp_path, lines)):
        assert code == 2 and not out
        assert "process 1 differs from process 0 in config search.sigma: 0.2" in err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_sweep_of_two_processes_ends_in_the_table_of_one(tmp_path):
    words = {
        "search": {"pop_size": 12},
        "agent": {"n_neurons": 8, "k_edges": 2},
        "loop": {"generations": 4, "episodes": 2, "checkpoint_every": 2},
        "grid": {"search.sigma": [0.05, 0.1], "seed": [0, 1]},
    }
    text = json.dumps({"kind": "evo", "world": "chemotaxis-l0.0", **words})
    (tmp_path / "plan.json").write_text(text)
    line = "sweep plan.json --episodes 8 --eval-seed 5 --devices 1 --out"
    alone(tmp_path, f"{line} one")
    found = ends(start_all(tmp_path, [f"{line} two"] * 2))
    assert [code for code, *_ in found] == [0, 0], found
    table = lambda name: (tmp_path / name / "sweep.csv").read_bytes()
    assert table("one") == table("two")


@pytest.mark.parametrize(
    "words, said",
    [
        ("--coordinator 127.0.0.1:1", "--coordinator must come with --distributed"),
        ("--devices 0", "--devices must be an integer >= 1"),
        ("--distributed --process-count 0", "--process-count must be an integer >= 1"),
    ],
)
def test_what_describes_no_process_is_refused(koki2, home, words, said):
    told = koki2("evo", "chemotaxis", *words.split(), "--generations", "1")
    assert told.code == 2 and said in told.err
    assert not (home / "runs").exists()
