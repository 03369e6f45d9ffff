"""Run folders: no two runs share one, and no files are overwritten."""

import threading
import time
from concurrent import futures

import pytest

from koki2.runlog import folder, InputError, list_runs, Run


def test_sixteen_starts_at_one_instant_get_sixteen_folders(tmp_path, monkeypatch):
    instant = time.gmtime(0)
    monkeypatch.setattr(folder.time, "gmtime", lambda: instant)
    together = threading.Barrier(16)

    def start(_):
        together.wait()
        return folder.create(tmp_path / "runs", "evo-l0", 3, tag="wide")

    with futures.ThreadPoolExecutor(16) as pool:
        made = list(pool.map(start, range(16)))
    name = "19700101T000000Z_evo-l0_seed3-wide"
    wanted = {name} | {f"{name}-{i}" for i in range(2, 17)}
    assert {path.name for path in made} == wanted
    assert {path.name for path in (tmp_path / "runs").iterdir()} == wanted


def test_a_named_folder_is_taken_when_new_or_empty_and_refused_when_not(tmp_path):
    path = tmp_path / "deep" / "mine"
    assert folder.create("unused", "evo-l0", 0, out_dir=path) == path
    assert folder.create("unused", "evo-l0", 0, out_dir=path) == path
    (path / "thesis.tex").touch()
    with pytest.raises(InputError, match="mine holds thesis.tex"):
        folder.create("unused", "evo-l0", 0, out_dir=path)
    with pytest.raises(InputError, match="is, or lies in, a file"):
        folder.create("unused", "evo-l0", 0, out_dir=path / "thesis.tex")


@pytest.mark.parametrize("word", ["", "../up", "a/b", ".hidden", "x" * 65, "a b"])
def test_a_tag_that_is_no_file_name_makes_no_folder(tmp_path, word):
    with pytest.raises(InputError, match="tag must be letters, digits"):
        folder.create(tmp_path / "runs", "evo-l0", 0, tag=word)
    assert not (tmp_path / "runs").exists()


def test_runs_cannot_be_kept_in_a_file(tmp_path):
    (tmp_path / "runs").touch()
    with pytest.raises(InputError, match="kept in a folder"):
        folder.create(tmp_path / "runs", "evo-l0", 0)


def test_the_list_tells_complete_resumable_running_and_broken_apart(tmp_path):
    def start(name):
        run = Run.start(tmp_path, "evo-l0", 7, {}, {}, {}, out_dir=tmp_path / name)
        run.append([{"generation": i, "best_fitness": 1.0 + i} for i in range(3)])
        return run

    with start("a-complete") as run:
        run.finish({"best_fitness": 9.5})
    with start("b-resumable") as run:
        with open(run.path / folder.METRICS, "ab") as file:
            file.write(b'{"generation": 3, "best')  # torn by a kill
    with start("c-broken") as run:
        (run.path / folder.CONFIG).write_text("{")
    folder.create(tmp_path, "evo-l0", 8)  # killed before it began
    (tmp_path / "notes").mkdir()  # not a run
    with start("d-running"):
        found = {info.path.name: info for info in list_runs(tmp_path)}
    got = {
        name: (i.status, i.kind, i.units, i.last.get("best_fitness"))
        for name, i in found.items()
    }
    (killed,) = set(got) - {"a-complete", "b-resumable", "c-broken", "d-running"}
    assert got == {
        "a-complete": ("complete", "evo", 3, 9.5),
        "b-resumable": ("resumable", "evo", 3, 3.0),
        "c-broken": ("broken", None, 3, 3.0),
        "d-running": ("running", "evo", 3, 3.0),
        killed: ("broken", None, 0, None),
    }
    assert (found[killed].command, found[killed].seed) == ("evo-l0", 8)
    assert "config.json should be JSON" in found["c-broken"].problem
    assert found["d-running"].problem.startswith("process ")
