"""Sweep files: which cells they name, and every problem said at once."""

import pytest
from counting import KIND

from koki2.runlog import InputError
from koki2.session.kinds import KINDS
from koki2.session.sweep_file import plan

WALK = {"kind": "counting"}


@pytest.fixture(autouse=True)
def counting():
    KINDS.register("counting", KIND)
    yield
    KINDS.remove("counting")


def labels(**values):
    return [cell.label for cell in plan(WALK | values, where="file").cells]


def refusal(**values):
    with pytest.raises(InputError) as raised:
        plan(WALK | values, where="sweep.toml")
    return str(raised.value).splitlines()


def test_a_grid_is_every_combination_in_the_order_of_the_file():
    found = labels(grid={"walk.step": [1, 2], "seed": [0, 1]})
    assert found == [
        "walk.step 1.0, seed 0",
        "walk.step 1.0, seed 1",
        "walk.step 2.0, seed 0",
        "walk.step 2.0, seed 1",
    ]


def test_tables_and_dotted_names_are_the_same():
    dotted = plan(WALK | {"grid": {"walk.step": [1, 2]}}, where="file")
    nested = plan(WALK | {"grid": {"walk": {"step": [1, 2]}}}, where="file")
    assert dotted.cells == nested.cells


def test_zip_goes_in_step_and_list_gives_each_choice_a_name():
    found = plan(
        WALK
        | {
            "zip": {"walk.step": [1.0, 2.0], "seed": [5, 6]},
            "list": [
                {"label": "short", "loop.units": 2},
                {"label": "long", "loop": {"units": 9}},
            ],
        },
        where="file",
    )
    assert found.settings == ["label", "walk.step"]
    settings = [
        (*c.settings.values(), c.seed, c.config.loop.units) for c in found.cells
    ]
    assert settings == [
        ("short", 1.0, 5, 2),
        ("short", 2.0, 6, 2),
        ("long", 1.0, 5, 9),
        ("long", 2.0, 6, 9),
    ]


def test_axes_lie_over_the_base_which_lies_over_world_and_defaults():
    found = plan(
        {
            "world": "chemotaxis-l0.2",
            "env": {"width": 20},
            "grid": {"env.num_sources": [5], "world": ["chemotaxis-l0.1"]},
        },
        where="file",
    )
    env = found.cells[0].config.env
    assert (env.width, env.height, env.num_sources) == (20, 16, 5)
    assert found.cells[0].settings == {
        "env.num_sources": 5,
        "world": "chemotaxis-l0.1",
    }
    assert found.cells[0].provenance["env.width"] == "sweep:file"


def test_what_jobs_are_given_changes_no_cell():
    found = plan(WALK | {"slurm": {"partition": "gpu", "mem_gb": 4}}, where="file")
    assert (found.slurm.partition, found.slurm.mem_gb) == ("gpu", 4.0)
    assert found.cells == plan(WALK, where="file").cells


def test_no_axes_are_one_cell():
    assert labels() == ["seed 0"]


def test_a_folder_depends_on_settings_and_not_on_how_the_file_says_them():
    by_base = plan(WALK | {"walk": {"step": 2}, "grid": {"seed": [1]}}, where="a").cells
    by_axis = plan(WALK | {"zip": {"walk.step": [2.0], "seed": [1]}}, where="b").cells
    other = plan(WALK | {"walk": {"step": 3}, "grid": {"seed": [1]}}, where="a").cells
    assert by_base[0].folder == by_axis[0].folder != other[0].folder


def test_every_problem_is_said_at_once():
    said = refusal(
        walk={"step": -1, "stride": 2},
        lop={"units": 3},
        grid={"loop.units": [0, 3], "seed": [-1, True, 2]},
    )
    assert said == [
        "sweep.toml has 6 problems:",
        "  walk.step must be a finite number > 0, got -1",
        "  walk.stride is unknown; did you mean walk.step?",
        "  lop is unknown; did you mean loop?",
        "  loop.units must be an integer >= 1, got 0",
        "  seed must be an integer >= 0 and <= 2147483647, got -1",
        "  seed must be an integer >= 0 and <= 2147483647, got True",
    ]


@pytest.mark.parametrize(
    "values, problem",
    [
        ({"kind": "evolution"}, "kind: there is no kind of run 'evolution'"),
        ({"kind": 3}, "kind must be a name, got 3"),
        ({"world": "chemotaxis-l0.0"}, "world must be left out: runs of counting"),
        ({"kind": "evo", "world": "chemotaxi-l0.0"}, "did you mean chemotaxis-l0.0"),
        ({"grid": {"walk.step": 3}}, "grid: walk.step must be a list of one value"),
        ({"grid": {"walk.step": []}}, "grid: walk.step must be a list of one value"),
        ({"grid": [1]}, "grid must be a table of lists, got [1]"),
        (
            {"list": {"walk.step": 3}},
            "list must be tables, each written under [[list]]",
        ),
        (
            {"zip": {"walk.step": [1, 2], "seed": [1]}},
            "lists of zip must be equally long, got walk.step 2, seed 1.",
        ),
        (
            {"grid": {"seed": [1]}, "zip": {"seed": [1]}},
            "seed must be on one axis, is on two.",
        ),
        (
            {"list": [{"label": "a"}, {"walk.step": 2}]},
            "label must be given for every table of list or for none",
        ),
        ({"grid": {"seed": [1, 1]}}, "two cells must not be the same: seed 1"),
        (
            {"grid": {"walk.drift": [0, 2]}},
            "walk: drift must not exceed step, got 2.0. (at walk.drift 2)",
        ),
        ({"slurm": 3}, "slurm must be a table, got 3."),
        (
            {"slurm": {"cpus_per_task": 0}},
            "slurm.cpus_per_task must be an integer >= 1",
        ),
        ({"slurm": {"setup": ["rm"]}}, "slurm.setup is unknown"),
        (
            {"slurm": {"qos": "a\n#SBATCH --wrap=rm"}},
            "slurm.qos must be one word of ASCII, got 'a\\n#SBATCH --wrap=rm'.",
        ),
        (
            {"grid": {"walk": [1], "walk.step": [2]}},
            "walk must be a table of settings, got 1",
        ),
        (
            {"grid": {"seed": list(range(200)), "walk.step": list(range(1, 201))}},
            "there must be at most 10000 cells, got 40000.",
        ),
    ],
)
def test_a_bad_file_is_refused_in_one_clear_line(values, problem):
    said = refusal(**values)
    assert said[0] == "sweep.toml has 1 problem:"
    assert problem in said[1]
