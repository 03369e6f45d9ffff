"""Command lines, generated: each is refused, or is about the world that it names."""

import contextlib
import functools
import io
import itertools
import json
import math
import os
import pathlib
import re
import types
import typing

import pytest
from hypothesis import given, HealthCheck, settings, strategies as st
from test_bad_input import as_word, FIRST, wrong

from koki2 import evolution, runlog
from koki2.cli import main, words as words_
from koki2.cli.commands import COMMANDS
from koki2.envs.registry import LEVELS
from koki2.session import kinds, schema, startup
from koki2.session.settings import shared_names

ABOUT_A_WORLD = [name for name, command in COMMANDS.items() if command.takes_world]
OF_ONE = ["evo-l0", "batch-evo-l0", "baseline-l0"]
STRANGE = ["nosuch", "chemotaxis-l9", "sparse.py:line", "\u202eesrapse", "", "9" * 5000]
TINY = {
    "agent": {"n_neurons": 4, "k_edges": 2},
    "env": {"steps": 8},
    "loop": {"generations": 1, "episodes": 1, "checkpoint_every": 1},
    "viability": {"mvt_steps": 4},
    "rungs": {"rung1_steps": 4},
}
OF_KIND = {"evo": {"search": {"pop_size": 4}}, "qd": {"emitter": {"batch_size": 4}}}


class Built(BaseException):
    """Stands for all that would follow once the programs of a run are built."""

    def __init__(self, *configs):
        super().__init__()
        self.worlds = {config.env.world for config in configs}


@functools.cache
def flags_of(command, world):
    """Every flag of a command in a world, and the type of what it takes."""
    options = COMMANDS[command].load().Options
    hints = {n: h for n, h in schema.hints(options).items() if n != "settings"}
    layered = options.__dataclass_fields__["settings"].metadata
    config = kinds.kind_of(layered["kind"]).config
    groups = vars(config(env=LEVELS[world].config))
    for group in layered["groups"]:
        hints |= {
            shared_names(config, group).get(name, name): hint
            for name, hint in schema.hints(type(groups[group])).items()
            if name != "world"
        }
    return [(name.replace("_", "-"), hint) for name, hint in sorted(hints.items())]


def right(hint, most=math.inf):
    """Words that a flag takes, most of them; of numbers those up to `most`."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        ends = [getattr(m, s) for m in inner[1:] for s in ("ge", "le") if hasattr(m, s)]
        ends = [end for end in ends if end <= most]
        if ends and inner[0] in (int, float):
            return st.sampled_from([*ends, inner[0](ends[0] + 1)]).map(as_word)
        return right(inner[0], most)
    if origin is typing.Literal:
        return st.sampled_from([str(value) for value in inner])
    if origin in (typing.Union, types.UnionType):
        return st.one_of([right(part, most) for part in inner])
    plain = {
        int: st.integers(1, 9).map(str),
        float: st.sampled_from(["0.5", "1", "1e-3"]),
        str: st.sampled_from(["cma_es", "openai_es", "gaussian", "direct", "x.py:y"]),
        type(None): st.just("none"),
        pathlib.Path: st.sampled_from(["here", "there/it"]),
    }
    return plain.get(hint, st.sampled_from(["1 2", "lifetime"]))


@st.composite
def a_flag(draw, command, world, most):
    """A flag and its values, right more often than not."""
    name, hint = draw(st.sampled_from(flags_of(command, world)))
    if hint is bool or typing.get_args(hint)[:1] == (bool,):
        return [draw(st.sampled_from([f"--{name}", f"--no-{name}"]))]
    kind = draw(st.sampled_from(["right"] * 6 + ["wrong", "none"]))
    if kind == "none":
        return [f"--{name}"]
    value = draw(right(hint, most)) if kind == "right" else as_word(draw(wrong(hint)))
    if draw(st.booleans()):
        return [f"--{name}={value}"]
    return [f"--{name}", *value.split()]


@st.composite
def lines(draw, commands=(*ABOUT_A_WORLD, *OF_ONE), flags=3, most=math.inf):
    """A command line about a world whose words stand anywhere, and that world."""
    command = draw(st.sampled_from(commands))
    named = [draw(st.sampled_from([*LEVELS]))] if command in ABOUT_A_WORLD else []
    world = named[0] if named else FIRST
    name_of = lambda unit: words_.name_of(unit[0]).removeprefix("no_")
    is_twice = draw(st.integers(0, 9)) == 0
    unique = None if is_twice else name_of
    units = draw(
        st.lists(a_flag(command, world, most), max_size=flags, unique_by=unique)
    )
    if draw(st.integers(0, 9)) == 0:
        named = draw(st.lists(st.sampled_from([*LEVELS, *STRANGE]), max_size=2))
    at = draw(st.integers(0, len(units)))
    front = draw(st.sampled_from([[], [], [], ["--no-jax-cache"], ["--jax-cache"]]))
    words = [*front, command, *itertools.chain(*units[:at]), *named]
    return [*words, *itertools.chain(*units[at:])], command, named


def understood(argv, command, named):
    """Runs a line up to `build`: it is refused, or is about the very world it names."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(argv)
        except Built as built:
            code, worlds = 0, built.worlds
        else:
            worlds = None  # settings were printed, or help
    assert code in (0, 2), err.getvalue()
    assert "Traceback" not in err.getvalue()
    assert os.listdir() == []
    if code == 2:
        assert not out.getvalue() and len(err.getvalue()) > 10
    elif worlds is None:
        assert {"--print-config", "--help"} & set(argv)
    else:
        world = LEVELS[named[0] if command in ABOUT_A_WORLD else FIRST].config.world
        assert worlds == {world} and len(named) == (command in ABOUT_A_WORLD)


@pytest.fixture
def up_to_build(tmp_path):
    """An empty folder, and commands that end where computing would begin."""

    def build(kind, runs):
        raise Built(*(config for config, _ in runs))

    def judge(config, *_, **__):
        raise Built(config)

    for command in (*ABOUT_A_WORLD, *OF_ONE):  # what they import may draw at random
        flags_of(command, FIRST)
    before = os.getcwd()
    os.chdir(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinds, "build", build)
        patch.setattr(evolution, "judge", judge)
        patch.setattr(evolution, "watch_baseline", judge)
        patch.setattr(startup, "prepare", lambda xla, jax: None)
        for command in (*ABOUT_A_WORLD, *OF_ONE):  # imports, which may use `random`
            flags_of(command, FIRST)
        yield
    os.chdir(before)


@pytest.mark.parametrize(
    "count", [100, pytest.param(10_000, marks=pytest.mark.slow, id="ten thousand")]
)
def test_a_line_is_refused_or_is_about_the_world_that_it_names(up_to_build, count):
    often = settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    often(given(line=lines())(lambda line: understood(*line)))()


@pytest.mark.slow
def test_two_hundred_lines_run_in_full(tmp_path, monkeypatch):
    """Those of evo and qd that are good leave the run of the world that they name."""
    monkeypatch.chdir(tmp_path)
    for command, more in OF_KIND.items():
        (tmp_path / f"{command}.json").write_text(json.dumps(TINY | more))
    ran = []

    def run(line):
        argv, command, named = line
        if "--config" not in argv:
            argv = [*argv, "--config", f"{command}.json"]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(argv)
        assert code in (0, 2), err.getvalue()
        if code == 0 and not {"--print-config"} & {*argv}:
            (run,) = re.findall("run folder (.+)", err.getvalue())
            config = runlog.read_config(run)["config"]
            assert config["env"]["world"] == LEVELS[named[0]].config.world
            ran.append(argv)

    often = settings(
        max_examples=200,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    often(given(line=lines(sorted(OF_KIND), flags=2, most=16))(run))()
    assert len(ran) > 20
