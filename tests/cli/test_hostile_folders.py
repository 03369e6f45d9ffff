"""A run folder of a stranger is read, or refused with a reason, and does nothing."""

import json
import os
import resource
import shutil
import signal
import time

import fake_evolution
import hostile
import pytest
from hostile import Case

from koki2.cli import main

SECONDS = 5  # of this process; on a clock, where others may compute, more
CLOCK = 60
SAMPLE = (
    Case("stopped", ".", "link", 0),
    Case("stopped", ".lock", "link", 0),
    Case("stopped", ".lock", "pipe", 0),
    Case("stopped", "timing.jsonl", "link", 0),
    Case("stopped", "generations.jsonl", "link", 0),
    Case("stopped", "generations.jsonl", "hard link", 0),
    Case("stopped", "checkpoints", "link", 0),
    Case("stopped", "checkpoints", "missing", 0),
    Case("stopped", "checkpoints/step_00000004.json", "zero", 0),
    Case("stopped", "checkpoints/step_00000004.json", "foreign", 0),
    Case("stopped", "checkpoints/step_00000004.npz", "pipe", 0),
    Case("stopped", "manifest.json", "typed", 1),
    Case("stopped", "config.json", "pipe", 0),
    Case("complete", "summary.json", "zero", 0),
    Case("complete", "summary.json", "pipe", 0),
    Case("complete", "mean_genome.npz", "pipe", 0),
    Case("complete", "generations.jsonl", "flipped", 0),
    Case("evo", "heldout/evalseed0_episodes2.json", "zero", 0),
    Case("qd", "archive.npz", "typed", 0),
    Case("qd", "archive.npz", "zero", 0),
)


class TookTooLong(BaseException):
    """Not an Exception, so that nothing passes it over."""


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    root = tmp_path_factory.mktemp("bases")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        fake_evolution.install(lambda *a: patch.setattr(*a, raising=False))
        return hostile.originals(root, main)


@pytest.fixture
def ask(koki2, fake, home, bases, capfd):
    """Makes the folder of a case and puts commands to it, each within its time."""

    def late(*_):
        raise TookTooLong

    def call(case, commands):
        inside, outside = home / "here", home / "outside"
        for folder in (inside, outside):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        os.chdir(inside)
        hostile.make(case, bases, inside, outside)
        before = hostile.contents(outside)
        for command in commands:
            start = time.process_time()
            signal.setitimer(signal.ITIMER_REAL, CLOCK)
            try:
                said = koki2(command.replace("RUN", "run"))
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            where = (case, command, said)
            assert time.process_time() - start < SECONDS, where
            is_difference = command.startswith("replay ") and said.code == 1
            assert said.code in (0, 2, 3) or is_difference, where
            assert said.code in (0, 1) or said.err.count("koki2 ") >= 1, where
            assert "Traceback" not in said.err, where
            assert hostile.contents(outside) == before, where
            shutil.rmtree(inside / "files", ignore_errors=True)

    old = signal.signal(signal.SIGALRM, late)
    yield call
    signal.signal(signal.SIGALRM, old)
    os.chdir(home)


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: "-".join(map(str, case)))
def test_a_hostile_folder_is_read_or_refused(ask, case):
    ask(case, hostile.COMMANDS[case.base][:2])


@pytest.mark.slow
@pytest.mark.parametrize("base", hostile.FILES)
def test_five_hundred_hostile_folders_are_read_or_refused(ask, base):
    assert len(hostile.cases()) >= 500
    used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in KiB
    before = used()
    for case in hostile.cases():
        if case.base == base:
            ask(case, hostile.COMMANDS[base])
    assert used() - before < 2**20


def test_what_stands_in_the_place_of_a_config_file_is_refused(koki2, home):
    os.mkfifo(home / "pipe.toml")
    (home / "zero.json").symlink_to("/dev/zero")
    (home / "folder.toml").mkdir()
    for name, words in (
        ("pipe.toml", "a pipe"),
        ("zero.json", "a device"),
        ("folder.toml", "a folder"),
    ):
        said = koki2(f"evo-l0 --config {name}")
        assert said.code == 2 and f"{name} must be a file, got {words}" in said.err
        said = koki2(f"sweep {name}")
        assert said.code == 2 and f"{name} must be a file, got {words}" in said.err


@pytest.fixture
def stopped(home, bases):
    return shutil.copytree(bases["stopped"], home / "run")


@pytest.fixture
def complete(home, bases):
    return shutil.copytree(bases["complete"], home / "run")


def edited(path, **values):
    document = json.loads(path.read_text()) | values
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "field, value, says",
    [
        ("seed", -5, "an integer >= 0"),
        ("seed", True, "an integer >= 0"),
        ("seed", 3, "its seed is 1, that of this run 3"),
        ("command", "qd", "its identity is"),
        ("git", {"commit": "0ff1ce"}, "its identity is"),
        ("versions", {"koki2": "9"}, "its identity is"),
        ("config_digest", "0" * 64, "config.json should have the digest"),
    ],
)
def test_another_manifest_is_another_run_to_every_command(
    koki2, fake, complete, field, value, says
):
    """And where no checkpoint is left, the manifest's own digest tells."""
    edited(complete / "manifest.json", **{field: value})
    for command in ("replay run", "eval-run --run-dir run"):
        said = koki2(command)
        assert said.code == 3 and says in said.err, (command, said)
    (info,) = koki2("runs --runs-dir . --json").json["runs"]
    assert info["status"] == "broken" and says in info["problem"]
    shutil.rmtree(complete / "checkpoints")
    said = koki2("replay run")
    assert said.code == 3, said
    assert "manifest.json should have" in said.err or "digest" in said.err


def test_an_unfinished_run_of_another_seed_is_not_resumed(koki2, fake, stopped):
    before = hostile.contents(stopped)
    edited(stopped / "manifest.json", seed=3)
    said = koki2("resume run")
    assert said.code == 3 and "its seed is 1, that of this run 3" in said.err
    changed = {"manifest.json", ".lock"}
    after = hostile.contents(stopped)
    assert {n for n in after if after[n] != before[n]} <= changed


@pytest.mark.parametrize("text", ["{}", '{"status": "almost"}'])
def test_a_summary_that_says_nothing_makes_no_run_complete(koki2, fake, stopped, text):
    (stopped / "summary.json").write_text(text)
    for command in ("resume run", "replay run", "eval-run --run-dir run"):
        said = koki2(command)
        assert said.code == 3 and 'the status "complete"' in said.err, command
    (info,) = koki2("runs --runs-dir . --json").json["runs"]
    assert info["status"] == "broken"


ROWS = {
    "missing": lambda lines: lines[:-1],
    "twice": lambda lines: [*lines[:3], *lines[2:]],
    "more": lambda lines: [*lines, lines[-1]],
    "another order": lambda lines: [lines[1], lines[0], *lines[2:]],
    "garbled": lambda lines: [lines[0].replace(b":", b";"), *lines[1:]],
    "none": lambda lines: [],
}


@pytest.mark.parametrize(
    "change, has_checkpoints",
    [*((change, True) for change in ROWS), ("missing", False), ("twice", False)],
)
def test_a_run_whose_rows_are_not_all_there_is_not_complete(
    koki2, fake, complete, change, has_checkpoints
):
    path = complete / "generations.jsonl"
    path.write_bytes(b"".join(ROWS[change](path.read_bytes().splitlines(True))))
    if not has_checkpoints:
        shutil.rmtree(complete / "checkpoints")
    (info,) = koki2("runs --runs-dir . --json").json["runs"]
    assert info["status"] == "broken" and "generations.jsonl" in info["problem"]
    said = koki2("resume run")
    assert said.code == 3 and "generations.jsonl" in said.err


@pytest.mark.parametrize("kind, change", [("evo", "twice"), ("qd", "another order")])
def test_rows_that_are_twice_there_or_out_of_order_are_not_drawn(
    koki2, home, bases, kind, change
):
    run = shutil.copytree(bases[kind], home / "run")
    path = run / "generations.jsonl"
    path.write_bytes(b"".join(ROWS[change](path.read_bytes().splitlines(True))))
    said = koki2("plot run")
    assert said.code == 3 and "should be generation" in said.err
    assert not list(run.glob("*.png"))


def test_rows_without_the_checkpoints_that_they_had_are_left_alone(
    koki2, fake, stopped
):
    shutil.rmtree(stopped / "checkpoints")
    rows = (stopped / "generations.jsonl").read_bytes()
    said = koki2("resume run")
    assert said.code == 3 and "checkpoints should hold the checkpoints" in said.err
    assert (stopped / "generations.jsonl").read_bytes() == rows


def test_a_run_killed_before_its_first_checkpoint_says_that_it_begins_anew(
    koki2, fake, stopped
):
    shutil.rmtree(stopped / "checkpoints")
    (stopped / "timing.jsonl").unlink()
    said = koki2("resume run")
    assert said.code == 0 and "6 rows" in said.err and "begins anew" in said.err


def test_a_number_beyond_every_float_is_not_drawn(koki2, home, bases):
    run = shutil.copytree(bases["evo"], home / "run")
    path = run / "generations.jsonl"
    lines = path.read_text().splitlines()
    lines[1] = json.dumps(json.loads(lines[1]) | {"env_steps": 10**400})
    path.write_text("\n".join(lines) + "\n")
    said = koki2("plot run")
    assert said.code == 3 and "line 2, should have a number env_steps" in said.err


def test_an_infinite_evaluation_is_drawn_as_far_as_it_can_be(koki2, home, bases):
    run = shutil.copytree(bases["evo"], home / "run")
    path = run / "heldout" / "evalseed0_episodes2.json"
    path.write_text(path.read_text().replace("1.0", '"Infinity"'))
    said = koki2("plot run --out plot.png")
    assert said.code == 0 and (home / "plot.png").exists(), said


@pytest.mark.parametrize(
    "birth, says",
    [
        ([5, 1.0, 7, 0, -1, -1], "the parent in cell 7 of generation 0"),
        ([5, 1.0, 5, 9, -1, -1], "the parent in cell 5 of generation 9"),
        ([5, 1.0, "a", 0, -1, -1], "births of six numbers"),
        ([5.5, 1.0, -1, -1, -1, -1], "births of six numbers"),
    ],
)
def test_a_birth_to_unknown_parents_is_named(koki2, home, bases, birth, says):
    run = shutil.copytree(bases["qd"], home / "run")
    path = run / "generations.jsonl"
    lines = path.read_text().splitlines()
    row = json.loads(lines[2])
    lines[2] = json.dumps(row | {"births": [birth]})
    path.write_text("\n".join(lines) + "\n")
    said = koki2("lineage run")
    assert said.code == 3 and "line 3" in said.err and says in said.err


@pytest.mark.parametrize("name", ["file", "offset", "sha256"])
def test_a_checkpoint_that_lacks_what_it_must_say_is_passed_over(
    koki2, fake, stopped, name
):
    """With a digest that is true, as of a stranger who knows how they are made."""
    from koki2.runlog import jsontext

    path = stopped / "checkpoints" / "step_00000004.json"
    header = json.loads(path.read_text())
    del header["sha256"], header["streams"]["metrics"][name]
    header["sha256"] = jsontext.digest(header)
    text = jsontext.encode(header, where="test", indent=2, sort_keys=True)
    path.write_bytes(text + b"\n")
    said = koki2("resume run")
    assert said.code == 0 and "step_00000004.json should have file, off" in said.err
