"""Pictures on disk: the same picture is the same bytes, and whole or not there."""

import os
import re

import numpy as np
import pytest
from PIL import Image

from koki2 import pictures
from koki2.pictures.look import BLUE


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_a_figure_saved_twice_is_the_same_bytes_without_a_date(
    ending, tmp_path, columns
):
    found = []
    for name in ("a", "b"):
        path = tmp_path / (name + ending)
        pictures.save(pictures.fitness_figure({"$run$ <7>": columns()}), path)
        found.append(path.read_bytes())
    assert found[0] == found[1]
    assert not re.search(rb"Date|date>|\b20[2-9]\d-\d\d", found[0])


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must end in .*got .*jpg"):
        pictures.save(pictures.figure(1, 1), tmp_path / "a.jpg")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.gif"
    pictures.save_gif([np.zeros((4, 4, 3), np.uint8)], path)
    before = path.read_bytes()

    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        pictures.save_gif([np.ones((4, 4, 3), np.uint8)], path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.gif"]


def test_a_gif_keeps_house_colours_times_and_every_frame(tmp_path):
    blue = tuple(bytes.fromhex(BLUE[1:]))
    frames = [np.full((8, 12, 3), 255, np.uint8) for _ in range(5)]
    for i, frame in enumerate(frames):
        frame[i, 2:9] = blue
        frame[7, i] = 0
    paths = [tmp_path / "a.gif", tmp_path / "b.gif"]
    assert [pictures.save_gif(iter(frames), path, fps=20) for path in paths] == [5, 5]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with Image.open(paths[0]) as film:
        assert (film.n_frames, film.size, film.info["loop"]) == (5, (12, 8), 0)
        times = []
        for i, frame in enumerate(frames):
            film.seek(i)
            times.append(film.info["duration"])
            np.testing.assert_array_equal(np.array(film.convert("RGB")), frame)
    assert times == [50, 50, 50, 50, 1000]


def test_a_gif_of_nothing_or_at_no_speed_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one frame"):
        pictures.save_gif([], tmp_path / "a.gif")
    with pytest.raises(ValueError, match="fps <= 50.*fps=60"):
        pictures.save_gif([np.zeros((4, 4, 3), np.uint8)], tmp_path / "a.gif", fps=60)
    assert list(tmp_path.iterdir()) == []
