"""Settings that a level brings with it: said, in force, and overruled by flags."""

import json

import pytest

from koki2.cli import worlds
from koki2.envs import registry
from koki2.session import sweep_file

LEVEL = "sparse-l4.0"
SETTINGS = {
    "search": {"sigma": 0.3, "lr": 1.0},
    "agent": {"tau_m": 0.5},
    "senses": {"gradients": "unit"},
    "loop": {"generations": 200},
}


@pytest.fixture(autouse=True)
def preset(monkeypatch):
    """Gives a level settings, whichever it has."""
    levels = {**registry.LEVELS}
    levels[LEVEL] = levels[LEVEL]._replace(settings=SETTINGS)
    levels["detour-l1.3"] = levels["detour-l1.3"]._replace(settings={})
    monkeypatch.setattr(registry, "LEVELS", levels)
    monkeypatch.setattr(worlds, "LEVELS", levels)


def test_a_level_brings_its_settings_says_so_and_is_overruled_by_flags(koki2):
    said = koki2(f"evo {LEVEL} --print-config --json --sigma 0.7")
    config, origin = said.json["config"], said.json["provenance"]
    assert config["agent"]["tau_m"] == 0.5 and config["loop"]["generations"] == 200
    assert origin["agent.tau_m"] == f"level:{LEVEL}"
    assert (config["search"]["sigma"], origin["search.sigma"]) == (0.7, "flag")
    assert said.err == (
        f"koki2 evo: settings of the level {LEVEL}: lr 1.0, tau_m 0.5, gradients unit, "
        "generations 200\n"
    )


def test_a_preset_lies_over_a_level(koki2):
    said = koki2(f"evo {LEVEL} --preset smoke --print-config --json")
    assert said.json["config"]["loop"]["generations"] == 5
    assert "generations" not in said.err


def test_quality_diversity_takes_those_that_it_has(koki2):
    said = koki2(f"qd {LEVEL} --print-config --json")
    assert said.json["config"]["senses"]["gradients"] == "unit"
    assert said.json["config"]["emitter"]["sigma"] == 0.1
    assert said.err.startswith("koki2 qd: settings of the level sparse-l4.0: tau_m 0.5")
    assert "lr" not in said.err


@pytest.mark.parametrize("words", ["baseline sparse-l4.0", "evo detour-l1.3", "evo-l0"])
def test_nothing_is_said_where_nothing_of_it_is_read(koki2, words):
    assert koki2(f"{words} --print-config --json").err == ""


def test_help_shows_them_as_defaults_and_the_list_of_worlds_has_them(koki2):
    text = koki2(f"evo {LEVEL} --help-all").out
    assert "(default: 0.3)" in text[text.index("--sigma") :].partition("--lr")[0]
    assert (
        "settings of sparse-l4.0: sigma 0.3, lr 1.0, tau_m 0.5" in koki2("worlds").out
    )
    assert json.loads(koki2("worlds --json").out)["settings"][LEVEL] == SETTINGS


def test_a_sweep_has_them_under_what_its_file_says():
    values = {"world": LEVEL, "search": {"sigma": 0.1}}
    (cell,) = sweep_file.plan(values, where="mine").cells
    assert (cell.config.search.sigma, cell.config.search.lr) == (0.1, 1.0)
