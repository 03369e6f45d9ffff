"""Evolutions that start from a given genome."""

import numpy as np
import pytest
import tiny
from bits import assert_same_bits

import koki2
from koki2.evolution import build, build_from

CONFIG = tiny.config(generations=2, episodes=1)
OTHER = tiny.config(agent=tiny.AGENT | {"n_neurons": 9}, generations=2, episodes=1)


def drawn(config, seed):
    """The genome that a run starts from by itself."""
    program = build(config, seed)
    return program, program.artifacts(program.init())["mean_genome"]


def test_started_from_what_it_would_draw_a_search_is_the_same_search():
    program, genome = drawn(CONFIG, 3)
    (same,) = build_from([(CONFIG, 3)], [genome])
    assert_same_bits(tiny.run(same, 1)[:2], tiny.run(program, 1)[:2])


def test_a_search_begins_with_the_genome_that_it_is_given_and_goes_on(tmp_path):
    _, genome = drawn(CONFIG, 3)
    moved = {
        name: np.asarray(array) + np.float32(0.5) for name, array in genome.items()
    }
    (program,) = build_from([(CONFIG, 3)], [moved])
    assert_same_bits(program.artifacts(program.init())["best_genome"], moved)
    run = koki2.run(program, out=tmp_path / "run", progress=False)
    assert run.summary["generations"] == 2
    assert koki2.run(program, out=tmp_path / "run", progress=False).rows() == run.rows()
    (another,) = build_from([(CONFIG, 3)], [genome])
    with pytest.raises(koki2.runlog.InputError, match="of another config or seed"):
        koki2.run(another, out=tmp_path / "run", progress=False)


def test_a_genome_of_another_shape_is_refused_in_a_line():
    _, genome = drawn(OTHER, 3)
    with pytest.raises(
        ValueError, match=r"^a direct genome .* must have \w+ of shape .*, got"
    ):
        build_from([(CONFIG, 3)], [genome])
    bad = {name: np.full_like(a, np.nan) for name, a in drawn(CONFIG, 3)[1].items()}
    with pytest.raises(ValueError, match="must be finite numbers, got"):
        build_from([(CONFIG, 3)], [bad])
