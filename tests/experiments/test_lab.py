"""The lab: studies as data, their runs as a sweep, published numbers as they are."""

import importlib
import json
import pathlib

import numpy as np
import pytest

from experiments import lab
from experiments.lab import seeds
from koki2.evolution.configs import EvolutionConfig, LoopConfig
from koki2.reports import statistics
from koki2.session import sweep

FOLDER = pathlib.Path(lab.__file__).parents[1]
STUDIES = [path.name for path in sorted(FOLDER.glob("e0*"))]
PUBLISHED = [  # E018 chooses, and contrasts nothing
    path.parent.name
    for path in sorted(FOLDER.glob("e0*/results.json"))
    if "contrasts" in json.loads(path.read_text())
]
CONFIG = EvolutionConfig(loop=LoopConfig(generations=4, checkpoint_every=2))


def study(**changes):
    return lab.Study(
        **{
            "name": "e999",
            "arms": {"w/a": CONFIG, "w/b": EvolutionConfig(), "v/c": CONFIG},
            "seeds": (4, 5, 6),
            "episodes": 8,
            "probes": {
                "w/a, eta 0": lab.Probe("w/a", {"plast_eta": 0.0}),
                "w/a, best": lab.Probe("w/a", genome="best"),
                "v/c, best": lab.Probe("v/c", genome="best"),
                "v/c, no energy": lab.Probe("v/c", lesion="energy"),
            },
            "contrasts": (lab.Contrast("w/a", "w/stay"), lab.Contrast("w/a", "v/c")),
            "baselines": {"w": (CONFIG, ("stay", "blind")), "v": (CONFIG, ("stay",))},
        }
        | changes
    )


def test_a_smoke_keeps_two_arms_with_a_probe_each_and_their_worlds():
    small = lab.smoke(study())
    assert (list(small.arms), small.seeds) == (["w/a", "w/b"], (4, 5))
    assert list(small.probes) == ["w/a, eta 0"]
    assert {w: p for w, (_, p) in small.baselines.items()} == {"w": ("stay",)}
    loop = small.arms["w/b"].loop
    assert (
        loop.generations // loop.checkpoint_every == 2
    )  # two, for the seconds of a generation
    assert list(lab.smoke(study(smoke_arms=("v/c",))).arms) == ["v/c"]


def test_a_study_names_only_its_own_arms():
    with pytest.raises(ValueError, match=r"must be of the arms w/a, w/b, v/c, got w/z"):
        study(probes={"p": lab.Probe("w/z")})


def test_a_study_is_run_once_and_read_back(fake, tmp_path, monkeypatch):
    options = lab.Options(runs_dir=tmp_path / "runs", out=tmp_path)
    results = lab.run_study(study(), options)
    runs = results["arms"]["w/a"]["runs"]
    genomes = lab.read_genomes(options, results, "w/a")
    assert len(set(runs)) == 3 and (options.runs_dir / runs[0]).is_dir()
    expected = [genome["w"].sum() + CONFIG.agent.plast_eta for genome in genomes]
    assert lab.read_values(results, "w/a").tolist() == pytest.approx(expected)
    lowered = lab.read_values(results, "w/a") - lab.read_values(results, "w/a, eta 0")
    assert lowered == pytest.approx(CONFIG.agent.plast_eta)
    best = lab.read_genomes(options, results, "w/a", "best")
    assert lab.read_values(results, "w/a, best")[0] == pytest.approx(
        best[0]["w"].sum() + CONFIG.agent.plast_eta
    )
    assert lab.read_values(results, "w/stay").tolist() == [2.5] * 3  # both eval seeds
    best = 3.0 + CONFIG.agent.plast_eta  # left is better, or as good
    assert lab.read_values(results, "w/blind").tolist() == [best] * 3
    taken = lab.read_values(results, "v/c") - lab.read_values(results, "v/c, no energy")
    assert taken == pytest.approx(3.0)  # 1 of each of its three numbers
    assert results["arms"]["w/a"]["env_steps"] == [400] * 3
    assert results["contrasts"] == lab.contrasts(results, study().contrasts)
    before = (tmp_path / "results.json").read_bytes()
    monkeypatch.setattr(sweep.driver, "finish", None)  # a call would fail
    monkeypatch.setattr(sweep.heldout, "live", None)
    assert lab.run_study(study(), options) == results
    assert (tmp_path / "results.json").read_bytes() == before
    assert lab.run_study(study(), lab.Options(report=True, out=tmp_path)) == results


def test_a_second_study_hangs_on_the_first_and_extra_measures_join(fake, tmp_path):
    options = lab.Options(runs_dir=tmp_path / "runs", out=tmp_path)

    def more(results):
        arms = {f"{name}, again": CONFIG for name in results["arms"]}
        pairs = tuple(lab.Contrast(name, "w/a") for name in arms)
        return study(arms=arms, probes={}, baselines={}, contrasts=pairs)

    only = study(arms={"w/a": CONFIG}, probes={}, contrasts=())
    extra = lambda study, options, results: {"arms of it": [*study.arms]}
    results = lab.run_study(only, options, more, extra)
    assert results["arms of it"] == ["w/a"]
    (again,) = results["contrasts"]
    assert (again["ours"], again["mean"], again["wins"]) == ("w/a, again", 0.0, 0)
    assert results["arms"]["w/a, again"] == results["arms"]["w/a"]  # the same cells


@pytest.mark.parametrize("name", STUDIES)
def test_experiments_compare_what_they_have_and_need_no_command_line(name):
    source = (FOLDER / name / "__main__.py").read_text()
    assert "koki2.cli" not in source
    module = importlib.import_module(f"experiments.{name}.__main__")
    if name in ("e005_rungs", "e010_deception"):  # their arms depend on a budget
        return
    if name in ("e018_settings", "e019_plateau"):  # its arms stand in sweep files
        return
    whole = module.study()
    policies = {f"{w}/{p}" for w, (_, ps) in whole.baselines.items() for p in ps}
    known = {*whole.arms, *whole.probes, *policies}
    assert whole.contrasts and {n for c in whole.contrasts for n in c} <= known
    assert lab.smoke(whole).arms


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_contrasts_follow_from_published_values(name):
    results = json.loads((FOLDER / name / "results.json").read_text())
    published = results["contrasts"]
    pairs = [lab.Contrast(each["ours"], each["theirs"]) for each in published]
    assert lab.contrasts(results, pairs) == published


def test_what_e001_published_is_still_what_its_readme_says():
    results = json.loads((FOLDER / "e001_l0_competence" / "results.json").read_text())
    mean = results["arms"]["bonus 50/ES"]["mean"]
    seen = [np.mean(mean[seed]["fitness"]) for seed in ("424242", "0")]
    assert np.mean(seen) == pytest.approx(166.6, abs=0.05)
    blind = results["baselines"]["bonus 50"]["blind"]["fitness"]
    assert blind == pytest.approx(167.0, abs=0.05)


def test_the_verdicts_of_pages_are_those_after_holm():
    """Of E002's contrasts 13 had a percentile interval beyond zero; 8 survive."""
    counts = {}
    for name in PUBLISHED:
        found = json.loads((FOLDER / name / "results.json").read_text())["contrasts"]
        counts[name[:4]] = sum(map(statistics.is_significant, found))
        page = (FOLDER / name / "report.md").read_text()
        assert page.count("| **") == counts[name[:4]]
    assert counts == {"e001": 13, "e002": 8, "e005": 7, "e010": 10, "e019": 40}


def test_no_two_experiments_are_judged_on_the_same_episodes():
    """But those that were published before there was a table."""
    fresh = [s for s in seeds.EVAL_SEEDS.values() if s != seeds.PUBLISHED]
    drawn = [seed for pair in [*fresh, seeds.PUBLISHED] for seed in pair]
    assert len(set(drawn)) == len(drawn)
    assert {name[:4] for name in STUDIES} <= set(seeds.EVAL_SEEDS)
    old = {name for name, s in seeds.EVAL_SEEDS.items() if s == seeds.PUBLISHED}
    assert old == {"acceptance", "e001", "e002", "e005", "e010"}
    assert lab.eval_seeds("another") == lab.eval_seeds("another")
    assert not {*lab.eval_seeds("another")} & {*drawn, *lab.eval_seeds("other")}
