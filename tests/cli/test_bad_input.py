"""A thousand bad configs and command lines: each is refused, and nothing happens."""

import contextlib
import dataclasses
import io
import json
import os
import typing

import pytest
from hypothesis import assume, given, HealthCheck, settings, strategies as st

from koki2.cli import main
from koki2.cli.commands import COMMANDS
from koki2.evolution.configs import EvolutionConfig
from koki2.session import kinds, schema

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
