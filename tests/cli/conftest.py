"""A command line to type on, in an empty folder; an evolution that costs nothing."""

import contextlib
import io
import json
from typing import NamedTuple

import fake_evolution
import pytest

from koki2.cli import main


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self):
        assert self.out.endswith("\n") and self.out.count("\n") == 1
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def koki2(home):
    """Runs a command line: koki2("evo-l0 --seed 1"), or words one by one."""

    def call(*words):
        words = words[0].split() if len(words) == 1 else list(words)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
        return Said(code, out.getvalue(), err.getvalue())

    return call


@pytest.fixture
def fake(monkeypatch):
    """Evolution of plain numbers in place of the real one."""
    fake_evolution.install(lambda *a: monkeypatch.setattr(*a, raising=False))
    return fake_evolution


@pytest.fixture
def refused(koki2, home):
    """Expects exit code 2, silence on stdout, no traceback and no run folder."""

    def ask(*words):
        before = sorted(home.rglob("*"))
        said = koki2(*words)
        assert said.code == 2, said
        assert not said.out and "Traceback" not in said.err
        assert sorted(home.rglob("*")) == before
        return said.err

    return ask
