"""How often do 95% intervals of a mean cover it? Decides what `interval` computes.

    python tools/interval_coverage.py [--repeats N]

For samples of n values of three kinds with a known mean: normal; skewed (log-normal,
sigma 1); bimodal (one of five values is 10 away from the others). Per kind and n the
share of samples whose interval holds the mean, for the percentile bootstrap, the BCa
bootstrap, Student's t and the one of `koki2.reports.statistics`. A share of 1,000
samples is known to about 1.4 points; see docs/decisions/0012-intervals.md.
"""

import argparse
from collections.abc import Callable

import numpy as np
import scipy.stats

from koki2.reports import statistics

SIZES = (5, 10, 64, 512)
KINDS: dict[str, tuple[Callable[[np.random.Generator, int], np.ndarray], float]] = {
    "normal": (lambda rng, n: rng.normal(size=n), 0.0),
    "skewed": (lambda rng, n: rng.lognormal(size=n), float(np.exp(0.5))),
    "bimodal": (lambda rng, n: rng.normal(size=n) + 10.0 * (rng.random(n) < 0.2), 2.0),
}
Ends = tuple[float, float]


def bootstrap(values: np.ndarray, method: str) -> Ends:
    """Ends of a bootstrap interval, as scipy computes it."""
    found = scipy.stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=statistics.RESAMPLES,
        method=method,
        batch=256,
        rng=np.random.default_rng(0),
    ).confidence_interval
    return found.low, found.high


def student(values: np.ndarray) -> Ends:
    """Ends of the t interval."""
    found = scipy.stats.ttest_1samp(values, 0.0).confidence_interval(statistics.LEVEL)
    return found.low, found.high


def house(values: np.ndarray) -> Ends:
    """Ends of the interval that koki2 reports."""
    found = statistics.interval(values)
    return found["low"], found["high"]


METHODS: dict[str, Callable[[np.ndarray], Ends]] = {
    "percentile": lambda values: bootstrap(values, "percentile"),
    "BCa": lambda values: bootstrap(values, "BCa"),
    "t": student,
    "koki2": house,
}


def coverage(kind: str, n: int, repeats: int) -> dict[str, float]:
    """Share of `repeats` samples of n values whose interval holds the mean."""
    draw, mean = KINDS[kind]
    rng = np.random.default_rng(n)
    hits = dict.fromkeys(METHODS, 0)
    for _ in range(repeats):
        values = draw(rng, n)
        for name, ends in METHODS.items():
            low, high = ends(values)
            hits[name] += bool(low <= mean <= high)
    return {name: count / repeats for name, count in hits.items()}


def main() -> None:
    """Prints the table."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--repeats", type=int, default=1000)
    repeats = words.parse_args().repeats
    print("| values | n | " + " | ".join(METHODS) + " |")
    print("|---" * (len(METHODS) + 2) + "|")
    for kind in KINDS:
        for n in SIZES:
            shares = coverage(kind, n, repeats).values()
            cells = " | ".join(f"{share:.1%}" for share in shares)
            print(f"| {kind} | {n} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
