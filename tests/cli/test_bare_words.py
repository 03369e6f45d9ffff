"""Words that stand alone are found wherever they stand, of every command."""

import pytest

from koki2.cli import words
from koki2.cli.commands import COMMANDS
from koki2.envs.registry import WORLDS
from koki2.evolution.configs import EvolutionConfig, QDConfig
from koki2.session import schema
from koki2.session.settings import shared_names

LINES = {
    "evo": (["obstacles-l1.2"], ["--seed 1", "--mvt", "--out-dir=here"]),
    "batch-evo": (["sparse-l4.0"], ["--seeds 1 2", "--jit-es", "--seed-start 3"]),
    "baseline": (["obstacles-l1.2"], ["--episodes 8", "--policy stay", "--json"]),
    "qd": (["detour-l1.3"], ["--low -1 -1", "--no-mvt", "--shape 4 4", "--seed 1"]),
    "watch": (["gymnax:CartPole-v1"], ["--fps 3", "--json", "--policy stay"]),
    "sweep": (["s.toml"], ["--jobs 2", "--json", "--eval-seed 1 2", "--out o"]),
    "golden": (["check", "set.toml"], ["--reason r", "--json", "--objects=a.py:b"]),
    "burst": (["plan"], ["--gpu-type L4", "--dirty", "--json", "--hours 2"]),
    "generate": (["run"], ["--prompt KING", "--top-k 5", "--json", "--seed 1"]),
    "eval-lm": (["run"], ["--data f.txt", "--model last", "--json"]),
    "resume": (["run"], ["--log-every 1", "--no-jax-cache", "--json"]),
    "replay": (["run"], ["--jax-cache-dir d", "--json"]),
    "check": (["f.py:x"], ["--role world", "--json"]),
    "probe": (["run"], ["--seed 1", "--genome mean", "--json"]),
    "plot": (["a", "b"], ["--out x.png", "--json", "--dims 0 1"]),
    "replay-life": (["run"], ["--cell 1 2", "--fps 3", "--genome mean"]),
    "descriptors": (["run"], ["--samples 9", "--json", "--kmo-min .5"]),
    "lineage": (["run"], ["--out x.csv", "--json"]),
    "export": (["run"], ["--out d", "--json"]),
    "import-archive": (["t.csv"], ["--like run", "--out x.npz", "--json"]),
}


def test_every_command_whose_words_stand_alone_is_looked_at():
    have = {
        name
        for name, command in COMMANDS.items()
        if command.takes_world or words.positionals(command.load().Options)
    }
    assert have == set(LINES)


@pytest.mark.parametrize("name", LINES)
def test_words_that_stand_alone_are_found_wherever_they_stand(koki2, monkeypatch, name):
    """In front, behind every flag with its values but those of many, and at the end."""
    alone, flags = LINES[name]
    seen = []
    module = COMMANDS[name].load()
    monkeypatch.setattr(module, "run", lambda options: seen.append(options) or 0)
    many = {"--seeds", "--low", "--shape", "--eval-seed", "--dims", "--cell"}
    closed = [i for i, flag in enumerate(flags) if flag.split()[0] not in many]
    for i in (-1, *closed):
        order = [*flags[: i + 1], *alone, *flags[i + 1 :]]
        said = koki2(*" ".join([name, *order]).split())
        assert said.code == 0, said.err
    said = koki2(*" ".join(["--no-jax-cache", name, *alone, *flags]).split())
    if "--no-jax-cache" in flags or not COMMANDS[name].uses_jax:
        assert said.code == 2
    else:
        assert said.code == 0, said.err
    assert all(options == seen[0] for options in seen)


def test_a_flag_takes_as_many_words_in_every_world():
    """So the words that stand alone are known before the world is."""
    classes = [type(world.config) for world in WORLDS.values()]
    for config in (EvolutionConfig(), QDConfig()):
        classes += map(type, vars(config).values())
    taken = {}
    for kind in classes:
        for name, count in words.flags_of([kind]).items():
            if name != "world":
                assert taken.setdefault(name, count) == count, name
    assert taken["num_sources"] == 1 and taken["feels_walls"] == 0


def test_flags_that_two_groups_share_take_one_word():
    """Those of the later group have a prefix, under which none is looked up."""
    for config in (EvolutionConfig, QDConfig):
        for group, value in vars(config()).items():
            for name in shared_names(config, group):
                assert words.flags_of([type(value)])[name] == 1
                assert name in schema.hints(type(value))
