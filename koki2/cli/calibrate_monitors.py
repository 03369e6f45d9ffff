"""`koki2 calibrate-monitors`: how often monitors of a training alarm at nothing."""

import dataclasses
from typing import Annotated

from annotated_types import Ge, Gt, Le, MinLen

from koki2 import measures, runlog
from koki2.cli import output
from koki2.cli.arguments import Json
from koki2.measures.configs import ChangePointConfig
from koki2.session.printing import say
from koki2.session.settings import Seed
from koki2.session.tables import print_table

_QUICK = 4  # streams, and steps, are divided by it
_SEED = ChangePointConfig(
    slack=0.0, threshold=4.0, window=10, sides="upper", rebase=False, whiten=False
)
_COLUMNS = (
    "test",
    "slack",
    "threshold",
    "window",
    "false alarm every",
    "median",
    "delay",
    "found in 20",
    "meets both",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Simulate monitors on white noise, and on noise whose mean rises.

    A monitor should have at most one false alarm in 10,000 values, and find 90% of the
    shifts within 20. The first row is the test of seed 003.
    """

    slack: Annotated[tuple[Annotated[float, Ge(0)], ...], MinLen(1)] = (0.5, 0.75, 1.0)
    """Sigma that a value is forgiven."""
    threshold: Annotated[tuple[Annotated[float, Gt(0)], ...], MinLen(1)] = (
        4.0,
        6.0,
        8.0,
        10.0,
    )
    """Sum of deviations above which it is an alarm."""
    window: Annotated[tuple[Annotated[int, Ge(4), Le(10_000)], ...], MinLen(1)] = (
        10,
        50,
        100,
    )
    """Values of the baseline."""
    shift: Annotated[float, Gt(0)] = 2.0
    """Sigma by which the mean rises."""
    streams: Annotated[int, Ge(4), Le(100_000)] = 256
    """Simulated, of each kind."""
    steps: Annotated[int, Ge(16), Le(10_000_000)] = 20_000
    """Values of a stream of noise; more than the longest window."""
    seed: Seed = 0
    """Of the noise."""
    quick: bool = False
    """A quarter of the streams, a quarter as long: digits are rough."""
    json: Json = False


def run(options: Options) -> int:
    """Simulates."""
    import jax

    few = _QUICK if options.quick else 1
    streams, steps = options.streams // few, options.steps // few
    if steps <= max(options.window):
        raise runlog.InputError(
            "--steps must be more than the longest --window"
            f"{', four times as long with --quick' if options.quick else ''}, got "
            f"{options.steps} and {max(options.window)}."
        )
    sizes = {"shift": options.shift, "streams": streams, "steps": steps}
    key_seeds, key_ours = jax.random.split(jax.random.key(options.seed))
    seeds = measures.calibrate(
        key_seeds,
        slacks=(_SEED.slack,),
        thresholds=(_SEED.threshold,),
        windows=(_SEED.window,),
        sides=_SEED.sides,
        whiten=_SEED.whiten,
        **sizes,
    )
    ours = measures.calibrate(
        key_ours,
        slacks=options.slack,
        thresholds=options.threshold,
        windows=options.window,
        **sizes,
    )
    chosen = ChangePointConfig()
    named = [("seed 003", row) for row in seeds]
    for row in ours:
        settings = (row.slack, row.threshold, row.window)
        is_ours = settings == (chosen.slack, chosen.threshold, chosen.window)
        named.append(("default" if is_ours else "", row))
    facts = {
        "shift": options.shift,
        "streams": streams,
        "steps": steps,
        "seed": options.seed,
        "rows": [
            {"test": name, **row._asdict(), "meets_both": row.is_met}
            for name, row in named
        ],
    }
    output.show(facts, options.json, lambda: _print(named, options.shift))
    return 0


def _print(named: "list[tuple[str, measures.Figures]]", shift: float) -> None:
    rows = [
        (
            name,
            f"{row.slack:g}",
            f"{row.threshold:g}",
            row.window,
            f"{'' if row.alarms else '> '}{row.every:,.0f}",
            "-" if row.median == float("inf") else f"{row.median:,.0f}",
            "-" if row.delay != row.delay else f"{row.delay:.1f}",
            "-" if row.found != row.found else f"{100 * row.found:.1f}%",
            "yes" if row.is_met else "no",
        )
        for name, row in named
    ]
    print_table(_COLUMNS, rows, title=f"white noise, and a shift of {shift:g} sigma")
    least = f"{100 * measures.LEAST:.0f}%"
    say(
        f"met: at most one false alarm in {measures.FEWEST:,} values, and {least} of "
        f"shifts found within {measures.SOON}"
    )
