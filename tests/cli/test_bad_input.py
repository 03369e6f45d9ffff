"""A thousand bad configs and command lines: each is refused, and nothing happens."""

import contextlib
import dataclasses
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
from hypothesis import assume, given, HealthCheck, settings, strategies as st

from koki2 import evolution, runlog
from koki2.cli import main, words as words_
from koki2.cli.commands import COMMANDS
from koki2.envs.registry import LEVELS
from koki2.evolution.configs import EvolutionConfig
from koki2.session import kinds, schema, startup
from koki2.session.settings import shared_names

FIRST = "chemotaxis-l0.0"

GROUPS = {f.name: type(f.default) for f in dataclasses.fields(EvolutionConfig)}
FIELDS = [
    (group, name, hint)
    for group, kind in GROUPS.items()
    for name, hint in schema.hints(kind).items()
]
LEAST = {name: hint for _, name, hint in FIELDS}
KNOWN = {name.replace("_", "-") for name in LEAST}

words = st.text(
    st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1, max_size=12
)
names = st.from_regex(r"[a-z][a-z_]{0,14}", fullmatch=True)
not_finite = st.sampled_from([float("nan"), float("inf"), float("-inf")])
tables = st.dictionaries(names, st.integers(), max_size=2)


def base(hint):
    """The plain type of a field: int, float, bool, str; None if it takes several."""
    if typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[0]
    return hint if hint in (int, float, bool, str) else None


def bounds(hint):
    """What is out of range for a field."""
    found = []
    for mark in getattr(hint, "__metadata__", ()):
        for sign, step in (("ge", -1), ("gt", 0), ("le", 1), ("lt", 0)):
            if hasattr(mark, sign):
                found.append(getattr(mark, sign) + step)
    return found


def wrong(hint):
    """Values that a field does not take."""
    kind = base(hint)
    lists = st.lists(st.integers(), max_size=2)
    some = [lists, tables]
    if kind is not str:
        some.append(
            words.filter(lambda w: w not in ("auto", "spike", "drive", "event"))
        )
    if kind is int:
        some += [st.floats(), st.booleans(), st.none(), st.integers(2**31, 2**80)]
    if kind is float:
        some += [not_finite, st.booleans(), st.none(), st.floats(1e39, 1e300)]
    if kind is bool:
        some += [st.integers(), st.floats(), st.none()]
    if kind is str:
        some += [st.integers(), st.booleans(), st.none(), words.map("no_".__add__)]
    if bounds(hint):
        some.append(st.sampled_from(bounds(hint)))
    return st.one_of(some)


@st.composite
def bad_values(draw):
    """A config with at least one thing wrong."""
    config = {"env": {"num_sources": 3}, "search": {"lr": 0.1}}
    for _ in range(draw(st.integers(1, 3))):
        fault = draw(st.sampled_from(["value", "key", "group", "table", "rule"]))
        if fault == "value":
            group, name, hint = draw(st.sampled_from(FIELDS))
            config.setdefault(group, {})
            assume(isinstance(config[group], dict))
            config[group][name] = draw(wrong(hint))
        if fault == "key":
            group = draw(st.sampled_from(sorted(GROUPS)))
            key = draw(words | names)
            assume(key not in schema.hints(GROUPS[group]))
            assume(isinstance(config.setdefault(group, {}), dict))
            config[group][key] = draw(st.integers() | words)
        if fault == "group":
            config[draw(names.filter(lambda n: n not in GROUPS))] = draw(tables)
        if fault == "table":
            group = draw(st.sampled_from(sorted(GROUPS)))
            config[group] = draw(st.integers() | words | st.none() | st.lists(words))
        if fault == "rule":
            group, table = draw(
                st.sampled_from(
                    [
                        ("env", {"num_sources": 2, "num_bad_sources": 3}),
                        ("agent", {"n_neurons": 8, "k_edges": 8}),
                        ("viability", {"mvt": True, "mvt_steps": 1000}),
                        ("search", {"strategy": "pgpe", "pop_size": 9}),
                        ("search", {"strategy": "open-es"}),
                    ]
                )
            )
            config[group] = table
    return config


garbage = st.one_of(
    st.binary(max_size=40).filter(lambda data: data.strip()),
    words.map(lambda w: w.encode()),
    st.sampled_from(
        [b'{"env": {"width": 3, "width": 4}}', b'{"env": {"obs_noise": NaN}}', b"[]"]
    ),
)


@pytest.fixture(scope="module")
def refuse(tmp_path_factory):
    """Runs `main` in an empty folder and expects to be refused with nothing done."""
    folder, before = tmp_path_factory.mktemp("bad"), os.getcwd()
    os.chdir(folder)
    build = kinds.build

    def accepted(*_):
        raise AssertionError("that was good input")

    kinds.build = accepted

    def call(argv, files=()):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(argv)
            finally:
                left = sorted(os.listdir(folder))
                for name in files:
                    os.remove(name)
        assert left == sorted(files)
        assert (code, out.getvalue()) == (2, ""), err.getvalue()
        assert "Traceback" not in err.getvalue()
        assert len(err.getvalue()) > 10, "a reason is given"

    yield call
    kinds.build = build
    os.chdir(before)


def a_json_config(refuse, config):
    with open("bad.json", "w") as file:
        json.dump(config, file)
    refuse(["evo-l0", "--config", "bad.json"], ["bad.json"])


def a_file_of_anything(refuse, data, ending):
    assume(data.strip() != b"{}")
    name = f"bad.{ending}"
    with open(name, "wb") as file:
        file.write(b"x" + data if ending == "toml" else data)
    refuse(["batch-evo-l0", "--config", name], [name])


def as_word(value):
    return str(value) if not isinstance(value, list | dict) else json.dumps(value)


@st.composite
def bad_flags(draw):
    """Words behind evo-l0 of which at least one will not do."""
    _, name, hint = draw(st.sampled_from(FIELDS))
    kind, flag = base(hint), f"--{name.replace('_', '-')}"
    fault = draw(st.sampled_from(["value", "missing", "flag", "stray", "range"]))
    good = draw(
        st.sampled_from(
            [[], ["--seed", "3"], ["--lr=0.1", "--mvt"], ["--preset", "smoke"]]
        )
    )
    if fault == "range":
        assume(bounds(hint))
        bad = [f"{flag}={draw(st.sampled_from(bounds(hint)))}"]
    elif fault == "missing" or kind is bool:
        assume(kind is not bool)
        return [*good, flag]
    elif fault == "flag":
        word = draw(names.map(lambda n: n.replace("_", "-")))
        assume(word not in KNOWN | {"help", "seed", "json", "config", "preset"})
        assume(not word.startswith(("no-", "tyro", "jax", "print", "out", "runs")))
        assume(word not in ("log-every", "jit-es", "strict-bits", "fast-flags"))
        bad = [f"--{word}"]
    elif fault == "stray":
        bad = [draw(words.filter(lambda w: not w.startswith("-")))]
        return [*bad, *good]
    else:
        assume(kind in (int, float))
        value = as_word(draw(wrong(hint)))
        with contextlib.suppress(ValueError):
            number = kind(value)
            assume(number != number or abs(number) > 3.5e38 or number in bounds(hint))
        bad = [f"{flag}={value}"]
    return [*good, *bad]  # the last word on a setting counts


def flags(refuse, argv):
    refuse(["evo-l0", *argv])


needy = st.sampled_from(["eval-run", "resume", "replay", "plot", "replay-life"])
switches = ("-h", "--help", "help", "--version")


command_lines = st.one_of(
    st.lists(words, max_size=3).filter(lambda ws: not ws or ws[0] not in COMMANDS),
    st.tuples(needy).map(list),
    st.tuples(needy, st.just("--run-dir"), words).map(list),
    st.tuples(needy, words, words, words).map(list),
)


def a_command_line(refuse, argv):
    assume(not {*argv} & {*switches} and not any("/" in w or w == "." for w in argv))
    assume(not any(w.startswith("--tyro") for w in argv))
    refuse(argv)


KINDS = [
    (350, a_json_config, {"config": bad_values()}),
    (
        150,
        a_file_of_anything,
        {"data": garbage, "ending": st.sampled_from(["json", "toml"])},
    ),
    (350, flags, {"argv": bad_flags()}),
    (150, a_command_line, {"argv": command_lines}),
]


@pytest.mark.parametrize(
    "share", [0.05, pytest.param(1, marks=pytest.mark.slow, id="a thousand")]
)
@pytest.mark.parametrize("count, is_refused, drawn", KINDS)
def test_bad_input_is_refused(refuse, count, is_refused, drawn, share):
    often = settings(
        max_examples=round(count * share),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    often(given(**drawn)(is_refused))(refuse=refuse)


class Built(BaseException):
    """Stands for all that would follow once the programs of a run are built."""

    def __init__(self, *configs):
        super().__init__()
        self.worlds = {config.env.world for config in configs}


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


@pytest.fixture(scope="module")
def up_to_build(tmp_path_factory):
    """An empty folder, and commands that end where computing would begin."""

    def build(kind, runs):
        raise Built(*(config for config, _ in runs))

    def judge(config, *_, **__):
        raise Built(config)

    for command in (*ABOUT_A_WORLD, *OF_ONE):  # what they import may draw at random
        flags_of(command, FIRST)
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("lines"))
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
