"""Films of a life: one frame per step lived, and what they show is what happened."""

import numpy as np
import pytest

from koki2 import pictures
from koki2.pictures import film, life as life_, traces


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


def test_what_nobody_has_is_not_drawn(life):
    """A greedy baseline has no spikes; an oracle does not even sense."""
    bare = {k: v for k, v in life(3).items() if k not in ("spike", "modulator")}
    del bare["observation"]
    assert len(list(pictures.life_film(bare, title="oracle"))) == 4


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
    wrong = life() | {"energy": np.ones(6), "bad": np.ones((2, 2))}
    with pytest.raises(
        ValueError, match=r"bad wants .*; energy wants shape \(7,\), got"
    ):
        next(pictures.life_film(wrong, title=""))
    with pytest.raises(ValueError, match="a life wants energy, source, which"):
        missing = {k: v for k, v in life().items() if k not in ("energy", "source")}
        next(pictures.life_film(missing, title=""))
