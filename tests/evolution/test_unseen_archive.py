"""An archive measured again, on paper: four cells, three elites, other lives."""

import numpy as np
import pytest

from koki2 import runlog
from koki2.evolution.configs import BehaviourConfig, QDConfig
from koki2.reports import unseen_archive
from koki2.search.configs import ArchiveConfig

CONFIG = QDConfig(
    archive=ArchiveConfig(
        shape=(2, 2), low=(0.0, 0.0), high=(1.0, 0.5), qd_offset=-1.0
    ),
    behaviour=BehaviourConfig(descriptors=("end_x", "end_y")),
)
ARCHIVE = {
    "filled": np.array([True, False, True, True]),
    "birth": np.array([0, -1, 0, 1]),
}


def again(fitness, end_x, end_y):
    behaved = {"fitness": fitness, "end_x": end_x, "end_y": end_y, "other": [0] * 3}
    arrays = {name: np.array(x, np.float32) for name, x in behaved.items()}
    which = dict(eval_seed=7, episodes=4)
    return unseen_archive.measure_again(CONFIG, ARCHIVE, arrays, **which)


def test_elites_go_where_they_behave_and_the_fitter_keeps_the_cell():
    """The first stays; the second meets it and is fitter; the third is outside."""
    found = again([2.0, 5.0, 9.0], [0.1, 0.2, 0.9], [0.1, 0.2, 0.6])
    assert found == (7, 4, 3, 0.25, 6.0, pytest.approx(1 / 3))
    stay = again([2.0, 5.0, 9.0], [0.1, 0.9, 0.9], [0.1, 0.1, 0.5])
    assert stay[3:] == (0.75, 19.0, 1.0)
    lost = again([np.nan] * 3, [0.1, 0.9, 0.9], [0.1, 0.1, 0.5])
    assert lost[3:5] == (0.0, 0.0)


def test_what_was_measured_is_read_back_and_most_episodes_count(tmp_path):
    found = again([2.0, 5.0, 9.0], [0.1, 0.9, 0.9], [0.1, 0.1, 0.5])
    more = found._replace(episodes=16, coverage=0.5)
    other = found._replace(eval_seed=1)
    for one in (more, found, other):
        unseen_archive.keep(tmp_path, one)
    assert unseen_archive.read(tmp_path) == [other, more]
    path = tmp_path / "heldout" / "archive_evalseed7_episodes4.json"
    path.write_text('{"coverage": 1.0}')
    with pytest.raises(runlog.BrokenRunError, match="should have finite numbers"):
        unseen_archive.read(tmp_path)
    path.unlink()
    unseen_archive.keep(tmp_path, more)
    (tmp_path / "heldout" / "archive_evalseed7_episodes16.json").rename(path)
    with pytest.raises(runlog.BrokenRunError, match="of its name, is of 7 and 16"):
        unseen_archive.read(tmp_path)
