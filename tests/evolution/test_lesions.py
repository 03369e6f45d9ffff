"""Lesions: what is taken is missed by who used it, and by no other."""

import dataclasses
import re

import numpy as np
import pytest

from koki2 import envs
from koki2.agents import AgentConfig
from koki2.envs.registry import LEVELS
from koki2.envs.senses import named
from koki2.evolution import (
    evaluate_baseline,
    EvolutionConfig,
    INTACT,
    judge,
    LesionError,
    make_task,
)
from koki2.evolution.configs import POLICIES
from koki2.evolution.lesions import lesion, lesion_names
from koki2.policies.moves import LEFT, RIGHT
from koki2.reports import probe

AGENT = AgentConfig(n_neurons=4, k_edges=1)
WORLD = envs.ChemotaxisConfig(width=9, steps=8)
CONFIG = EvolutionConfig(env=WORLD, agent=AGENT)
WHICH = {"eval_seed": 0, "episodes": 64}
TASK = make_task(envs.make(WORLD), AGENT)


def genome(**changes):
    """Fires where food is east, or west, and goes there; its other senses tell nothing.

    A unit of gradient is 8 cells, so that one cell is 0.125: 100 times that passes
    threshold at once.
    """
    arrays = {
        "obs_w": np.zeros((4, 4), np.float32),
        "rec_w": np.zeros(4, np.float32),
        "motor_w": np.zeros((4, 5), np.float32),
        "motor_b": np.zeros(5, np.float32),
        "mod_w": np.zeros(4, np.float32),
    }
    arrays["obs_w"][:2, 0] = 100.0, -100.0
    arrays["motor_w"][0, RIGHT] = arrays["motor_w"][1, LEFT] = 1.0
    return arrays | changes


@pytest.fixture(scope="module")
def judged():
    return judge(CONFIG)


@pytest.fixture(scope="module")
def follows(judged):
    """Who follows its gradient, under every lesion."""
    return judged.lesioned(0, genome(), judged.lesions(), **WHICH)


@pytest.fixture(scope="module")
def blind(judged):
    return judged.blind(**WHICH)


def assert_close(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5, err_msg=name)


def test_one_that_follows_its_gradient_is_found_to_use_it(follows, blind):
    """Food lies within 8 steps, and half of it on the left of who sees nothing."""
    found = probe.compare(blind, {}, follows)
    assert np.all(follows[INTACT]["success"] == 1)
    assert found["competent"] and found["best_blind"] in blind
    assert found["uses"] == {
        "gradient": True,
        "energy": False,
        "integrity": False,
        "needs": False,
    }
    text = "\n".join(found["verdict"])
    assert re.search(
        r"it uses gradient: \S+ worse at zero, \S+ worse with another life's", text
    )
    assert text.endswith("competent: it beats all that see nothing, by gradient")
    assert "not shown to use energy, integrity, needs" in text
    assert "not shown to need its recurrent weights" in text


def test_one_that_walks_left_is_found_to_use_nothing(judged, blind):
    bias = np.eye(5, dtype=np.float32)[LEFT]
    walks = genome(obs_w=np.zeros((4, 4), np.float32), motor_b=bias)
    lesioned = judged.lesioned(0, walks, judged.lesions(), **WHICH)
    assert_close(lesioned[INTACT], blind["left"])
    found = probe.compare(blind, {}, lesioned)
    assert not found["competent"] and not any(found["uses"].values())
    assert all(row["p"] == 1 for row in found["rows"] if row["kind"] == "lesion")
    assert "it does not beat the best blind policy" in found["verdict"][0]


def test_nothing_taken_is_the_lives_of_a_held_out_evaluation(judged, follows):
    assert_close(follows[INTACT], judged.genome(0, genome(), **WHICH))


def test_a_sense_at_zero_is_a_sense_that_no_neuron_listens_to(judged, follows):
    deaf = genome(obs_w=np.zeros((4, 4), np.float32))
    assert_close(follows["gradient"], judged.lesioned(0, deaf, [], **WHICH)[INTACT])


def test_with_the_gradient_of_the_next_episode_it_does_what_it_did_there(follows):
    assert np.ptp(follows[INTACT]["action_mode_frac"]) > 0
    np.testing.assert_allclose(
        follows["gradient@other"]["action_mode_frac"],
        np.roll(follows[INTACT]["action_mode_frac"], -1),
    )


def test_recurrent_weights_that_are_cut_are_weights_of_zero(judged):
    """One that wakes who goes east by who goes west, and so turns back."""
    motor = np.zeros((4, 5), np.float32)
    motor[0, RIGHT], motor[1, LEFT] = 2.0, 1.0
    loud = genome(motor_w=motor, rec_w=np.full(4, 900.0, np.float32))
    cut = judged.lesioned(0, loud, ["recurrent"], **WHICH)
    mute = judged.lesioned(0, genome(motor_w=motor), [], **WHICH)
    assert np.any(cut[INTACT]["fitness"] != mute[INTACT]["fitness"])
    assert_close(cut["recurrent"], mute[INTACT])


@pytest.mark.slow
@pytest.mark.parametrize("modulator", ["spike", "event"])
def test_frozen_is_a_learning_rate_of_nought_and_silence_is_no_event(modulator):
    learns = dataclasses.replace(
        AGENT, plast_enabled=True, plast_eta=9.0, modulator_kind=modulator
    )
    hears = genome(
        rec_w=np.ones(4, np.float32),
        mod_w=np.ones(4, np.float32),
        motor_b=0.1 * np.eye(5, dtype=np.float32)[LEFT],
    )
    config = dataclasses.replace(CONFIG, agent=learns)
    still = dataclasses.replace(learns, plast_eta=0.0)
    found = judge(config).lesioned(0, hears, ["frozen", "events"], **WHICH)
    fixed = judge(dataclasses.replace(config, agent=still)).genome(0, hears, **WHICH)
    assert np.any(found[INTACT]["abs_dw_mean"] > 0)
    assert_close(found["frozen"], fixed)
    silent = found["events"] if modulator == "spike" else found["frozen"]
    moved = found[INTACT] if modulator == "spike" else found["events"]
    np.testing.assert_allclose(silent["abs_dw_mean"], moved["abs_dw_mean"], rtol=1e-5)


def test_every_policy_that_sees_nothing_has_a_name_on_the_command_line(blind):
    assert list(blind)[:5] == ["stay", "up", "down", "left", "right"]
    assert {*blind} < {*POLICIES}


@pytest.mark.slow
def test_all_that_see_nothing_live_in_one_program_as_each_alone(judged, blind):
    assert_close(blind["sweep"], evaluate_baseline(CONFIG, "sweep", **WHICH))


@pytest.mark.parametrize("level", LEVELS)
def test_every_sense_of_every_level_has_its_lesions(level):
    env = envs.make(LEVELS[level].config)
    task = make_task(env, AgentConfig(n_neurons=2, k_edges=1))
    senses, names = named(env.senses, env.observation_size), lesion_names(task)
    assert {s.name for s in senses} | {f"{s.name}@other" for s in senses} < {*names}
    zero = [np.asarray(lesion(task, sense.name).zero) for sense in senses]
    assert np.all(np.sum(zero, axis=0) == 1), "each channel is of one sense"
    kinds = {"gradient": "gradient", "needs": "need"}
    for word, kind in kinds.items():
        sizes = [sense.size for sense in senses if sense.kind == kind]
        assert np.sum(lesion(task, word).zero) == np.sum(sizes)


@pytest.mark.parametrize(
    "name, said",
    [
        ("smell", "must be one of gradient, energy, integrity, needs, recurrent, or"),
        ("gradient@zero", "must be one of gradient.*got 'gradient@zero'"),
        ("recurrent@other", "must be one of gradient.*got 'recurrent@other'"),
        ("frozen", "lesion frozen must be of an agent that has learning"),
        ("events", "lesion events must be of an agent that has learning"),
    ],
)
def test_what_is_not_there_cannot_be_taken(name, said):
    with pytest.raises(LesionError, match=said):
        lesion(TASK, name)


def test_there_is_no_other_episode_of_one(judged):
    with pytest.raises(LesionError, match="episodes must be 2 or more"):
        judged.lesioned(0, genome(), ["energy@other"], eval_seed=0, episodes=1)
