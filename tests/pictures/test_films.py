"""Films of a life: one frame per step lived, and what they show is what happened."""

import numpy as np
import pytest

from koki2 import pictures
from koki2.pictures import (
    fields,
    film,
    life as life_,
    look,
    sources,
    traces,
    world,
)


@pytest.mark.parametrize("height", [1, 9, 40])
def test_a_film_has_a_frame_for_birth_and_each_step_lived(life, height):
    frames = list(pictures.life_film(life(height=height), title="a life"))
    assert len(frames) == 7
    assert {frame.shape for frame in frames} == {frames[0].shape}
    assert frames[0].dtype == np.uint8 and frames[0].shape[1:] == (640, 3)
    assert all((a != b).any() for a, b in zip(frames, frames[1:], strict=False))


def test_the_same_life_is_the_same_film(life):
    films = [list(pictures.life_film(life(3), title="a $life$")) for _ in range(2)]
    np.testing.assert_array_equal(*films)


def test_a_film_ends_with_the_death(life):
    short = life(dies_at=3)
    assert len(list(pictures.life_film(short, title=""))) == 4
    assert life_.ending(short) == "Died of harm after 3 of 6 steps."
    assert pictures.life_facts(short) == {
        "steps": 3,
        "ending": "Died of harm after 3 of 6 steps.",
        "food": 1,
        "harm": 0,
        "energy": 0.625,
        "integrity": 0.0,
    }


def test_what_is_not_there_is_not_drawn(life):
    """A greedy baseline has no spikes; a planner does not even sense."""
    bare = {k: v for k, v in life(3).items() if k not in ("spike", "modulator")}
    del bare["observation"]
    assert len(list(pictures.life_film(bare, title="planner"))) == 4


@pytest.mark.parametrize(
    "needs, said",
    [
        ({"energy": 0.0, "integrity": 0.5}, "Starved after 3 of 6 steps."),
        ({"energy": 0.0, "integrity": 0.0}, "Died of harm after 3 of 6 steps."),
        ({"energy": 0.4, "warmth": 0.0}, "Ran out of warmth after 3 of 6 steps."),
        ({"energy": 0.4}, "Reached food after 3 of 6 steps. That ends it here."),
    ],
)
def test_the_need_that_is_empty_says_how_a_life_ended(life, needs, said):
    short = life(dies_at=3)
    short["needs"] = np.tile([*needs.values()], (7, 1))
    short["need_names"] = np.array([*needs])
    assert life_.ending(short) == said
    facts = pictures.life_facts(short)
    assert {name: facts[name] for name in needs} == needs


def test_what_is_entered_counts_by_what_it_was_worth_then(life):
    """Food at step 1, harm at step 3; had the seasons turned, the other way round."""
    fed, harmed = life_.meals(life())
    assert np.argwhere(fed).tolist() == [[2, 0]]
    assert np.argwhere(harmed).tolist() == [[4, 1]]
    fed, harmed = life_.meals(life() | {"worth": np.tile([-1.0, 1.0], (7, 1))})
    assert np.argwhere(fed).tolist() == [[4, 1]]
    assert np.argwhere(harmed).tolist() == [[2, 0]]
    fed, harmed = life_.meals(life() | {"worth": np.zeros((7, 2))})
    assert not fed.any() and not harmed.any()


def test_a_source_looks_as_it_is_good_for_now(life):
    """The second source feeds until step 3, then harms; the first is used up there."""
    turning = life(height=9) | {"worth": np.ones((7, 2))}
    turning["worth"][3:, 1] = -1.0
    turning["active"][3:, 0] = False
    axes = pictures.figure(4, 4).add_subplot()
    show = sources.sources(axes, turning, size=10)

    def seen(color):
        return {
            (x, line.get_alpha())
            for line in axes.lines
            for x in np.ravel(line.get_xdata())
            if line.get_color() == color
        }

    show(2)
    assert seen(look.GREEN) == {(10, 1.0), (12, 1.0)}
    show(3)
    assert seen(look.GREEN) == {(10, sources.PALE)}
    assert seen(look.VERMILLION) == {(12, 1.0)}
    key = [name for name, _ in world.key_to(turning)]
    assert key == ["agent", "food", "harm", "used up", "gradient sensed"]


def test_kinds_have_shapes_and_their_names_are_in_the_key(life):
    kinds = {"kind": np.tile([0, 1], (7, 1)), "kind_names": np.array(["red", "blue"])}
    one = life(height=9) | kinds
    names = [name for name, _ in world.key_to(one)]
    assert names == ["agent", "red", "blue", "first gradient sensed"]
    one["worth"] = np.tile([0.0, -1.0], (7, 1))
    one["worth"][4:] *= -1.0
    names = [name for name, _ in world.key_to(one)]
    assert names[2:5] == ["blue", "feeds now", "harms now"]
    axes = pictures.figure(4, 4).add_subplot()
    sources.sources(axes, one, size=10)(0)
    shapes = {
        line.get_marker(): line.get_xdata().tolist()
        for line in axes.lines
        if len(line.get_xdata()) and line.get_color() != "white"
    }
    assert shapes == {"o": [10], "v": [12]}


def test_walls_are_dark_and_danger_is_a_shade_of_the_worst(life):
    one = life(2, width=3, height=2)
    one["danger"] = np.zeros((3, 2, 3))
    one["danger"][:, 0] = [0.0, 0.1, 0.2]
    one["wall"] = np.zeros((3, 2, 3), bool)
    one["wall"][:, 1, 1] = True
    assert fields.shades(one)[1].tolist() == [[0.0, 0.5, 1.0], [0.0, 2.0, 0.0]]
    axes = pictures.figure(4, 4).add_subplot()
    fields.fields(axes, one)
    opacity = axes.images[0].get_array()[:, :, 3]
    np.testing.assert_allclose(opacity, [[0, 0.3, 0.5], [0, 0.85, 0]])
    assert not axes.images[0].get_animated(), "nothing changes"


SIZES = [(40, 9), (16, 1), (9, 9), (64, 64)]


@pytest.mark.parametrize(
    "width, height",
    [pytest.param(*s, marks=[pytest.mark.slow] * (s != SIZES[0])) for s in SIZES],
)
def test_any_world_can_be_filmed(life, width, height):
    """Three needs, none of them integrity, rates for spikes, a part of a life."""
    one = life(width=width, height=height) | {
        "needs": np.linspace(1, 0.5, 21).reshape(7, 3),
        "need_names": np.array(["energy", "hydration", "warmth"]),
        "spike": np.linspace(-1, 1, 18).reshape(6, 3),
        "danger": np.linspace(0, 1, 7 * width * height).reshape(7, height, width),
    }
    frames = list(pictures.life_film(one, title="a life", steps_max=2))
    assert len(frames) == 3 and {frame.shape[1] for frame in frames} == {640}


def test_long_lives_are_shown_in_strides_that_reach_the_end():
    assert film.frame_steps(5) == [0, 1, 2, 3, 4, 5]
    long = film.frame_steps(1001)
    assert long[:3] == [0, 3, 6] and long[-1] == 1001 and len(long) <= 402


@pytest.mark.parametrize("steps, at, shown", [(6, 4, (0, 4)), (400, 300, (-160, 0))])
def test_the_diagram_of_space_and_time_shows_the_path_up_to_now(life, steps, at, shown):
    one = life(steps, width=1000)
    axes = pictures.figure(4, 4).add_subplot()
    show = traces.space_time(axes, one, traces.window(one))
    show(at)
    path = axes.lines[0]
    assert (path.get_ydata()[0], path.get_ydata()[-1]) == shown
    seen = slice(at - (shown[1] - shown[0]), at + 1)
    assert path.get_xdata().tolist() == one["position"][seen, 0].tolist()


def test_a_source_counts_when_it_is_entered_from_elsewhere_and_active(life):
    one = life()
    entered = life_.arrivals(one)
    assert np.argwhere(entered).tolist() == [[2, 0], [4, 1]]
    rests = one["position"].copy()
    rests[3:] = rests[2]  # on the food
    assert np.argwhere(life_.arrivals(one | {"position": rests})).tolist() == [[2, 0]]
    used_up = one | {"active": np.zeros((7, 2), bool)}
    assert not life_.arrivals(used_up).any()


def test_arrays_that_do_not_fit_are_all_named(life):
    wrong = life() | {"needs": np.ones((6, 2)), "wall": np.ones((7, 2, 2), bool)}
    each = r"needs must have shape \(7, 2\), got .*; wall must have shape \(7, 1, 16\)"
    with pytest.raises(ValueError, match=each):
        next(pictures.life_film(wrong, title=""))
    with pytest.raises(ValueError, match="an episode must have needs, source, which"):
        missing = {k: v for k, v in life().items() if k not in ("needs", "source")}
        next(pictures.life_film(missing, title=""))
    nameless = life() | {"kind": np.ones((7, 2), int), "kind_names": np.array(["food"])}
    with pytest.raises(ValueError, match="kind must be below 1"):
        next(pictures.life_film(nameless, title=""))
