"""What does a step cost in each world, against chemotaxis with the same agent?

Whole lives of the default agent, 128 genomes in 8 episodes. A step counts as long as
anyone in its chunk of lives is alive, so that a world in which lives are short does not
look slow. Theirs is chemotaxis-l1.0-seed, in the same process, in turn; a ratio under
0.33 needs a reason in the world's docstring.

    python tools/bench/worlds.py [--quick] [--json] [--default-flags]
"""

import harness
import jax
import numpy as np

from koki2.envs.registry import LEVELS
from koki2.evolution import setting
from koki2.evolution.configs import EvolutionConfig
from koki2.evolution.rollout import Layout, rollout, WIDE

POPULATION, EPISODES, BLOCK = 128, 8, Layout().block
LIVELY = 3.0  # genes over those of a first genome, so that agents move
THEIRS = "chemotaxis-l1.0-seed"  # whose sources come back, as in all later worlds
QUICK = ("obstacles-l1.2",)


def program(name: str, layout: Layout | None):
    """Lives of a population in a level: a function, and its arguments."""
    work = EvolutionConfig(env=LEVELS[name].config)
    named = setting(work)
    parts = named.task(named.data(0))
    keys = jax.random.split(jax.random.key(1), POPULATION)
    genes = LIVELY * jax.vmap(parts.genome.init)(keys)
    develop = lambda genes: parts.genome.develop(jax.random.key(0), genes)
    live = lambda keys, params: rollout(parts.episode, keys, params, layout=layout)
    return live, (
        jax.random.split(jax.random.key(2), EPISODES),
        jax.vmap(develop)(genes),
    )


def stepped(stats) -> float:
    """Steps taken by all lives, those of the dead while others lived included."""
    lived = np.asarray(stats.t_alive).reshape(-1, BLOCK * EPISODES)
    return float(np.sum(np.max(lived, axis=1)) * BLOCK * EPISODES)


def main() -> None:
    arguments = harness.begin(__doc__)
    layout = WIDE if arguments.default_flags else None
    others = [name for name in LEVELS if name != THEIRS]
    names = QUICK if arguments.quick else others
    harness.note("compiling")
    jobs = {name: program(name, layout) for name in (THEIRS, *names)}
    calls = harness.compiled(jobs)
    reference = stepped(calls[THEIRS]())
    rows = []
    for name in names:
        harness.note(name)
        steps = stepped(calls[name]())
        mine, other = harness.race(calls[name], calls[THEIRS], samples=5)
        row = harness.Row(
            name=name,
            ours=steps / mine.wall / 1e6,
            theirs=reference / other.wall / 1e6,
            unit="M steps/s",
            ratio=(steps / mine.wall) / (reference / other.wall),
            extra={
                "cpu_ratio": (steps / mine.cpu) / (reference / other.cpu),
                "samples": f"{mine.samples}/{other.samples}",
            },
        )
        rows.append(row)
    columns = ("cpu_ratio", "samples")
    harness.show("Steps of worlds", rows, as_json=arguments.json, columns=columns)


if __name__ == "__main__":
    main()
