"""Every command of seed 002's runbook (section 2, RunPod apart), as written there."""

import pytest

from koki2 import runlog
from koki2.cli.commands import COMMANDS

RUN = "runs/20261120T101530Z_evo-l0_seed0"
RUNBOOK = """
baseline-l0 --policy greedy --episodes 32
baseline-l0 --policy random --episodes 32
baseline-l0 --policy stay --episodes 32
evo-l0 --generations 5 --pop-size 64 --steps 128
eval-run --run-dir runs/20261120T101530Z_evo-l0_seed0 --episodes 64 --seed 0 --baseline-policy greedy
evo-l0 --grad-gain-min 0.0 --grad-gain-max 1.0 --grad-gain-start-phi 0.0 --grad-gain-end-phi 0.3 --grad-bins-min 2 --grad-bins-max 16 --grad-bins-start-phi 0.0 --grad-bins-end-phi 0.6
evo-l0 --mvt --mvt-steps 64 --mvt-episodes 2 --mvt-min-alive-steps 32
baseline-l0 --policy greedy --episodes 64 --steps 128 --num-sources 4 --num-bad-sources 2 --bad-source-integrity-loss 0.25
baseline-l0 --policy greedy --episodes 64 --steps 128 --num-sources 4 --num-bad-sources 2 --bad-source-integrity-loss 0.25 --good-only-gradient
baseline-l0 --policy greedy --episodes 64 --steps 128 --deplete-sources --respawn-delay 4
baseline-l0 --policy greedy --episodes 64 --steps 128 --grad-dropout-p 0.5
batch-evo-l0 --seed-count 3 --generations 50 --jit-es
""".strip().splitlines()  # noqa: E501


@pytest.mark.parametrize("words", RUNBOOK)
def test_the_runbook_is_understood(koki2, monkeypatch, words):
    seen = []
    module = COMMANDS[words.split()[0]].load()
    monkeypatch.setattr(module, "run", lambda options: seen.append(options) or 0)
    said = koki2(words)
    assert said.code == 0, said.err
    (options,) = seen
    given = [w[2:].replace("-", "_") for w in words.split() if w.startswith("--")]
    origin = getattr(getattr(options, "settings", None), "provenance", {})
    flags = {
        path.partition(".")[2] for path, from_ in origin.items() if from_ == "flag"
    }
    assert flags | {name for name in given if hasattr(options, name)} == set(given)


@pytest.mark.slow
def test_the_runbook_works(koki2, home):
    for words in RUNBOOK:
        said = koki2(*words.replace(RUN, "runs/first").split())
        assert said.code == 0, (words, said.err)
        if words.startswith("evo-l0 --generations 5"):
            (run,) = (home / "runs").iterdir()
            run.rename(home / "runs" / "first")
    runs = runlog.list_runs(home / "runs")
    assert len(runs) == 6 and {run.status for run in runs} == {"complete"}
    assert koki2("replay runs/first").code == 0


@pytest.mark.parametrize(
    "policy, seed, mean",
    [
        ("greedy", 424242, 154.9092),
        ("random", 424242, 133.9463),
        ("greedy", 0, 153.7236),
    ],
)
def test_published_baselines_come_out_to_four_decimals(koki2, policy, seed, mean):
    said = koki2(
        f"baseline-l0 --policy {policy} --episodes 512 --seed {seed} --num-sources 4 "
        "--num-bad-sources 2 --bad-source-integrity-loss 0.25 --json"
    )
    assert said.code == 0, said.err
    assert round(said.json["mean_fitness"], 4) == mean
    assert (said.json["policy"], said.json["seed"]) == (policy, seed)
    assert len([name for name in said.json if name.startswith("mean_")]) == 13
