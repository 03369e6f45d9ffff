"""E001: OpenAI-ES on L0.2 against greedy, random, stay and oracle, on unseen lives.

Question, prediction and verdict stand in README.md beside this file. This leaves a run
folder per seed, and beside itself results.json, results.md and unseen.png.

    python -m experiments.e001_l0_competence [--smoke]
"""

import dataclasses
import json
import pathlib

import numpy as np
import tyro
from koki2.cli.signals import Stop

from koki2 import evolution, pictures, runlog
from koki2.cli import drive, startup
from koki2.cli.settings import Settings
from koki2.evolution.configs import (
    ChemotaxisConfig,
    EvolutionConfig,
    FitnessConfig,
    LoopConfig,
    SearchConfig,
)

HERE = pathlib.Path(__file__).parent
BASELINES = ("greedy", "random", "stay", "oracle")
FIGURES = ("fitness", "t_alive", "energy_gained", "bad_arrivals", "integrity_min")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """E001: is evolution competent at L0.2, and does that hang on the success bonus?"""

    smoke: bool = False
    """Two seeds, ten generations, 64 lives: that it runs, not what it finds."""
    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where run folders are made."""
    out: pathlib.Path = HERE
    """Where results.json, results.md and unseen.png go."""

    @property
    def seeds(self) -> list[int]:
        """Never run while the loop was built."""
        return [10, 11] if self.smoke else [10, 11, 12, 13, 14]

    @property
    def episodes(self) -> int:
        """Unseen lives per eval seed."""
        return 64 if self.smoke else 512

    def config(self, bonus: float) -> EvolutionConfig:
        """Seed 002's acceptance run, with another success bonus."""
        return EvolutionConfig(
            env=ChemotaxisConfig(
                num_sources=4, num_bad_sources=2, bad_source_integrity_loss=0.25
            ),
            search=SearchConfig(pop_size=128),
            fitness=FitnessConfig(success_bonus=bonus),
            loop=LoopConfig(generations=10 if self.smoke else 200, episodes=8),
        )


EVAL_SEEDS = (424242, 0)
BONUSES = (50.0, 0.0)


def main(options: Options) -> None:
    """Runs everything and writes the results."""
    startup.begin(None)
    startup.prepare(startup.XlaOptions(), startup.JaxOptions())
    found = {f"bonus {bonus:.0f}": arm(options, bonus) for bonus in BONUSES}
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1, allow_nan=False)
    (options.out / "results.json").write_text(text + "\n")
    (options.out / "results.md").write_text(tables(found))
    draw(found, options.out / "unseen.png")
    print(tables(found))


def arm(options: Options, bonus: float) -> dict:
    """One setting of the bonus: a run per seed, judged on the same unseen lives."""
    config = options.config(bonus)
    with Stop() as stop:
        paths = [
            search(options, config, seed, built, stop)
            for seed, built in zip(
                options.seeds,
                evolution.evolve_many(config, options.seeds),
                strict=True,
            )
        ]
    return {
        str(eval_seed): judge(options, config, paths, eval_seed)
        for eval_seed in EVAL_SEEDS
    }


def search(options: Options, config, seed: int, built, stop: Stop) -> pathlib.Path:
    """One run, in a folder of its own."""
    settings = Settings(config=config, provenance={})
    with drive.start("e001", settings, seed, options.runs_dir) as run:
        if not drive.finish(run, built, stop):
            raise SystemExit(stop.code)
        return run.path


def judge(options: Options, config, paths, eval_seed: int) -> dict:
    """Genomes and baselines on the lives of one eval seed."""
    lives = {"eval_seed": eval_seed, "episodes": options.episodes}
    scripted = {
        policy: evolution.evaluate_baseline(config, policy, **lives)
        for policy in BASELINES
    }
    seeds = []
    for seed, path in zip(options.seeds, paths, strict=True):
        row = {"seed": seed, "run": path.name}
        for which in ("best", "mean"):
            genome = runlog.read_genome(path, which)
            ours = evolution.evaluate_genome(config, seed, genome, **lives)
            row[which] = means(ours) | {
                f"minus_{policy}": evolution.difference(
                    ours["fitness"], scripted[policy]["fitness"]
                )
                for policy in ("greedy", "random")
            }
        seeds.append(row)
    over_seeds = {
        which: {
            name: evolution.interval(np.array([row[which][name] for row in seeds]))
            for name in FIGURES
        }
        for which in ("best", "mean")
    }
    return {
        "seeds": seeds,
        "over_seeds": over_seeds,
        "baselines": {policy: means(theirs) for policy, theirs in scripted.items()},
    }


def means(lives: dict[str, np.ndarray]) -> dict[str, float]:
    """Means over lives of the figures reported here."""
    return {name: float(np.mean(lives[name])) for name in FIGURES}


def tables(found: dict) -> str:
    """The results as Markdown."""
    lines = ["<!-- written by python -m experiments.e001_l0_competence -->"]
    for arm_name, by_seed in found.items():
        for eval_seed, result in by_seed.items():
            lines += ["", f"**{arm_name}, eval seed {eval_seed}**", ""]
            lines += ["| policy | " + " | ".join(FIGURES) + " |"]
            lines += ["|---" * (len(FIGURES) + 1) + "|"]
            for which, figures in result["over_seeds"].items():
                cells = [
                    f"{figures[name]['mean']:.2f} "
                    f"[{figures[name]['low']:.2f}, {figures[name]['high']:.2f}]"
                    for name in FIGURES
                ]
                lines.append(f"| ES, {which} genome | " + " | ".join(cells) + " |")
            for policy, figures in result["baselines"].items():
                cells = [f"{figures[name]:.2f}" for name in FIGURES]
                lines.append(f"| {policy} | " + " | ".join(cells) + " |")
            lines += ["", "| run | best | mean | best - greedy | best - random |"]
            lines += ["|---|---|---|---|---|"]
            for row in result["seeds"]:
                best = row["best"]
                cells = [f"{row[which]['fitness']:.2f}" for which in ("best", "mean")]
                cells += [
                    f"{best[name]['mean']:+.2f} "
                    f"[{best[name]['low']:+.2f}, {best[name]['high']:+.2f}]"
                    for name in ("minus_greedy", "minus_random")
                ]
                lines.append(f"| `{row['run']}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def draw(found: dict, path: pathlib.Path) -> None:
    """Fitness on unseen lives, per policy, for both settings of the bonus."""
    with pictures.house():
        figure = pictures.figure(9, 7)
        panels = figure.subplots(len(found), 1)
        for axes, (arm_name, by_seed) in zip(panels, found.items(), strict=True):
            results = list(by_seed.values())
            groups, dots = {}, {}
            for which in ("best", "mean"):
                over = [result["over_seeds"][which]["fitness"] for result in results]
                groups[which] = [(o["mean"], o["low"], o["high"]) for o in over]
                dots[which] = [
                    [row[which]["fitness"] for row in result["seeds"]]
                    for result in results
                ]
            for policy in BASELINES:
                scores = [result["baselines"][policy]["fitness"] for result in results]
                groups[policy] = [(score, np.nan, np.nan) for score in scores]
                dots[policy] = [[] for _ in scores]
            axes.set_ylabel("fitness")
            axes.set_title(f"{arm_name}: eval seeds {' and '.join(by_seed)}")
            pictures.bars(axes, groups, dots=dots)
        pictures.save(figure, path)


if __name__ == "__main__":
    main(tyro.cli(Options))
