"""What a machine cannot hold is refused before there is a folder."""

import pathlib
import re
import shlex
import time

import pytest

from koki2 import evolution
from koki2.cli import flags
from koki2.cli.commands import COMMANDS
from koki2.evolution import EvolutionConfig
from koki2.evolution.configs import LoopConfig
from koki2.search.catalogue import STRATEGIES
from koki2.session import estimate
from koki2.session.presets import PRESETS

README = pathlib.Path(__file__).parents[2] / "README.md"
THERE = 12_000_000_000  # bytes of a machine


@pytest.fixture
def machine(monkeypatch):
    monkeypatch.setattr(estimate, "memory", lambda: THERE)


@pytest.mark.parametrize(
    "words, cause",
    [
        ("evo-l0 --episodes 2147483647", "episodes"),
        ("qd chemotaxis --shape 3000 3000", "the archive"),
        ("evo-l0 --strategy cma_es --n-neurons 4096", "the strategy"),
        ("evo-l0 --n-neurons 4096 --k-edges 4095", "k_edges"),
        ("evo-l0 --pop-size 1000000 --n-neurons 1024", "the genomes"),
        ("batch-evo-l0 --seed-count 1000000000", "number of seeds"),
        (
            "evo-l0 --generations 10000000 --checkpoint-every 2000000000",
            "checkpoint_every",
        ),
        ("evo-l0 --generations 10000000 --episodes 65536 --steps 1000000", "years"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(koki2, home, machine, words, cause):
    began = time.monotonic()
    said = koki2(words)
    assert said.code == 2 and not said.out
    (line,) = said.err.splitlines()
    assert cause in line and "--force starts it all the same" in line
    assert not any(home.iterdir())
    assert time.monotonic() - began < 20


def test_a_sweep_is_refused_for_its_largest_cell(koki2, home, machine):
    (home / "s.toml").write_text(
        'world = "chemotaxis"\n[grid]\n"loop.episodes" = [4, 2000000000]\n'
    )
    said = koki2("sweep s.toml")
    assert said.code == 2 and "the episodes (population, episodes)" in said.err
    assert [path.name for path in home.iterdir()] == ["s.toml"]


def test_force_starts_it_all_the_same(koki2, fake, monkeypatch):
    monkeypatch.setattr(estimate, "memory", lambda: 1)
    words = "evo-l0 --generations 2 --out-dir run"
    assert koki2(words).code == 2
    assert koki2(f"{words} --force").code == 0


def test_a_chunk_is_not_longer_than_the_run(koki2, fake, machine):
    said = koki2("evo-l0 --generations 3 --checkpoint-every 2000000000 --out-dir run")
    assert said.code == 0, said.err
    assert LoopConfig(generations=3, checkpoint_every=2_000_000_000).chunk_length == 3


def configs_of(text):
    """The commands in a text that start runs, and their configs."""
    for found in re.finditer(r"^koki2 ([^#\n]*)|`koki2 ([^`\n]*)`", text, re.M):
        line = (found[1] or found[2]).replace("LEVEL", "detour-l1.3")
        name, *words = shlex.split(line)
        command = COMMANDS.get(name)
        if command is None or "FILE" in line:
            continue
        options = command.load().Options
        if "force" in options.__dataclass_fields__ and command.takes_world:
            yield line, flags.parse(command, options, words).options.settings.config


def test_no_preset_and_no_command_of_the_readme_is_refused(monkeypatch, machine):
    monkeypatch.chdir(README.parent)
    text = README.read_text()
    presets = "\n".join(f"koki2 evo chemotaxis --preset {name}" for name in PRESETS)
    found = dict(configs_of(f"{text}\n{presets}\n"))
    assert len(found) >= 5 + len(PRESETS)
    for config in found.values():
        estimate.check(estimate.kind_of(_kind(config)), config, runs=5)


def _kind(config):
    return "evo" if isinstance(config, EvolutionConfig) else "qd"


def test_an_estimate_takes_no_time(home):
    evolution.estimate(EvolutionConfig())
    other = EvolutionConfig(env=type(EvolutionConfig().env)(width=63))
    began = time.process_time()
    evolution.estimate(other)
    assert time.process_time() - began < 0.05


@pytest.mark.parametrize(
    "groups, limit, wanted",
    [
        ("0::/app/job\n", {"app/memory.max": "7000\n"}, 7000),
        ("0::/app/job\n", {"app/job/memory.max": "max\n"}, None),
        ("0::/\n", {"memory.max": "9000\n"}, 9000),
        (
            "3:cpu:/\n4:memory:/box\n",
            {"memory/box/memory.limit_in_bytes": "8000"},
            8000,
        ),
        ("4:memory:/gone\n", {"memory/memory.limit_in_bytes": "8000"}, 8000),
    ],
)
def test_the_limit_of_a_container_counts(tmp_path, groups, limit, wanted):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(groups)
    for name, text in limit.items():
        path = tmp_path / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    machine = estimate.memory(tmp_path / "elsewhere")
    assert estimate.memory(tmp_path) == (wanted or machine)


@pytest.mark.slow
def test_the_strategies_with_matrices_are_known():
    """By the shapes of all states; asebo computes with some that it forgets."""
    import jax

    from koki2.evolution.estimate import SQUARES
    from koki2.search import make, SearchConfig

    size, found = 23, set()
    for name in STRATEGIES:
        strategy = make(SearchConfig(strategy=name, pop_size=16), size)
        state = jax.eval_shape(
            strategy.init, jax.random.key(0), jax.ShapeDtypeStruct((size,), "float32")
        )
        if any(leaf.shape[-2:] == (size, size) for leaf in jax.tree.leaves(state)):
            found.add(name)
    assert found | {"asebo"} == set(SQUARES)
