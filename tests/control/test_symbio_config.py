"""Settings of seed 003: names, defaults, and its JSON, as written."""

import dataclasses
import json

import pytest

from koki2 import runlog
from koki2.control import snake_keys, symbio_json, SYMBIO_PRESET, SymbioConfig
from koki2.core.configs import unread
from koki2.models import GptConfig
from koki2.session.symbio_file import read_symbio

AS_WRITTEN = """{
  "cusumSensitivity": 4.0,
  "metricsInterval": 50,
  "adaptiveBatch": true,
  "searchMode": "ffn-activation-search",
  "activationPool": ["gelu", "relu", "silu", "swiglu"],
  "searchStrategy": "evolutionary",
  "populationSize": 6,
  "generations": 4,
  "stepsPerCandidate": 1000,
  "rankBy": "valLoss"
}"""
DEFAULTS_7_3 = {
    "metricsInterval": 50,
    "trackWeightEntropy": True,
    "trackEffectiveRank": True,
    "trackFreeEnergy": True,
    "trackMIProfiles": False,
    "trackPopulationMetrics": True,
    "freeEnergyBeta": 0.01,
    "miNumBins": 30,
    "adaptiveBatch": True,
    "batchMin": 8,
    "batchMax": 64,
    "batchStep": 4,
    "calmStepsBeforeRestore": 200,
    "fitnessAlpha": 1.0,
    "complexityMode": "entropy",
    "diversityBonus": 0.0,
    "diversityDecay": "none",
    "searchMode": "ffn-activation-search",
    "activationPool": ("gelu", "relu", "silu", "swiglu"),
    "searchStrategy": "evolutionary",
    "populationSize": 6,
    "generations": 4,
    "selectionStrategy": "topk",
    "tournamentK": 3,
    "mutationRate": 0.25,
    "rankBy": "valLoss",
    "perfWeight": 0.0,
    "stabilityWeight": 0.0,
    "writeReport": True,
    "writeCandidates": True,
    "writeSummary": True,
}
OTHERWISE = {  # beside the two of the monitors that depart, and what the seed lacks
    "cusumSensitivity": 8.0,
    "cusumBaselineWindow": 50,
    "cusumSlack": 0.75,
    "cusumSides": "both",
    "cusumRebase": "on",
    "cusumWhiten": "on",
    "batchFollowsClock": False,
    "complexityWeight": 0.0,
    "stepsPerCandidate": None,  # 1000, or those of a shorter main run
}


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "symbio.json"
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return path

    return write


def test_names_and_defaults_are_those_of_the_seed_but_for_those_that_are_listed():
    assert symbio_json(SymbioConfig()) == DEFAULTS_7_3 | OTHERWISE
    assert SymbioConfig().candidate_steps(5_000) == 1_000


def test_the_json_of_7_4_is_read_as_written(file):
    config = SymbioConfig(**read_symbio(file(AS_WRITTEN)))
    assert config == SymbioConfig(cusum_sensitivity=4.0, steps_per_candidate=1000)


def test_every_setting_is_read_in_either_spelling(file):
    config = SymbioConfig()
    for values in (symbio_json(config), dataclasses.asdict(config)):
        assert SymbioConfig(**read_symbio(file(values))) == config
    with pytest.raises(ValueError, match="got batchMin and batch_min"):
        snake_keys({"batchMin": 8, "batch_min": 8})


def test_all_that_is_wrong_is_named_at_once(file):
    wrong = {
        "cusumSensitivty": 4,
        "metricsInterval": 0,
        "adaptiveBatch": "yes",
        "mutationRate": 1.5,
        "rankBy": "loss",
    }
    with pytest.raises(runlog.InputError) as error:
        read_symbio(file(wrong))
    lines = str(error.value).splitlines()
    assert len(lines) == 5
    for name in ("cusumSensitivty", "metrics_interval", "adaptive_batch", "rank_by"):
        assert sum(line.startswith(name) for line in lines) == 1
    (unknown,) = (line for line in lines if line.startswith("cusumSensitivty"))
    assert "did you mean cusum_sensitivity?" in unknown


@pytest.mark.parametrize(
    "values, words",
    [
        ({"activationPool": ["gelu", "tanhh"]}, "no activation 'tanhh'"),
        ({"activationPool": []}, "activation_pool"),
        ({"batchMin": 65}, "batch_min must be at most batch_max"),
        ({"cusumBaselineWindow": 3}, "window must be >= 4 with whiten"),
        ({"stepsPerCandidate": 0}, "steps_per_candidate"),
    ],
)
def test_rules_that_tie_settings_are_kept(file, values, words):
    with pytest.raises(runlog.InputError, match=words):
        read_symbio(file(values))


def test_the_seeds_own_monitors_are_reached_by_settings():
    config = SymbioConfig(
        cusum_slack=0.0,
        cusum_sides="upper",
        cusum_baseline_window=10,
        cusum_sensitivity=4.0,
        cusum_rebase="off",
        cusum_whiten="off",
    )
    found = config.change_point
    assert (found.slack, found.threshold, found.window) == (0, 4, 10)
    assert (found.sides, found.rebase, found.whiten) == ("upper", False, False)


def test_what_is_not_read_is_known():
    off = SymbioConfig(adaptive_batch=False, search_mode="none")
    assert {"batch_min", "batch_step", "generations", "mi_num_bins"} <= set(unread(off))
    assert "batch_min" not in unread(SymbioConfig())


def test_the_preset_is_tables_7_1_and_7_2():
    assert SYMBIO_PRESET["training"] == {
        "lr": 5e-5,
        "grad_clip": 5.0,
        "warmup_iters": 500,
        "spike_threshold": 10.0,
    }
    model = GptConfig(dim=256, heads=8, **SYMBIO_PRESET["model"])
    assert model.ffn_activation == "swiglu" and model.ffn_width == 704
