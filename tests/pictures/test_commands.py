"""`koki2 plot`, `replay-life`, `watch`: from a run or a world to a file that opens."""

import dataclasses
import importlib
import json

import numpy as np
import pytest
from PIL import Image

from koki2 import evolution, runlog
from koki2.agents.configs import AgentConfig
from koki2.cli import main, plot, replay_life
from koki2.envs.base import Env
from koki2.envs.configs import ChemotaxisConfig
from koki2.evolution.configs import EvolutionConfig

CONFIG = EvolutionConfig(
    env=ChemotaxisConfig(width=9, height=9, steps=5, num_sources=2),
    agent=AgentConfig(n_neurons=4, k_edges=2),
)
GENOME = {
    "obs_w": np.ones((4, 4), np.float32),
    "rec_w": np.zeros(8, np.float32),
    "motor_w": np.ones((4, 5), np.float32),
    "motor_b": np.zeros(5, np.float32),
    "mod_w": np.zeros(4, np.float32),
}
BUILD = importlib.import_module("koki2.evolution.build")  # also a function
MEAN = {"mean": 130.0, "low": 129.0, "high": 131.0}


@pytest.fixture
def make_run(tmp_path, columns):
    def make(name="run", generations=3, is_complete=True, **more):
        made = columns(generations, **more)
        rows = [
            dict(zip(made, row, strict=True))
            for row in zip(*made.values(), strict=True)
        ]
        config = dataclasses.asdict(CONFIG)
        path = tmp_path / name
        with runlog.Run.start(
            tmp_path, "evo-l0", 7, config, {}, {}, out_dir=path
        ) as run:
            run.append(rows)
            run.save_artifact("best_genome", GENOME)
            if is_complete:
                run.finish({})
        return path

    return make


def hold_out(run, seed=0, episodes=512, **more):
    folder = run / "heldout"
    folder.mkdir(exist_ok=True)
    value = {"eval_seed": seed, "episodes": episodes, "lives": {"best": MEAN}} | more
    path = folder / f"evalseed{seed}_episodes{episodes}.json"
    path.write_text(json.dumps(value))


def test_plot_leaves_a_picture_in_the_folder_of_the_one_run(make_run, capsys):
    run = make_run()
    hold_out(run)
    hold_out(run, seed=1, episodes=8)
    assert plot.run(plot.Options(runs=(run, run), json=True)) == 0
    assert json.loads(capsys.readouterr().out) == {
        "out": str(run / "fitness.png"),
        "generations": {str(run): 3},
        "held_out": {str(run): {"0": 512, "1": 8}},
        "complete": {str(run): True},
    }
    with Image.open(run / "fitness.png") as image:
        assert image.format == "PNG" and image.width == 1320


def test_plot_of_several_runs_goes_where_one_stands(make_run, monkeypatch, tmp_path):
    runs = (make_run("a"), make_run("b"))
    monkeypatch.chdir(tmp_path)
    assert plot.run(plot.Options(runs=runs)) == 0
    assert (tmp_path / "fitness.png").exists()


def test_plot_refuses_what_cannot_be_drawn(make_run, tmp_path):
    with pytest.raises(runlog.InputError, match="has no rows yet"):
        plot.run(plot.Options(runs=(make_run("empty", 0, is_complete=False),)))
    run = make_run()
    for out in ("a.jpg", "nosuch/a.png"):
        with pytest.raises(runlog.InputError, match="--out must be"):
            plot.run(plot.Options(runs=(run,), out=tmp_path / out))
    broken = make_run("broken", median_fitness=[1.0, "x", 2.0])
    with pytest.raises(runlog.BrokenRunError, match="line 2, .* median_fitness"):
        plot.run(plot.Options(runs=(broken,)))


@pytest.mark.parametrize(
    "more, said",
    [
        ({"lives": {"best": MEAN | {"low": None}}}, "best, should have numbers"),
        ({"lives": {}}, 'should have an object "lives"'),
        ({"episodes": 9}, "of its name, is of 0 and 9"),
    ],
)
def test_plot_refuses_an_evaluation_that_is_not_as_it_was_written(make_run, more, said):
    run = make_run()
    hold_out(run)
    (path,) = (run / "heldout").iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | more))
    with pytest.raises(runlog.BrokenRunError, match=said):
        plot.run(plot.Options(runs=(run,)))


def test_replay_life_makes_a_film_of_the_real_world(make_run, capsys):
    run = make_run()
    options = replay_life.Options(run=run, policy="oracle", episode=1, json=True)
    assert replay_life.run(options) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["who"], facts["steps"], facts["frames"]) == ("oracle", 5, 6)
    with Image.open(run / "life_oracle_seed0_episode1.gif") as film:
        assert film.n_frames == 6 and film.width == 640


def test_replay_life_watches_the_genome_config_and_life_asked_for(
    make_run, life, monkeypatch, tmp_path, capsys
):
    def watch(config, seed, genome, *, eval_seed, episode):
        assert (config, seed, eval_seed, episode) == (CONFIG, 7, 5, 2)
        assert all((genome[name] == GENOME[name]).all() for name in GENOME)
        return life()

    monkeypatch.setattr(replay_life.evolution, "watch_genome", watch)
    run, out = make_run(), tmp_path / "a.gif"
    options = replay_life.Options(run=run, life_seed=5, episode=2, out=out)
    assert replay_life.run(options) == 0
    assert capsys.readouterr().out == (
        f"Lived all 6 steps: the clock ran out.\nwrote {out}\n"
    )
    assert out.exists()


def test_replay_life_says_what_it_lacks(make_run, monkeypatch):
    with pytest.raises(runlog.InputError, match="no genomes yet.*koki2 resume"):
        replay_life.run(replay_life.Options(run=make_run("a", is_complete=False)))

    def watch(*_, **__):
        raise ValueError("a genome needs rec_w of shape (8,)")

    monkeypatch.setattr(replay_life.evolution, "watch_genome", watch)
    run = make_run("b")
    with pytest.raises(runlog.BrokenRunError, match="best genome of .* rec_w"):
        replay_life.run(replay_life.Options(run=run))

    def no_such_policy(*_, **__):
        raise ValueError("policy greedy needs a world with a map")

    monkeypatch.setattr(replay_life.evolution, "watch_baseline", no_such_policy)
    with pytest.raises(runlog.InputError, match="greedy needs a world with a map"):
        replay_life.run(replay_life.Options(run=run, policy="greedy"))

    def blind(*_, **__):
        raise evolution.NoMapError("there is no map")

    monkeypatch.setattr(replay_life.evolution, "watch_genome", blind)
    with pytest.raises(runlog.InputError, match="there is no map"):
        replay_life.run(replay_life.Options(run=run))


def test_watch_films_a_baseline_where_one_stands(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    world = f"watch obstacles-l1.2 --rooms 2 --height {CONFIG.env.height} --steps 9"
    said = f"{world} --policy stay --steps-max 4 --seed 3 --episode 1 --json".split()
    assert main(said) == 0
    facts = json.loads(capsys.readouterr().out)
    path = "obstacles-l1.2_stay_seed3_episode1.gif"
    assert (facts["out"], facts["who"], facts["steps"]) == (path, "stay", 9)
    assert (facts["frames"], facts["food"], "integrity" in facts) == (5, 0, False)
    with Image.open(tmp_path / path) as film:
        assert film.width == 640


def test_watch_says_what_cannot_be_watched(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["watch", "nowhere"]) == 2
    assert main(["watch", "obstacles-l1.2", "--out", "a.mp4"]) == 2
    no_map = Env(None, None, observation_size=3, num_actions=5, steps=9, version=1)
    monkeypatch.setattr(BUILD, "make_env", lambda config: no_map)
    assert main(["watch", "obstacles-l1.2", "--policy", "stay"]) == 2
    assert main(["watch", "obstacles-l1.2", "--policy", "greedy"]) == 2
    said = capsys.readouterr().err
    assert "there is no world 'nowhere'" in said and "must be a name in .gif" in said
    assert "an episode must be in a world with a map; this has none" in said
    assert "policy greedy needs a world with a map" in said
    assert not list(tmp_path.iterdir())
