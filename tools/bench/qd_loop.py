"""How fast is MAP-Elites as a whole? koki2 against QDax on its README's arm.

A planar arm of 100 joints, whose tip is the descriptor and the deviation of whose
angles is the cost. Both sides start from 100 uniform genomes, draw parents uniformly,
make 1,024 children a generation by Iso+LineDD (0.05 and 0.1), clip them to [0, 1],
evaluate the very same function, insert, and compute QD-score, best and coverage in
every generation. Ours is one scan over ask, evaluation, tell and summary, on one
device; theirs one over `scan_update`, and once more their README's loop in Python.

Every timed run has a seed of its own. The two draw other numbers, so that their mean
QD-scores at the end differ, but by no more than 1 % and three standard errors. The
score counts from -0.5, the lowest fitness there is.

    python tools/bench/qd_loop.py [--quick] [--json] [--default-flags]

needs the extra "bench", which has QDax.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import NamedTuple

import archive
import harness
import jax
import jax.numpy as jnp
import numpy as np

from koki2.search import map_elites
from koki2.search.archive import Batch
from koki2.search.configs import ArchiveConfig, EmitterConfig

JOINTS, FIRST, BATCH = 100, 100, 1024
ISO, LINE = 0.05, 0.1
LOWEST = -0.5  # fitness: no angles in [0, 1] vary more
TOLERANCE = 0.01  # between QD-scores, beside what chance explains
COLUMNS = ("cpu_ratio", "qd_ours", "qd_theirs", "coverage", "samples")


class Figures(NamedTuple):
    """What is measured of an archive in every generation."""

    qd_score: jax.Array
    best: jax.Array
    coverage: jax.Array


def arm(angles):
    """One arm: (-sqrt(variance of the angles), where its tip is, in [0, 1]^2).

    Angle x of [0, 1] turns a link by 2 pi x - pi against the link before it; the arm
    stretched out spans half of the square from its middle.
    """
    x = jnp.clip(angles, 0.0, 1.0)
    spread = jnp.sqrt(jnp.mean((x - jnp.mean(x)) ** 2))
    turned = jnp.cumsum(2 * jnp.pi * x - jnp.pi)
    reach = 2 * x.shape[0]
    tip = jnp.sum(jnp.cos(turned)) / reach, jnp.sum(jnp.sin(turned)) / reach
    return -spread, jnp.stack(tip) + 0.5


def ours(per_side: int, generations: int) -> Callable:
    """key -> (genomes, fitness, figures of each generation), by koki2."""
    space = ArchiveConfig(shape=(per_side, per_side), qd_offset=LOWEST)
    emitter = EmitterConfig(batch_size=BATCH, iso_sigma=ISO, line_sigma=LINE)
    search = map_elites(space, emitter, JOINTS, devices=1)

    def start(key):
        key_init, key_first = jax.random.split(key)
        state = search.init(key_init, jnp.zeros(JOINTS))
        genome = jax.random.uniform(key_first, (FIRST, JOINTS))
        fitness, descriptor = jax.vmap(arm)(genome)
        birth = jnp.zeros(FIRST, jnp.int32)
        batch = Batch(
            genome=genome, fitness=fitness, descriptor=descriptor, birth=birth
        )
        filled, _ = search.store.insert(state.archive, batch)
        return dataclasses.replace(state, archive=filled)

    def generation(state, key):
        asked, state = search.ask(key, state)
        asked = dataclasses.replace(asked, genome=jnp.clip(asked.genome, 0.0, 1.0))
        state, _ = search.tell(state, asked, *jax.vmap(arm)(asked.genome))
        now = search.summary(state)
        return state, Figures(now.qd_score, now.best, now.coverage)

    def run(key):
        key_start, key_run = jax.random.split(key)
        keys = jax.random.split(key_run, generations)
        state, figures = jax.lax.scan(generation, start(key_start), keys)
        return state.archive.genome, state.archive.fitness, figures

    return jax.jit(run)


def theirs(per_side: int, generations: int, *, in_python: bool = False) -> Callable:
    """The same by QDax: in a scan, or one jitted `update` after the other."""
    from qdax.core.containers import mapelites_repertoire
    from qdax.core.emitters import mutation_operators, standard_emitters
    from qdax.core.map_elites import MAPElites
    from qdax.utils import metrics

    vary = functools.partial(
        mutation_operators.isoline_variation,
        iso_sigma=ISO,
        line_sigma=LINE,
        minval=0.0,
        maxval=1.0,
    )
    search = MAPElites(
        scoring_function=lambda genome, key: (*jax.vmap(arm)(genome), {}),
        emitter=standard_emitters.MixingEmitter(
            mutation_fn=lambda genome, key: genome,
            variation_fn=vary,
            variation_percentage=1.0,
            batch_size=BATCH,
        ),
        metrics_function=functools.partial(
            metrics.default_qd_metrics, qd_offset=-LOWEST
        ),
    )
    centroids = mapelites_repertoire.compute_euclidean_centroids(
        grid_shape=(per_side, per_side), minval=0.0, maxval=1.0
    )

    def start(key):
        key_first, key_init, key_run = jax.random.split(key, 3)
        genome = jax.random.uniform(key_first, (FIRST, JOINTS))
        repertoire, emitter, _ = search.init(genome, centroids, key_init)
        return repertoire, emitter, key_run

    def told(found) -> Figures:
        percent = found["coverage"] / 100.0
        return Figures(found["qd_score"], found["max_fitness"], percent)

    def run(key):
        carry, found = jax.lax.scan(
            search.scan_update, start(key), (), length=generations
        )
        return carry[0].genotypes, carry[0].fitnesses, told(found)

    begin, update = jax.jit(start), jax.jit(search.update)

    def run_in_python(key):
        repertoire, emitter, key = begin(key)
        rows = []
        for _ in range(generations):
            key, key_now = jax.random.split(key)
            repertoire, emitter, found = update(repertoire, emitter, key_now)
            rows.append(found)
        found = jax.tree.map(lambda *x: jnp.stack(x), *rows)
        return repertoire.genotypes, repertoire.fitnesses, told(found)

    return run_in_python if in_python else jax.jit(run)


def check_arm() -> None:
    """Ends the program if our arm is not QDax's."""
    from qdax.tasks.arm import arm as other

    angles = jax.random.uniform(jax.random.key(3), (1000, JOINTS), minval=-0.1)
    fitness, tip = jax.vmap(arm)(angles)
    same_fitness, same_tip = jax.vmap(other)(angles)
    gaps = jnp.abs(fitness - same_fitness).max(), jnp.abs(tip - same_tip).max()
    if max(map(float, gaps)) > 1e-5:
        raise SystemExit(f"the arm is not that of QDax: off by {gaps}")


def measure(per_side: int, *, quick: bool) -> list[harness.Row]:
    """Runs both sides: a row for each of theirs.

    Args:
      per_side: cells of the archive in each of its two dimensions.
      quick: fewer generations and seeds, and no loop in Python.
    """
    generations, seeds = (20, 3) if quick else (50, 5)
    runs = {
        "koki2": ours(per_side, generations),
        "QDax, scan": theirs(per_side, generations),
    }
    if not quick:
        runs["QDax, Python"] = theirs(per_side, generations, in_python=True)
    ends = {name: [] for name in runs}

    def side(name: str) -> harness.Relay:
        def step(_, seed):
            out = runs[name](jax.random.key(1 + seed))
            ends[name].append(out[2])
            return out

        return harness.Relay(start=lambda: None, step=step, read=lambda out: out)

    for run in runs.values():
        jax.block_until_ready(run(jax.random.key(0)))
    sides = {name: side(name) for name in runs}
    times = harness.relay(sides, seeds, samples=1)
    last = lambda *x: np.array([float(values[-1]) for values in x])
    mine, *others = (jax.tree.map(last, *some) for some in ends.values())
    rows = []
    for name, other in zip(list(runs)[1:], others, strict=True):
        same_quality(mine.qd_score, other.qd_score)
        row = harness.versus(
            f"{per_side**2:,} cells: {name}",
            BATCH * generations / 1e3,
            "k evaluations/s",
            times["koki2"],
            times[name],
            qd_ours=float(mine.qd_score.mean()),
            qd_theirs=float(other.qd_score.mean()),
            coverage=f"{mine.coverage.mean():.3f}, {other.coverage.mean():.3f}",
            samples=f"{seeds}/{seeds}",
        )
        rows.append(row)
    return rows


def same_quality(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Ends the program if the scores of two sets of runs differ by more than chance.

    Args:
      ours: QD-scores at the end, of as many runs as there are seeds, two at least.
      theirs: likewise.
    """
    gap = abs(ours.mean() - theirs.mean())
    error = np.sqrt(ours.var(ddof=1) / len(ours) + theirs.var(ddof=1) / len(theirs))
    if gap > 3 * error + TOLERANCE * abs(theirs.mean()):
        raise SystemExit(f"the QD-scores are not alike: ours {ours}, theirs {theirs}")


def main() -> None:
    arguments = harness.begin(__doc__)
    archive.require_peers("qdax")
    check_arm()
    rows = []
    for per_side in (32, 100):
        harness.note(f"{per_side**2:,} cells")
        rows += measure(per_side, quick=arguments.quick)
    harness.show("MAP-Elites", rows, as_json=arguments.json, columns=COLUMNS)


if __name__ == "__main__":
    main()
