"""Is stage 1 of seed 002 reached? Passes or fails each of its criteria, with figures.

OpenAI-ES at the seed's budget on its L0.2 (four sources, two of which harm), over three
seeds or more, judged on unseen episodes beside random and greedy:

    python -m experiments.acceptance [--seeds 0 1 2 3 4] [--smoke]

- The best fitness rises above that of generation 0, on every seed.
- The best and the mean genome beat random on unseen episodes, on every seed, and the
  difference over seeds is significant after Holm.
- With nursing and the viability test on or off every array of a search's state has the
  same shape and type, and chunks leave them as they are, so that none compiles anew.

Finished runs are kept under --runs-dir and not run again. Exit code 1 if one fails.
"""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import tyro
from annotated_types import MinLen

from experiments import lab
from koki2 import runlog
from koki2.envs.configs import ChemotaxisConfig
from koki2.evolution.configs import (
    EvolutionConfig,
    LoopConfig,
    NursingConfig,
    ViabilityConfig,
)
from koki2.reports.statistics import is_significant, p_text
from koki2.search.configs import SearchConfig
from koki2.session import startup

WORLD = ChemotaxisConfig(
    num_sources=4, num_bad_sources=2, bad_source_integrity_loss=0.25
)
GENTLE = NursingConfig(nurse_metabolism=0.2, nurse_hazard=0.5)
TESTED = ViabilityConfig(mvt=True, mvt_steps=16, mvt_min_alive_steps=8)
TOGGLES: Mapping[str, dict[str, Any]] = {
    "neither": {},
    "nursing": {"nursing": GENTLE},
    "viability test": {"viability": TESTED},
    "both": {"nursing": GENTLE, "viability": TESTED},
}
MEAN, BEST = "L0.2/ES", "L0.2/ES, best genome"
SHOWN = ("fitness", "bad_arrivals", "integrity_min")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Run the acceptance of stage 1, and say of each criterion whether it passes."""

    seeds: Annotated[tuple[int, ...], MinLen(3)] = (0, 1, 2, 3, 4)
    """Of the runs, at least three."""
    smoke: bool = False
    """A minute's version: that it runs, not what it finds."""
    jobs: int = 1
    """Processes; the results do not depend on how many."""
    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where run folders and results go."""

    def __post_init__(self) -> None:
        if len(set(self.seeds)) < 3:
            raise ValueError(f"seeds must be three or more, got {self.seeds}.")


class Criterion(NamedTuple):
    """What was asked, whether it holds, and the figures that say so."""

    name: str
    holds: bool
    figures: str


def study(options: Options) -> lab.Study:
    """The one arm, its best genome, and what they are set against."""
    small = options.smoke
    config = EvolutionConfig(
        env=dataclasses.replace(WORLD, steps=32) if small else WORLD,
        search=SearchConfig(pop_size=16 if small else 128),
        loop=LoopConfig(
            generations=10 if small else 200,
            episodes=4 if small else 8,
            checkpoint_every=5 if small else 50,
        ),
    )
    pairs = [lab.Contrast(who, "L0.2/random") for who in (BEST, MEAN)]
    return lab.Study(
        name="acceptance_smoke" if small else "acceptance",
        arms={MEAN: config},
        seeds=options.seeds,
        episodes=32 if small else 512,
        probes={BEST: lab.Probe(MEAN, genome="best")},
        contrasts=(*pairs, lab.Contrast(MEAN, "L0.2/greedy")),
        baselines={"L0.2": (config, ("random", "greedy"))},
    )


def improvement(rows: Sequence[Sequence[Mapping[str, Any]]]) -> Criterion:
    """Whether the best fitness rises above that of generation 0, on every seed.

    Example:
      >>> run = [{"best_fitness": 3.0}, {"best_fitness": 5.0}]
      >>> improvement([run, run, run]).figures
      '3 of 3 seeds; from 3.0 to 5.0, on average'
    """
    first = [run[0]["best_fitness"] for run in rows]
    last = [run[-1]["best_fitness"] for run in rows]
    risen = sum(b > a for a, b in zip(first, last, strict=True))
    count = len(rows)
    means = f"from {sum(first) / count:.1f} to {sum(last) / count:.1f}, on average"
    return Criterion(
        "best fitness rises above generation 0",
        risen == count,
        f"{risen} of {count} seeds; {means}",
    )


def beats(name: str, contrast: Mapping[str, Any]) -> Criterion:
    """Whether a genome beats random on every seed, significantly.

    Example:
      >>> gap = {"mean": 2.0, "low": 1.0, "high": 3.0, "wins": 3, "seeds": 3}
      >>> beats("best genome", gap | {"p": 0.01, "p_holm": 0.02, "p_flip": 0.25})[1:]
      (True, '3 of 3 seeds; +2.0 [+1.0, +3.0], p .010, Holm .020, flips .250')
    """
    won = contrast["wins"] == contrast["seeds"] and is_significant(contrast)
    name = f"{name} beats random on unseen episodes"
    return Criterion(name, won, figures(contrast))


def figures(contrast: Mapping[str, Any]) -> str:
    """A contrast in figures: wins, mean difference, interval and p values."""
    c = contrast
    ps = [f"{n} {p_text(c[key])}" for n, key in (("p", "p"), ("Holm", "p_holm"))]
    ps.append(f"flips {p_text(c['p_flip'])}")
    gap = f"{c['mean']:+.1f} [{c['low']:+.1f}, {c['high']:+.1f}]"
    return f"{c['wins']} of {c['seeds']} seeds; {gap}, {', '.join(ps)}"


def stability() -> Criterion:
    """Whether nursing and the viability test leave shapes and types as they are."""
    import jax

    from koki2 import evolution

    def types(tree: Any) -> list[Any]:
        shapes = jax.tree.leaves(jax.eval_shape(lambda: tree))
        return [(s.shape, s.dtype, s.weak_type) for s in shapes]

    states, kept = {}, []
    for name, knobs in TOGGLES.items():
        config = EvolutionConfig(
            env=dataclasses.replace(WORLD, steps=32),
            search=SearchConfig(pop_size=16),
            loop=LoopConfig(generations=4, episodes=2, checkpoint_every=2),
            **knobs,
        )
        program = evolution.build(config, 0)
        carry = program.init()
        states[name] = types(carry)
        for _ in range(2):
            carry, _ = program.chunk(carry, program.total)
            kept.append(types(carry) == states[name])
    same = sum(state == states["neither"] for state in states.values())
    arrays = len(states["neither"])
    return Criterion(
        "nursing and the viability test change no shape",
        all(kept) and same == len(TOGGLES),
        f"{same} of {len(TOGGLES)} settings have the same {arrays} arrays; "
        f"{sum(kept)} of {len(kept)} chunks leave them as they were",
    )


def table(results: lab.Results) -> list[str]:
    """Fitness and hazards on unseen episodes, mean over seeds and eval seeds."""
    lines = [f"{'unseen episodes':24}" + "".join(f"{name:>16}" for name in SHOWN)]
    for name in (MEAN, BEST, "L0.2/random", "L0.2/greedy"):
        means = [float(lab.read_values(results, name, m).mean()) for m in SHOWN]
        label = name.partition("/")[2]
        lines.append(f"{label:24}" + "".join(f"{mean:16.4f}" for mean in means))
    return lines


def main() -> None:
    """Runs what is left to run, and prints the criteria."""
    options = tyro.cli(Options, description=__doc__)
    startup.begin(None)
    startup.prepare(startup.XlaOptions(), startup.JaxOptions())
    asked = study(options)
    out = options.runs_dir / asked.name
    out.mkdir(parents=True, exist_ok=True)
    how = lab.Options(jobs=options.jobs, runs_dir=options.runs_dir, out=out)
    results = lab.run_study(asked, how)
    runs = results["arms"][MEAN]["runs"]
    rows = [list(runlog.read_rows(options.runs_dir / run)) for run in runs]
    best, mean, greedy = results["contrasts"]
    criteria = [
        improvement(rows),
        beats("best genome", best),
        beats("mean genome", mean),
        stability(),
    ]
    print("\n".join(table(results)), end="\n\n")
    for criterion in criteria:
        word = "pass" if criterion.holds else "FAIL"
        print(f"{word}  {criterion.name}: {criterion.figures}")
    print(f"      no criterion: mean genome less greedy, {figures(greedy)}")
    if not all(criterion.holds for criterion in criteria):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
