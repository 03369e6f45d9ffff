"""What people read of a run that was judged: on unseen episodes, as a space."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from koki2.session.printing import printable, say
from koki2.session.tables import print_table, text, WIDTH


def print_evaluation(
    evaluation: Mapping[str, Any], policy: str, *, episodes: int
) -> None:
    """Prints a table of genomes beside a baseline, without rows that are all the same.

    Args:
      evaluation: of one seed, as `reports.heldout.compare` makes it.
      policy: the baseline.
      episodes: lives of each.
    """
    baseline = evaluation["baseline"]
    genomes, differences = evaluation["genomes"], evaluation["differences"]
    rows, same = [], []
    gaps: dict[str, list[tuple[str, ...]]] = {name: [] for name in differences}
    for mean in next(iter(genomes.values())):
        values = [genome[mean] for genome in genomes.values()]
        values += [baseline.get(mean)] if baseline else []
        metric = mean.removeprefix("mean_")
        ends = {d[metric][end] for d in differences.values() for end in ("low", "high")}
        if differences and len({*values}) == 1 and ends <= {0.0}:
            same.append(f"{mean} {text(values[0])}")
            continue
        rows.append([mean, *values])
        for name, found in differences.items():
            gap = found[metric]
            gaps[name].append((mean, _with_ends(gap), *_p_values(gap)))
    columns = ["metric", *genomes, *([policy] if baseline else [])]
    seed = evaluation["eval_seed"]
    print_table(
        columns, rows, title=f"{episodes} unseen episodes, evaluation seed {seed}"
    )
    for name, found in gaps.items():
        say()
        heads = ("metric", f"{name} - {policy} [95%]", "p", "Holm", "flips")
        print_table(heads, found)
    if differences:
        say("p: of the paired t test; Holm: corrected for all metrics and genomes")
        say("flips: p of flipping the signs of the paired differences")
    if same:
        line = f"the same in every episode: {', '.join(same)}"
        say(textwrap.fill(line, WIDTH, subsequent_indent="  "))
    lesions: Mapping[str, Any] = evaluation.get("lesions", {})
    for genome, by_lesion in lesions.items():
        rows = [
            (name, found["mean_fitness"], _with_ends(gap), *_p_values(gap))
            for name, found in by_lesion.items()
            for gap in [found["differences"]["fitness"]]
        ]
        heads = (f"{genome} without", "mean_fitness", f"{genome} - lesioned [95%]")
        print_table((*heads, "p", "Holm", "flips"), rows)


def print_probe(found: Mapping[str, Any]) -> None:
    """Prints the table and the verdict of a probe, as `reports.probe` finds them."""
    kinds = {"blind": "sees nothing", "policy": "scripted", "lesion": "evolved without"}
    best, fitness = found["best_blind"], found["evolved"]["mean_fitness"]
    rows = []
    for row in found["rows"]:
        if row["kind"] == "lesion" and not any(of == "evolved" for of, *_ in rows):
            rows.append(("evolved", found["genome"], fitness, "", "", ""))
        name = f"{row['name']} (best)" if row["name"] == best else row["name"]
        gap = row["difference"]
        holm, flips = "", ""
        if row["p_holm"] is not None:
            _, holm, flips = _p_values(gap | row)
        fit = row["means"]["mean_fitness"]
        rows.append((kinds[row["kind"]], name, fit, _with_ends(gap), holm, flips))
    title = f"{found['episodes']} unseen episodes, evaluation seed {found['eval_seed']}"
    columns = ("", "who", "mean_fitness", "evolved - it [95%]", "Holm", "flips")
    print_table(columns, rows, title=title)
    for line in found["verdict"]:
        say(textwrap.fill(line, WIDTH, subsequent_indent="  "))


def _p_values(found: Mapping[str, float]) -> list[str]:
    """p, p after Holm, and p of sign flips."""
    from koki2.reports.statistics import p_text  # SciPy, which no help needs

    return [p_text(found[name]) for name in ("p", "p_holm", "p_flip")]


def _with_ends(found: Mapping[str, float]) -> str:
    middle, low, high = (text(found[end]) for end in ("mean", "low", "high"))
    return f"{middle} [{low}, {high}]"


def print_behaviour(found: Mapping[str, Any]) -> None:
    """Prints whether a behaviour space is worth exploring, and by which figures."""
    title = (
        f"{' x '.join(found['descriptors'])}, {found['elites']} elites in "
        f"{found['episodes']} unseen episodes, evaluation seed {found['eval_seed']}"
    )
    held, limits = found["verdict"], found["thresholds"]
    rows = []
    for name, figure, sign, key in (
        ("sampling adequacy (KMO)", "kmo", ">=", "kmo"),
        ("sphericity, p", "sphericity_p", "<=", "sphericity"),
        ("variance not told", "reconstruction_error", "<=", "reconstruction"),
        ("trustworthiness", "trustworthiness", ">=", "trustworthiness"),
        ("continuity", "continuity", ">=", "continuity"),
    ):
        word = "yes" if held[key] else "NO"
        if held.get(f"{key}_doubtful"):
            word = "just"
        rows.append((name, found[figure], f"{sign} {limits[figure]:g}", word))
    print_table(("", "figure", "required", "held"), rows, title=title)
    left = [name for name, metric in found["metrics"].items() if not metric["used"]]
    used = len(found["metrics"]) - len(left)
    alike = f"; all alike, so not used: {', '.join(left)}" if left else ""
    say(f"{used} metrics{alike}")
    best = text(found["reconstruction_best"])
    say(f"as many axes chosen for it would leave {best} of the variance untold")
    moved = ", ".join(f"{n} {v:.3f}" for n, v in found["unseen_drift"].items())
    say(f"on unseen episodes elites are off their cell by, on average: {moved}")
    trained, unseen = found["archive"]["in_training"], found["archive"]["unseen"]
    rows = [
        ("coverage", trained["coverage"], unseen["coverage"]),
        ("QD-score", trained["qd_score"], unseen["qd_score"]),
        ("in their own cell", 1.0, unseen["in_their_cell"]),
    ]
    heads = (f"all {unseen['elites']} elites", "in training", "unseen")
    print_table(heads, rows)
    passed = "is" if held["passed"] else "is NOT"
    say(f"verdict: this behaviour space {passed} worth exploring by these measures")


def print_replay(facts: Mapping[str, Any], rows: int) -> None:
    """Prints whether a run came out the same, or where it first did not."""
    if facts["identical"]:
        left = " and what it left" if facts["is_complete"] else ""
        say(f"identical: all {rows} rows{left} of {printable(facts['run'])}")
    else:
        found = facts["first_difference"]
        if found["what"] == "row":
            unit = found["unit"]
            say(f"different: {unit} {found[unit]} is the first")
            for name, (then, now) in found["fields"].items():
                say(
                    f"  {printable(name)}: {printable(then)} then, {printable(now)} now"
                )
        else:
            arrays = ", ".join(map(printable, found["arrays"]))
            say(f"different: the {found['what']}, in {arrays}")
    changed: Sequence[str] = facts["environment"]
    if changed:
        say("changed since the run was made:")
        for line in changed:
            say(f"  {printable(line)}")
    elif not facts["identical"]:
        say("nothing that is known to matter changed since the run was made")
