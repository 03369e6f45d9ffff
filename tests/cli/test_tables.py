"""Tables fit a page, and leave out what is the same for all."""

import pytest

from koki2.session.tables import print_table
from koki2.session.verdicts import print_evaluation


@pytest.mark.parametrize("columns", [1, 3, 12])
def test_columns_that_do_not_fit_follow_below(capsys, columns):
    names = [f"a column of number {i:02d}" for i in range(columns)]
    rows = [[i + 0.5 * j for j in range(columns)] for i in range(3)]
    print_table(names, rows, title="of all")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "of all" and max(map(len, lines)) <= 100
    headings = [line for line in lines if line.startswith(names[0])]
    assert len(headings) == (4 if columns == 12 else 1)
    for j, name in enumerate(names):
        at = next(i for i, line in enumerate(lines) if name in line)
        end = lines[at].index(name) + len(name)
        assert f"{2 + 0.5 * j:.4f}" in lines[at + 3][:end]


def test_an_evaluation_leaves_out_what_is_the_same_in_every_episode(capsys):
    p = {"p": 0.01, "p_holm": 0.03, "p_flip": 0.02}
    same = {"mean": 0.0, "low": 0.0, "high": 0.0} | p
    means = {"mean_fitness": 2.0, "mean_bad_arrivals": 0.0, "mean_t_alive": 8.0}
    evaluation = {
        "eval_seed": 3,
        "baseline": means | {"mean_fitness": 1.0},
        "genomes": {"best": means},
        "differences": {
            "best": {
                "fitness": {"mean": 1.0, "low": 0.5, "high": 1.5} | p,
                "bad_arrivals": same,
                "t_alive": same | {"low": -1.0, "high": 1.0},  # the same on average
            }
        },
    }
    print_evaluation(evaluation, "greedy", episodes=4)
    shown = capsys.readouterr().out
    assert "1.0000 [0.5000, 1.5000]" in shown and "mean_t_alive" in shown
    assert "the same in every episode: mean_bad_arrivals 0.0000" in shown
