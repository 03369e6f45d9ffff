"""What the actions of `koki2 burst` do and print."""

import functools
import os
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from koki2 import bursts
from koki2.bursts import api, planning, source
from koki2.cli import output
from koki2.cli.burst import Options
from koki2.session.printing import printable, say
from koki2.session.tables import print_table

_note = functools.partial(output.note, "burst")


def run_(options: Options, *, as_json: bool) -> int:
    """Rents, runs, fetches, deletes."""
    step = lambda name: _note(f"{name}: {bursts.STEPS[name]}")
    try:
        folder = bursts.run_burst(options, say=_note, step=step)
    except bursts.Interrupted as stopped:
        _note("stopped; no pod of this burst is left")
        return stopped.code
    text = f"complete; no pod is left\nburst: {printable(folder)}"
    output.show({"burst": str(folder), "status": "complete"}, as_json, text)
    return 0


def plan(options: Options, *, as_json: bool) -> int:
    """Says what `run_` would do; asks for the price where there is a key."""
    planning.check_given(options, bursts.Pace())
    commit = source.find(options).commit
    usd = None
    if os.environ.get(api.KEY):
        with bursts.RunPod(bursts.Pace()) as client:
            usd = planning.find_price(client, options).usd_per_hour * options.gpu_count
    steps = planning.steps(options, options.root / "STAMP")
    facts = {"commit": commit, "usd_per_hour": usd, "max_usd": options.max_usd}
    facts |= {"hours": options.hours, "steps": [step._asdict() for step in steps]}
    output.show(facts, as_json, lambda: _print_plan(options, facts, steps))
    return 0


def list_(options: Options, *, as_json: bool) -> int:
    """Lists what may cost money."""
    with bursts.RunPod(bursts.Pace()) as client:
        lines = [*map(_line, bursts.bursts(client, options.root, _note))]
    rows = [tuple(line.values()) for line in lines]
    text = (lambda: print_table(tuple(lines[0]), rows)) if lines else "no bursts"
    output.show({"bursts": lines}, as_json, text)
    return 0


def reap(options: Options, *, as_json: bool) -> int:
    """Deletes the pods that no process looks after."""
    with bursts.RunPod(bursts.Pace()) as client:
        deleted = bursts.reap(
            client, options.root, bursts.Pace(), _note, elsewhere=options.elsewhere
        )
    lines = [*map(_line, deleted)]
    output.show({"deleted": lines}, as_json, f"pods deleted: {len(lines)}")
    return 0


ACTIONS: Mapping[str, Callable[..., int]] = {
    "run": run_,
    "plan": plan,
    "list": list_,
    "reap": reap,
}


def _line(burst: bursts.Burst) -> dict[str, Any]:
    """A burst in plain values."""
    return {
        "burst": burst.name,
        "state": burst.state,
        "pod": burst.pod.id if burst.pod else None,
        "status": burst.pod.status if burst.pod else None,
        "usd_per_hour": burst.pod.cost if burst.pod else 0.0,
        "minutes_left": round((burst.deadline - time.time()) / 60),
    }


def _print_plan(
    options: Options, facts: Mapping[str, Any], steps: Sequence[planning.Step]
) -> None:
    usd, hours = facts["usd_per_hour"], options.hours
    cost = f"unknown, as {api.KEY} is not set; at most --max-usd {options.max_usd:g}"
    if usd is not None:
        cost = f"${usd:.4g} an hour, ${usd * hours:.4g} in {hours:g} h at most"
    say(f"gpu      {options.gpu_count} x {options.gpu_type}, {options.cloud} cloud")
    say(f"cost     {cost}")
    say(f"commit   {facts['commit']}")
    say(f"command  {shlex.join(options.words)}")
    for number, step in enumerate(steps, start=1):
        say()
        say(f"{number:>2} {step.name}: {step.what}")
        for command in step.commands:
            say(f"   {command}")
