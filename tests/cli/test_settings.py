import json
import os
import tomllib

import pytest

from koki2 import runlog
from koki2.evolution.configs import EvolutionConfig
from koki2.session import presets, schema
from koki2.session.settings import Layers, resolve


@pytest.fixture
def settings(koki2):
    """What a command line's settings come to: values and origins, by dotted path."""

    def ask(words):
        said = koki2(f"evo-l0 --print-config --json {words}")
        assert said.code == 0, said.err
        values = {
            f"{group}.{name}": value
            for group, table in said.json["config"].items()
            for name, value in table.items()
        }
        origin = said.json["provenance"]
        assert values.keys() == origin.keys()
        return {path: (values[path], origin[path]) for path in values}

    return ask


def test_without_any_layer_everything_is_default(settings):
    found = settings("")
    assert {origin for _, origin in found.values()} == {"default"}
    assert found["search.pop_size"] == (64, "default")


def test_a_flag_beats_a_file_beats_a_preset_beats_the_default(settings, home):
    (home / "mine.toml").write_text("[env]\nnum_sources = 5\n[search]\npop_size = 32\n")
    found = settings("--preset l0-hazards --config mine.toml --pop-size 16")
    assert found["env.num_bad_sources"] == (2, "preset:l0-hazards")
    assert found["env.num_sources"] == (5, "file:mine.toml")
    assert found["search.pop_size"] == (16, "flag")
    assert found["search.lr"] == (0.05, "default")


def test_the_order_of_words_does_not_matter(settings, home):
    (home / "mine.toml").write_text("[search]\npop_size = 32\n")
    found = settings("--pop-size 16 --config mine.toml --preset l0-hazards")
    assert found["search.pop_size"] == (16, "flag")


def test_a_flag_that_says_the_default_is_a_flag_all_the_same(settings):
    found = settings("--preset l0-hazards --pop-size 64 --no-mvt --lr=0.05")
    assert found["search.pop_size"] == (64, "flag")
    assert found["viability.mvt"] == (False, "flag")
    assert found["search.lr"] == (0.05, "flag")
    assert found["viability.mvt_steps"] == (64, "default")


def test_underscores_and_hyphens_are_one(settings):
    assert settings("--pop_size 64")["search.pop_size"] == (64, "flag")


def test_values_that_are_words(settings):
    words = "--energy-decay auto --topology-seed none --plast-enabled"
    found = settings(f"{words} --modulator-kind event")
    assert found["env.energy_decay"] == ("auto", "flag")
    assert found["agent.topology_seed"] == (None, "flag")
    assert found["agent.modulator_kind"] == ("event", "flag")
    assert settings("--energy-decay 0.01")["env.energy_decay"] == (0.01, "flag")
    assert settings("--topology-seed 7")["agent.topology_seed"] == (7, "flag")


def test_a_whole_number_for_a_number_is_a_float(settings, home):
    (home / "mine.json").write_text('{"agent": {"theta": 2}}')
    value, _ = settings("--config mine.json")["agent.theta"]
    assert value == 2.0 and isinstance(value, float)


def test_the_config_of_a_run_is_a_config_file(settings, koki2, fake, home):
    assert koki2("evo-l0 --preset smoke --lr 0.5 --out-dir run").code == 0
    found = settings("--config run/config.json")
    assert found["search.lr"] == (0.5, "file:run/config.json")
    written = {
        f"{group}.{name}"
        for group, table in runlog.read_config("run")["config"].items()
        for name in table
    }
    origins = {name: origin for name, (_, origin) in found.items()}
    assert {origins[name] for name in written} == {"file:run/config.json"}
    assert {origins[name] for name in origins.keys() - written} == {"default"}


def test_what_is_printed_can_be_read_back(koki2, home):
    said = koki2("evo-l0 --print-config --preset l1-plastic --strategy cma_es")
    assert said.code == 0 and "# preset:l1-plastic" in said.out
    (home / "again.toml").write_text(said.out)
    again = koki2("evo-l0 --print-config --json --config again.toml").json["config"]
    before = koki2("evo-l0 --print-config --json --preset l1-plastic --strategy cma_es")
    assert again == before.json["config"]


def test_a_command_with_some_groups_takes_the_rest_from_the_file(koki2, home):
    (home / "mine.toml").write_text("[env]\nsteps = 9\n[search]\npop_size = 32\n")
    found = koki2("baseline-l0 --config mine.toml --print-config --json").json
    assert found["config"]["env"]["steps"] == 9
    assert found["provenance"]["search.pop_size"] == "file:mine.toml"


def test_printing_the_config_makes_no_run_folder(koki2, home):
    assert koki2("evo-l0 --print-config").code == 0
    assert not list(home.iterdir())


@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_preset_is_sound(name):
    found, problems = resolve(Layers(preset=name), {})
    assert not problems and found.config != EvolutionConfig()


def test_the_hazards_preset_is_the_acceptance_budget_of_seed_002():
    config = resolve(Layers(preset="l0-hazards"), {})[0].config
    assert (config.loop.generations, config.loop.episodes) == (200, 8)
    assert config.search.pop_size == 128
    assert (config.env.num_sources, config.env.num_bad_sources) == (4, 2)
    assert config.env.bad_source_integrity_loss == 0.25


def test_no_two_settings_have_one_flag():
    flags = [path[-1] for path in schema.names(EvolutionConfig)]
    assert len(set(flags)) == len(flags)


def test_json_and_toml_say_the_same(settings, home):
    table = {"env": {"width": 9, "obs_noise": 0.5}, "viability": {"mvt": True}}
    (home / "a.json").write_text(json.dumps(table))
    (home / "a.toml").write_text(
        "[env]\nwidth = 9\nobs_noise = 0.5\n[viability]\nmvt = true\n"
    )
    values = lambda name: {k: v for k, (v, _) in settings(f"--config {name}").items()}
    assert values("a.json") == values("a.toml")


def test_of_two_settings_of_one_name_the_later_group_stands_in_front(koki2):
    words = "qd detour-l1.3 --novelty-k 4 --rungs-novelty-k 3 --print-config --json"
    config = koki2(f"{words} --emitter novelty --rungs").json["config"]
    said = koki2(words)
    assert "novelty_k is not read where emitter is iso_line" in said.err
    assert "leave it out (--rungs-novelty-k)" in said.err
    assert config["emitter"]["novelty_k"] == 4
    assert config["rungs"]["novelty_k"] == 3


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("ending", ["toml", "TOML", "Json"])
def test_files_as_windows_writes_them(koki2, home, encoding, ending):
    is_json = ending.lower() == "json"
    text = '{"env": {"width": 9}}' if is_json else "[env]\r\nwidth = 9\r\n"
    (home / f"mine.{ending}").write_bytes(text.encode(encoding))
    said = koki2(f"evo-l0 --config mine.{ending} --print-config --json")
    if encoding == "utf-16-le":  # without a mark nothing says so
        assert said.code == 2 and f"mine.{ending} should be" in said.err
    else:
        assert said.json["config"]["env"]["width"] == 9


def test_only_a_regular_file_is_a_config_file(koki2, home):
    os.mkfifo(home / "pipe.toml")
    (home / "zero.json").symlink_to("/dev/zero")
    (home / "folder.toml").mkdir()
    for name in ("pipe.toml", "zero.json", "folder.toml"):
        said = koki2(f"evo-l0 --config {name}")
        assert said.code == 2 and "must be a file, got a" in said.err


def test_what_a_file_sets_and_nothing_reads_is_named(koki2, home):
    (home / "mine.toml").write_text(
        '[search]\nstrategy = "mu_plus_lambda"\nlr = 5.0\n[rungs]\nnovelty_k = 5\n'
    )
    said = koki2("evo-l0 --config mine.toml --print-config --json")
    assert said.code == 0 and said.json["config"]["search"]["lr"] == 5.0
    assert said.err.splitlines() == [  # novelty_k is what it is by itself
        "koki2 evo-l0: search.lr is not read where strategy is mu_plus_lambda; leave "
        "it out (mine.toml)"
    ]


def test_what_is_printed_of_odd_names_can_be_read_back(koki2, home):
    (home / 'a "b\\c.py').write_text("x = 1\n")
    said = koki2("evo-l0", "--strategy", 'a "b\\c.py:x', "--print-config")
    assert said.code == 0, said.err
    assert tomllib.loads(said.out)["search"]["strategy"] == 'a "b\\c.py:x'
