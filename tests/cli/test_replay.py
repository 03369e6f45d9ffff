import json

import numpy as np
import pytest

from koki2 import runlog


@pytest.fixture
def run(koki2, fake, home):
    assert koki2("evo-l0 --generations 7 --checkpoint-every 3 --out-dir run").code == 0
    return home / "run"


def change_row(run, number, **values):
    path = run / "generations.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    row = json.loads(lines[number]) | values
    lines[number] = json.dumps(row, separators=(",", ":")) + "\n"
    path.write_text("".join(lines))


def test_a_run_replays_identically_and_nothing_is_written(koki2, run):
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    said = koki2("replay run")
    assert said.code == 0
    assert "identical: all 7 rows and what it left" in said.out
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file()} == before
    assert koki2("replay run --json").json["identical"] is True


def test_the_first_generation_that_differs_is_named(koki2, run):
    change_row(run, 4, mean_fitness=1.5)
    change_row(run, 5, mean_fitness=2.5)
    said = koki2("replay run")
    assert said.code == 1
    assert "generation 4 is the first" in said.out and "1.5 then" in said.out
    found = koki2("replay run --json")
    assert found.code == 1 and found.json["identical"] is False
    assert found.json["first_difference"]["generation"] == 4
    assert list(found.json["first_difference"]["fields"]) == ["mean_fitness"]


def test_a_genome_that_differs_in_one_bit_is_named(koki2, run):
    genome = runlog.read_genome(run, "mean")
    genome["w"][0] = np.nextafter(genome["w"][0], np.inf)
    runlog.save_arrays(run / "mean_genome.npz", genome)
    said = koki2("replay run")
    assert said.code == 1 and "the mean genome, in w" in said.out


def test_what_changed_in_the_environment_is_said(koki2, run):
    path = run / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["versions"]["jax"] = "0.4.0"
    path.write_text(json.dumps(manifest))
    change_row(run, 0, best_fitness=-1.0)
    said = koki2("replay run")
    assert said.code == 1 and "jax version: 0.4.0 then" in said.out


def test_another_version_of_the_agent_is_said(koki2, run):
    path = run / "manifest.json"
    manifest = json.loads(path.read_text())
    assert manifest["versions"]["agent recurrent"] == "2"
    del manifest["versions"]["agent recurrent"]  # as before agents had one
    path.write_text(json.dumps(manifest))
    change_row(run, 0, best_fitness=-1.0)
    assert "agent recurrent version: unknown then, 2 now" in koki2("replay run").out


def test_of_a_stopped_run_the_rows_so_far_are_compared(koki2, run):
    for name in ("summary.json", "best_genome.npz", "mean_genome.npz"):
        (run / name).unlink()
    path = run / "generations.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:4]))
    said = koki2("replay run")
    assert said.code == 0 and "identical: all 4 rows of run" in said.out


def test_a_run_without_all_its_rows_is_broken(koki2, run):
    path = run / "generations.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:4]))
    assert koki2("replay run").code == 3


def test_a_run_under_other_flags_needs_a_process_of_its_own(koki2, run):
    path = run / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["environment"]["XLA_FLAGS"] = "--xla_cpu_max_isa=AVX2"
    path.write_text(json.dumps(manifest))
    for command in ("replay run",):
        said = koki2(command)
        assert said.code == 2 and "--xla_cpu_max_isa=AVX2" in said.err
