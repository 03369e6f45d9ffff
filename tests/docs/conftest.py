"""A checkout to follow the pages in, with nothing in it but docs."""

import pathlib
import sys

import matplotlib
import pytest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "golden"))


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """The working directory; the files of docs/add_your_own can be imported."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    own, docs = ROOT / "docs" / "add_your_own", ROOT / "docs"
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(own))
    monkeypatch.syspath_prepend(str(docs))
    matplotlib.use("Agg")
    yield tmp_path
    for path in [*own.glob("*.py"), *docs.glob("*.py")]:
        sys.modules.pop(path.stem, None)
