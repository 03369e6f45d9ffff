"""Probes: whether an agent is competent, and which of its senses it uses.

One table of all that lived the same unseen episodes: every policy that sees nothing,
the scripted ones, the genome, and the genome under every lesion that its world and
agent have. A genome is competent where it is fitter than the best blind policy, and
less fit under both lesions of a sense: at zero, and with another life's. Each of these
differences is paired, episode by episode; its interval lies above zero, and its p value
is below 5% also by Holm's correction for all of them (`koki2.reports.statistics`).

What a probe found is kept in the run, one file per genome and eval seed:

    probe/GENOME_evalseed<k>_episodes<n>.json
"""

import pathlib
from collections.abc import Mapping
from typing import Any

from koki2 import evolution, runlog
from koki2.reports import heldout, metrics
from koki2.runlog import atomic, opening

_OF_AGENT = {
    "recurrent": "its recurrent weights",
    "frozen": "what moves its weights",
    "events": "what it learns from",
}


def probe(
    judge: Any,
    run: pathlib.Path,
    genome: str,
    seed: int,
    *,
    eval_seed: int,
    episodes: int,
) -> dict[str, Any]:
    """Probes a genome of a run.

    Args:
      judge: `evolution.judge` of the run's config.
      run: its folder.
      genome: best or mean.
      seed: of the run.
      eval_seed: which episodes.
      episodes: how many, two or more.

    Returns:
      As `compare` does.

    Raises:
      BrokenRunError: a genome that does not fit the config.
    """
    which = {"eval_seed": eval_seed, "episodes": episodes}
    arrays = runlog.read_genome(run, genome)
    with runlog.raising(runlog.BrokenRunError, heldout.MISFIT):
        lesioned = judge.lesioned(seed, arrays, judge.lesions(), **which)
    blind = judge.blind(**which)
    scripted = {name: judge.baseline(name, **which) for name in judge.policies}
    found = compare(blind, scripted, lesioned)
    return {"genome": genome, **which} | found


def compare(
    blind: heldout.Lives, scripted: heldout.Lives, lesioned: heldout.Lives
) -> dict[str, Any]:
    """Compares a genome with policies, and with itself under lesions.

    Args:
      blind: lives of all policies that see nothing.
      scripted: lives of other policies.
      lesioned: lives of the genome by lesion, those of "intact" among them.

    Returns:
      "evolved", means of the genome; "best_blind", a name; "rows", of everything else:
      name, kind (blind, policy or lesion), means, difference (evolved - row in fitness,
      with its interval), and where a claim hangs on it p and p_holm; "uses", whether it
      uses each sense; "competent"; and "verdict", sentences.
    """
    from koki2.reports import statistics  # SciPy, which no help needs

    ours = lesioned[evolution.INTACT]
    best = heldout.best(blind)[0]
    groups = {"blind": blind, "policy": scripted, "lesion": lesioned}
    rows = [
        _row(name, kind, ours, theirs)
        for kind, lives in groups.items()
        for name, theirs in lives.items()
        if name != evolution.INTACT
    ]
    family = [row for row in rows if row["kind"] == "lesion" or row["name"] == best]
    gaps = statistics.with_holm([row["difference"] for row in family])
    for row, gap in zip(family, gaps, strict=True):
        row |= {"p": gap["p"], "p_holm": gap["p_holm"]}
    lesions = {row["name"]: row for row in family if row["kind"] == "lesion"}
    uses = {
        name: (_is_worse(row), _is_worse(lesions[name + evolution.OTHER]))
        for name, row in lesions.items()
        if name + evolution.OTHER in lesions
    }
    top = next(row for row in family if row["kind"] == "blind")
    found = {
        "evolved": metrics.means(ours),
        "best_blind": best,
        "rows": rows,
        "uses": {name: all(both) for name, both in uses.items()},
        "competent": _is_worse(top) and any(all(both) for both in uses.values()),
    }
    return found | {"verdict": _verdict(top, lesions, uses)}


def keep(run: pathlib.Path, found: Mapping[str, Any]) -> None:
    """Puts what a probe found into the run folder; what was there is replaced.

    Raises:
      OSError: the disk refused.
    """
    name = "{genome}_evalseed{eval_seed}_episodes{episodes}.json".format(**found)
    path = run / "probe" / name
    opening.check_folder(path.parent)
    path.parent.mkdir(exist_ok=True)
    atomic.write_json(path, dict(found))


def _row(
    name: str, kind: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> dict[str, Any]:
    from koki2.reports import statistics

    gap = statistics.difference(ours["fitness"], theirs["fitness"])
    row = {"name": name, "kind": kind, "means": metrics.means(theirs)}
    return row | {"difference": gap, "p": None, "p_holm": None}


def _is_worse(row: Mapping[str, Any]) -> bool:
    """Whether the row is worse than the genome, by interval and p-value."""
    from koki2.reports.statistics import is_significant

    return row["difference"]["low"] > 0 and is_significant(row)


def _verdict(
    top: Mapping[str, Any],
    lesions: Mapping[str, Mapping[str, Any]],
    uses: Mapping[str, tuple[bool, bool]],
) -> list[str]:
    """Says in sentences what the rows show.

    Args:
      top: the row of the best blind policy.
      lesions: the row of each lesion.
      uses: of each sense, whether it is worse at zero and with another life's.
    """
    gap = top["difference"]
    ends = f"{gap['mean']:+.2f} [{gap['low']:+.2f}, {gap['high']:+.2f}]"
    beats = "it beats" if _is_worse(top) else "it does not beat"
    lines = [f"{beats} the best blind policy, {top['name']}: {ends}"]
    senses = [name for name, both in uses.items() if all(both)]
    lost = lambda name: f"{lesions[name]['difference']['mean']:.2f} worse"
    lines += [
        f"it uses {name}: {lost(name)} at zero, "
        f"{lost(name + evolution.OTHER)} with another life's"
        for name in senses
    ]
    for both, when in (
        ((True, False), "worse at zero only"),
        ((False, True), "worse with another life's only"),
        ((False, False), "no worse without"),
    ):
        names = [name for name, each in uses.items() if each == both]
        lines += [f"not shown to use {', '.join(names)}: {when}"] * bool(names)
    for name, words in _OF_AGENT.items():
        if name in lesions:
            is_needed = _is_worse(lesions[name])
            lines.append(f"{'it needs' if is_needed else 'not shown to need'} {words}")
    if _is_worse(top) and senses:
        why = f"competent: it beats all that see nothing, by {', '.join(senses)}"
    else:
        why = (
            "no claim of competence, which is to beat the best blind policy and to be "
            "worse under both lesions of a sense"
        )
    return [*lines, f"verdict: {why}"]
