"""Run folders as a stranger might leave them: every file, with every kind of fault.

`cases()` names them all; `make` builds one. Nothing here is random but through the
number of a case, so that a case that fails can be made again.
"""

import json
import os
import pathlib
import random
import shutil
from typing import NamedTuple

import numpy as np

OLD = pathlib.Path(__file__).parents[1] / "fixtures" / "runs_f8b362b"
FILES = {
    "stopped": (
        ".",
        ".lock",
        "config.json",
        "manifest.json",
        "generations.jsonl",
        "timing.jsonl",
        "checkpoints",
        "checkpoints/step_00000002.json",
        "checkpoints/step_00000004.json",
        "checkpoints/step_00000004.npz",
    ),
    "complete": (
        ".lock",
        "config.json",
        "manifest.json",
        "generations.jsonl",
        "timing.jsonl",
        "checkpoints",
        "checkpoints/step_00000006.json",
        "checkpoints/step_00000006.npz",
        "best_genome.npz",
        "mean_genome.npz",
        "summary.json",
        "heldout",
        "heldout/evalseed0_episodes2.json",
    ),
    "evo": (
        "config.json",
        "manifest.json",
        "generations.jsonl",
        "best_genome.npz",
        "summary.json",
        "heldout",
        "heldout/evalseed0_episodes2.json",
    ),
    "qd": (
        "config.json",
        "manifest.json",
        "generations.jsonl",
        "timing.jsonl",
        "archive.npz",
        "best_genome.npz",
        "summary.json",
    ),
}
"""The files of each base: two runs of today's fake evolution, two of f8b362b."""
COMMANDS = {
    "stopped": ("resume RUN", "replay RUN", "runs --runs-dir .", "lineage RUN"),
    "complete": (
        "resume RUN",
        "replay RUN",
        "runs --runs-dir .",
        "eval-run --run-dir RUN --episodes 2",
        "replay-life RUN --steps-max 2",
    ),
    "evo": ("plot RUN", "runs --runs-dir .", "lineage RUN", "resume RUN"),
    "qd": ("export RUN --out files", "plot RUN", "lineage RUN", "resume RUN"),
}
FAULTS = (
    *("link", "hard link", "zero", "pipe", "folder", "missing"),
    *("truncated", "flipped", "typed", "foreign", "signed"),
)
TIMES = {"truncated": 3, "flipped": 3, "typed": 3, "signed": 8}  # others: once
SIGNED = ("config.json", "manifest.json", "4.json", "6.json")
ODD = (None, True, -5, 1.5, 10**400, "\x1b[2J", "os:system", [], [[]], {}, {"a": 1})


class Case(NamedTuple):
    base: str
    file: str
    fault: str
    number: int


def cases() -> list[Case]:
    """Every case: all files with all faults, those that are drawn several times."""
    return [
        Case(base, file, fault, number)
        for base, files in FILES.items()
        for file in files
        for fault in FAULTS
        for number in range(TIMES.get(fault, 1))
        if file != "." or fault == "link"
        if fault != "signed" or file.endswith(SIGNED)
    ]


def originals(root: pathlib.Path, run: object) -> dict[str, pathlib.Path]:
    """Makes the bases and, for each, a foreign run; `run` runs a command line."""
    found = {}
    words = "evo-l0 --generations 6 --checkpoint-every 2"
    for seed, name in ((1, "complete"), (2, "complete of another")):
        path = root / name
        code = run([*words.split(), "--seed", str(seed), "--out-dir", str(path)])
        assert code == 0
        found[name] = path
    for name in ("complete", "complete of another"):
        stopped = root / name.replace("complete", "stopped")
        shutil.copytree(found[name], stopped)
        for left in ("summary.json", "best_genome.npz", "mean_genome.npz"):
            (stopped / left).unlink()
        for suffix in ("json", "npz"):
            (stopped / "checkpoints" / f"step_00000006.{suffix}").unlink()
        found[stopped.name] = stopped
    for name in ("evo", "qd"):
        found[name] = root / name
        shutil.copytree(OLD / name, found[name])
        other = {"evo": "qd", "qd": "evo"}[name]
        found[f"{name} of another"] = OLD / other
    mean = {"mean": 1.0, "low": 0.5, "high": 1.5, "level": 0.95}
    judged = {"eval_seed": 0, "episodes": 2, "lives": {"best": mean}}
    judged["means"] = {"best": {"mean_fitness": 1.0}}
    for name in ("complete", "evo"):
        (found[name] / "heldout").mkdir()
        path = found[name] / "heldout" / "evalseed0_episodes2.json"
        path.write_text(json.dumps(judged))
    return found


def make(
    case: Case, bases: dict[str, pathlib.Path], home: pathlib.Path, out: pathlib.Path
) -> None:
    """Builds the run folder of a case as `home / "run"`; links lead to `out`."""
    run, rng = home / "run", random.Random(str(case))
    shutil.copytree(bases[case.base], run)
    if case.file == ".":
        plant(run, out)
        return
    path = run / case.file
    victim = out / f"victim{path.suffix}"
    if path.is_dir():
        shutil.copytree(path, victim)
        (victim / ".precious.tmp").write_text("precious")
        shutil.rmtree(path)
    elif path.exists():
        shutil.copy(path, victim)
        path.unlink()
    else:
        victim.write_text("precious")
    data = victim.read_bytes() if victim.is_file() else b"{}"
    if case.fault == "link":
        path.symlink_to(victim)
    elif case.fault == "hard link" and victim.is_file():
        os.link(victim, path)
    elif case.fault == "zero":
        path.symlink_to("/dev/zero")
    elif case.fault == "pipe":
        os.mkfifo(path)
    elif case.fault == "folder":
        path.mkdir()
        (path / "inside").write_text("{}")
    elif case.fault == "truncated":
        path.write_bytes(data[: rng.randrange(len(data))])
    elif case.fault == "flipped":
        at = rng.randrange(len(data))
        path.write_bytes(
            data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        )
    elif case.fault == "typed":
        path.write_bytes(typed(path, data, rng))
    elif case.fault == "signed":
        path.write_bytes(typed(path, data, rng))
        sign(run, path)
    elif case.fault == "foreign":
        other = bases[f"{case.base} of another"] / case.file
        path.write_bytes(other.read_bytes() if other.is_file() else b"foreign")


def sign(run: pathlib.Path, path: pathlib.Path) -> None:
    """Puts the digests right, as a stranger does who knows how they are made."""
    from koki2.runlog import BrokenRunError, identity, jsontext, reading

    document = json.loads(path.read_text())
    if not isinstance(document, dict):
        return
    if path.name.startswith("step_"):
        document.pop("sha256", None)
        document["sha256"] = jsontext.digest(document)
        text = jsontext.encode(document, where="test", indent=2, sort_keys=True)
        path.write_bytes(text + b"\n")
        return
    shutil.rmtree(run / "checkpoints", ignore_errors=True)
    manifest = json.loads((run / "manifest.json").read_text())
    try:
        config = reading.read_document(run)
        manifest["config_digest"] = jsontext.digest(config["config"])
        manifest["identity"] = identity.facts_of(config, manifest)["identity"]
    except BrokenRunError:
        return
    (run / "manifest.json").write_text(json.dumps(manifest))


def plant(run: pathlib.Path, out: pathlib.Path) -> None:
    """Links among the files that a writer removes or makes for a moment."""
    (out / "precious").mkdir()
    (out / "precious" / "thesis.tex").write_text("precious")
    checkpoints = run / "checkpoints"
    for name in ("step_00000001.orbax", "a.orbax-checkpoint-tmp-1"):
        (checkpoints / name).symlink_to(out / "precious")
    inside = checkpoints / "step_00000002-2.orbax"
    inside.mkdir()
    (inside / "link").symlink_to(out / "precious")
    (run / ".summary.json.00000000.tmp").symlink_to(out / "precious" / "thesis.tex")
    for module in ("sitecustomize.py", "os.py", "jax.py", "json.py"):
        (run / module).write_text(f"open({str(out / 'ran')!r}, 'w')\n")


def typed(path: pathlib.Path, data: bytes, rng: random.Random) -> bytes:
    """A file with one value of another type: of JSON any value, of arrays any array."""
    if path.suffix == ".npz":
        from koki2.runlog import load_arrays, save_arrays

        path.write_bytes(data)
        arrays = load_arrays(path)
        name = rng.choice(sorted(arrays))
        odd = (np.zeros(3), np.zeros((2, 2), np.int8), np.full(2, 1j), np.array(True))
        save_arrays(path, arrays | {name: rng.choice(odd)})
        return path.read_bytes()
    lines = data.splitlines(keepends=True) if path.suffix == ".jsonl" else [data]
    at = rng.randrange(len(lines))
    try:
        value = json.loads(lines[at])
    except ValueError:  # the lock is no JSON
        return json.dumps(rng.choice(ODD)).encode()
    lines[at] = json.dumps(changed(value, rng)).encode() + b"\n"
    return b"".join(lines)


def changed(value: object, rng: random.Random) -> object:
    """The value, with something in it, or all of it, made an odd one."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        name = rng.choice(sorted(value))
        return value | {name: changed(value[name], rng)}
    return rng.choice(ODD)


def contents(folder: pathlib.Path) -> dict[str, object]:
    """All that is in a folder, links not followed."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        found[name] = path.read_bytes() if path.is_file() else path.is_dir()
    return found
