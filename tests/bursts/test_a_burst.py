"""A burst from beginning to end, on the fake RunPod."""

from conftest import config, QUICK

from koki2.bursts import planning, run_burst


def test_a_command_runs_on_a_pod_and_its_files_come_back(fake):
    steps, said = [], []
    folder = run_burst(config(), say=said.append, pace=QUICK, step=steps.append)
    assert steps == list(planning.STEPS) and said == []
    assert (folder / "fetched" / "runs" / "result").read_text() == "7\n"
    assert (folder / "fetched" / "runs" / "deep" / "a b").read_text() == "x\n"
    assert (folder / "stdout.log").read_text() == "said\n"
    assert (folder / "stderr.log").read_text() == "warned\n"
    assert fake.pods == {}
