"""What goes to stdout: one JSON object, or text and tables for people."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from koki2 import runlog
from koki2.runlog import jsontext
from koki2.session import processes, settings_text
from koki2.session.follower import AnyRun
from koki2.session.kinds import Kind
from koki2.session.objects import role_of, ROLES
from koki2.session.printing import printable, say, shell_word
from koki2.session.settings import Settings
from koki2.session.tables import text as value_text


def print_json(value: Mapping[str, Any]) -> None:
    """Prints one JSON object on one line, in the dialect of the run's files."""
    text = jsontext.encode(dict(value), where="the output").decode()
    say(text.replace("\x7f", "\\u007f"))  # the one control that JSON lets through


def show(
    facts: Mapping[str, Any], as_json: bool, text: str | Callable[[], object]
) -> None:
    """Prints facts as JSON, or else for people; of several processes, the first does.

    Args:
      facts: plain values.
      as_json: which of the two.
      text: what people read, or prints it.
    """
    if not processes.is_first():
        return
    if as_json:
        print_json(facts)
    elif isinstance(text, str):
        say(text)
    else:
        text()


def note(command: str, text: str) -> None:
    """Says something on stderr that is neither result nor error."""
    if processes.is_first():
        say(f"koki2 {command}: {text}", error=True)


def print_settings(settings: Settings, as_json: bool) -> None:
    """Prints resolved settings: JSON as in config.json, or TOML with their origin."""
    values = dataclasses.asdict(settings.config)
    if as_json:
        print_json({"config": values, "provenance": dict(settings.provenance)})
        return
    for line in settings_text.as_toml(values, settings.provenance):
        say(line)


def run_facts(run: AnyRun) -> dict[str, Any]:
    """A run in plain values, for `--json`."""
    return {
        "run": str(run.path),
        "seed": run.manifest["seed"],
        "status": "interrupted" if run.summary is None else "complete",
        "summary": run.summary,
    }


def print_end(run: AnyRun, kind: Kind, config: Any, *, as_json: bool) -> None:
    """Says how a run ended, and what to do next."""
    if not processes.is_first():
        return
    if as_json:
        print_json(run_facts(run))
        return
    path = " ".join([shell_word(run.path), *_named_again(run)])
    if run.summary is None:
        say(f"stopped: {printable(run.path)} has all it needs to go on")
        say(f"next: koki2 resume {path}")
        return
    words = [f"complete: {run.summary[f'{kind.unit}s']} {kind.unit}s"]
    headline = kind.headline(run.summary)
    words += [f"{name} {value_text(value)}" for name, value in headline.items()]
    say(", ".join(words))
    say(f"run: {printable(run.path)}")
    remark = kind.remark(config, run.summary) if kind.remark else None
    if remark is not None:
        say(f"koki2: {remark}", error=True)
    elif kind.advice is not None:
        say(f"next: {kind.advice(config, path)}")


def _named_again(run: AnyRun) -> list[str]:
    """The flags that name the objects of a run that are from outside koki2."""
    names: dict[str, list[str]] = {}
    for key, facts in runlog.read_objects(run.path).items():
        flag = ROLES[role_of(key)].flag
        names.setdefault(flag, []).append(shell_word(facts["name"]))
    return [f"--{flag} {' '.join(of_flag)}" for flag, of_flag in names.items()]
