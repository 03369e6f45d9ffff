"""What the program of every kind of run promises. Entering CASES tests a new kind.

The last chunk of each is half full. A kind of an installed package stands for those
that are not ours.
"""

import functools
import json
import signal
from typing import Any, NamedTuple

import counting
import jax
import numpy as np
import pytest
import tiny
import tiny_training
from bits import assert_same_bits, types

from koki2 import runlog
from koki2.core.program import Program
from koki2.evolution import QDConfig
from koki2.search import ArchiveConfig, EmitterConfig
from koki2.session import driver, folders, replay, slices, token_files
from koki2.session.kinds import build, Kind, KINDS
from koki2.session.settings import Settings
from koki2.session.signals import Stop

SEED = 3
EVO = tiny.config(generations=10, checkpoint_every=4)
CASES: dict[str, Any] = {
    "evo": EVO,
    "batch": EVO,  # the second of two seeds that share a compilation
    "qd": QDConfig(
        env=EVO.env,
        agent=EVO.agent,
        archive=ArchiveConfig(shape=(3, 4)),
        emitter=EmitterConfig(batch_size=8),
        loop=EVO.loop,
    ),
    "train": tiny_training.config(),
    "counting": counting.CountingConfig(loop=counting.LoopConfig(units=10, chunk=4)),
}


KIND = {"batch": "evo"}  # where it is not called as the case is


class Case(NamedTuple):
    kind: Kind
    config: Any
    program: Program


@functools.cache
def made(name: str) -> Case:
    kind = counting.KIND if name == "counting" else KINDS.find(KIND.get(name, name))
    seeds = [SEED + 1, SEED] if name == "batch" else [SEED]
    programs = build(kind, [(CASES[name], seed) for seed in seeds])
    return Case(kind, CASES[name], programs[-1])


@pytest.fixture(autouse=True)
def tokens_in_memory(monkeypatch):
    monkeypatch.setattr(token_files, "user_folder", lambda: None)


@pytest.fixture(params=CASES)
def case(request):
    KINDS.register("counting", counting.KIND)
    yield made(request.param)
    KINDS.remove("counting")


def carry_out(case: Case, path, interruptions: int = 0, cut=slices.whole):
    """Starts a run in a folder and ends it; asked to stop, it stops, and is resumed."""
    settings = Settings(kind=case.kind, config=case.config, command=case.kind.name)
    run = folders.start(settings, SEED, path.parent, out_dir=path)
    stops = 0
    while True:
        stop = Stop()
        ask = lambda chunk, stop=stop: setattr(stop, "signal", signal.SIGINT)
        sinks = [driver.Sink(ask)] if stops < interruptions else []
        with run:
            if driver.finish(run, case.program, case.kind, stop, sinks=sinks, cut=cut):
                assert stops == interruptions
                return path
        stops += 1
        run = runlog.Run.resume(path)


def contents(path) -> dict[str, bytes]:
    """All that depends on config and seed alone."""
    clocks = {"timing.jsonl", "manifest.json", ".lock"}
    files = (p for p in sorted(path.rglob("*")) if p.is_file())
    return {
        str(p.relative_to(path)): p.read_bytes() for p in files if p.name not in clocks
    }


def test_every_kind_that_is_registered_is_tested_here():
    assert {"evo", "qd", "train"} <= set(KINDS) <= set(CASES)


def test_a_run_that_was_stopped_leaves_the_files_of_one_never_stopped(case, tmp_path):
    whole = contents(carry_out(case, tmp_path / "whole"))
    parts = contents(carry_out(case, tmp_path / "parts", interruptions=1))
    assert whole.keys() == parts.keys()
    for name, data in whole.items():
        assert parts[name] == data, name


@pytest.mark.parametrize("units", [1, 3])
def test_a_run_computed_in_slices_leaves_the_files_of_one_that_was_not(
    case, tmp_path, units
):
    """Stopped in the midst of its second chunk, and resumed."""
    whole = contents(carry_out(case, tmp_path / "whole"))
    cut = lambda: slices.fixed(units)
    assert contents(carry_out(case, tmp_path / "cut", 1, cut)) == whole


def test_a_complete_run_leaves_what_its_kind_declares(case, tmp_path):
    path = carry_out(case, tmp_path / "run")
    kind, files = case.kind, {p.name for p in path.iterdir()}
    rows = list(runlog.read_rows(path))
    assert [row[kind.unit] for row in rows] == list(range(case.program.total))
    assert runlog.read_summary(path)[f"{kind.unit}s"] == case.program.total
    arrays = {name.removesuffix(".npz") for name in files if name.endswith(".npz")}
    assert arrays and arrays <= set(kind.artifacts)
    assert set(kind.streams.values()) <= files
    assert set(kind.headline(rows[-1])) <= rows[-1].keys()
    assert kind.headline(rows[-1]) and kind.columns.keys() & rows[-1].keys()
    assert folders.read_folder(path).config == case.config


def test_a_run_is_replayed_and_a_changed_row_is_found(case, tmp_path):
    path = carry_out(case, tmp_path / "run")
    read = lambda: folders.read_folder(path)
    assert replay.first_difference(read(), case.program) is None
    rows = path / case.kind.streams["metrics"]
    lines = rows.read_text().splitlines()
    changed = json.loads(lines[1])
    (name, value), *_ = case.kind.headline(changed).items()
    lines[1] = json.dumps(changed | {name: value + 1.0})
    rows.write_text("\n".join(lines) + "\n")
    found = replay.first_difference(read(), case.program)
    assert (found["what"], found[case.kind.unit]) == ("row", 1)
    assert found["fields"][name] == [value + 1.0, value]


def test_a_state_survives_packing_and_another_programs_is_refused(case):
    program = case.program
    carry, _ = program.chunk(program.init(), program.total)
    packed = program.pack(carry)
    assert all(isinstance(array, np.ndarray) for array in packed.values())
    again = program.unpack(packed)
    assert program.done(again) == program.done(carry) == 4
    assert program.length in (4, None)
    assert_same_bits(program.pack(again), packed)
    some = {name: packed[name] for name in list(packed)[1:]}
    with pytest.raises((ValueError, KeyError)):
        program.unpack(some)


@pytest.mark.parametrize("name", ["evo", "qd", "train"])
def test_a_chunk_keeps_every_type_and_so_compiles_once(name):
    """Shapes, dtypes, weak types: of the first state, the next, and one read back."""
    program = made(name).program
    start = program.init()
    before = types(start)
    carry, said = program.chunk(start, program.total)
    assert types(carry) == before == types(program.unpack(program.pack(carry)))
    assert not any(weak for _, _, weak in before)
    assert {len(c) for c in jax.tree.leaves(said["metrics"]) if np.ndim(c)} == {4}
