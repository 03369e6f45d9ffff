"""The table of monitors, as text and as JSON."""

import json

SMALL = "calibrate-monitors --slack 0.75 --threshold 8 --window 50 --streams 8 --steps"


def test_it_prints_the_seeds_test_and_the_defaults(koki2):
    said = koki2(f"{SMALL} 400")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "white noise, and a shift of 2 sigma"
    assert lines[2].startswith("seed 003") and lines[3].startswith("default")
    assert len(lines) == 5

    facts = json.loads(koki2(f"{SMALL} 400 --json").out)
    assert (facts["streams"], facts["steps"], facts["shift"]) == (8, 400, 2)
    seeds, ours = facts["rows"]
    assert (seeds["slack"], seeds["threshold"], seeds["window"]) == (0, 4, 10)
    assert ours["test"] == "default" and seeds["every"] < ours["every"]


def test_streams_must_be_longer_than_the_window(koki2):
    said = koki2(f"{SMALL} 50")
    assert said.code == 2 and not said.out
    assert "--steps must be more than the longest --window" in said.err
