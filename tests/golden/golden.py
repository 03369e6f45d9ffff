"""Golden runs: what they are, and the numbers they give on this kind of machine.

A file per environment (platform, instruction set, jax, jaxlib), for bits of floating
point are promised within one environment only; see docs/determinism.md. The file holds
the configs, the versions, why it was last rewritten, and the numbers.

Numbers do not depend on what the code calls things: a digest is of values in the order
that the file lists, and `RENAMED` says what a name in a file is called today. A config
is compared on the keys that the file holds.
"""

import dataclasses
import json
import pathlib
import platform
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np

from koki2.agents import policy
from koki2.agents.configs import AgentConfig
from koki2.core import columns
from koki2.core.keys import episode_keys
from koki2.envs.base import AnyEnv
from koki2.envs.configs import ChemotaxisConfig
from koki2.envs.registry import LEVELS, make
from koki2.evolution import (
    build,
    evaluate_genome,
    EvolutionConfig,
    QDConfig,
    reports,
    rollout,
)
from koki2.evolution.configs import FitnessConfig, LoopConfig, ViabilityConfig
from koki2.evolution.episode import Episode, episode
from koki2.evolution.task import baseline
from koki2.policies.base import Policy
from koki2.policies.moves import towards
from koki2.runlog import digests
from koki2.search import ArchiveConfig, EmitterConfig, SearchConfig

HERE = pathlib.Path(__file__).parent
SEED, LIFE_SEED, EPISODES = 3, 7, 6
CONFIG = EvolutionConfig(
    env=ChemotaxisConfig(
        num_sources=4,
        num_bad_sources=2,
        bad_source_integrity_loss=0.25,
        deplete_sources=True,
        respawn_delay=2,
        grad_dropout_p=0.25,
        obs_noise=0.05,
        steps=32,
    ),
    agent=AgentConfig(plast_enabled=True, plast_eta=0.05, modulator_kind="drive"),
    search=SearchConfig(pop_size=16),
    viability=ViabilityConfig(mvt=True, mvt_steps=16, mvt_min_alive_steps=8),
    loop=LoopConfig(generations=5, episodes=2, checkpoint_every=5),
)
QD = QDConfig(
    env=CONFIG.env,
    archive=ArchiveConfig(shape=(6, 5)),
    emitter=EmitterConfig(batch_size=16, init_sigma=3.0, iso_sigma=0.5),
    loop=LoopConfig(generations=5, episodes=2, checkpoint_every=5),
)
SHOWN = ("fitness", "t_alive", "energy_gained", "bad_arrivals")

CAUTION = 0.85  # integrity at which one that was bitten holds still

RENAMED: Mapping[str, str] = {}
"""What a name in a golden file is called in the code of today."""

Arrays = dict[str, Any]


def path() -> pathlib.Path:
    """The file of this environment."""
    name = f"{platform.system()}-{platform.machine()}-{_instructions()}"
    versions = f"jax{jax.__version__}-jaxlib{jaxlib.__version__}"
    return HERE / f"{name}_{versions}.json".lower()


def read() -> dict:
    """The file of this environment."""
    return json.loads(path().read_text())


def configs() -> dict:
    """The configs of the two searches, in plain values."""
    plain = lambda config: json.loads(json.dumps(dataclasses.asdict(config)))
    return {"config": plain(CONFIG), "qd_config": plain(QD)}


def measure_lives(level: str) -> Arrays:
    """What the lives of a script in a level are reported to be."""
    life = _script(make(LEVELS[level].config), level)
    stats = rollout(life, episode_keys(LIFE_SEED, EPISODES), None)
    one = jax.tree.map(lambda x: x[0], stats)
    return jax.device_get(reports(FitnessConfig(), one))


def _script(env: AnyEnv, level: str) -> Episode:
    """The competent one; in the first levels, what was held to be so when recorded."""
    if level == "chemotaxis-l1.1-seed":
        return episode(env, policy(*once_bitten()))
    first = level.endswith("-seed") or level in ("chemotaxis-l0.0", "chemotaxis-l0.1")
    return baseline(env, "greedy" if first else "competent")


def once_bitten() -> Policy:
    """Follows the gradient until something has harmed it, and from then on stays.

    Where the nose errs, who follows it to the end steps off a harmful source and on
    again, and dies of it. It remembers having been harmed.
    """

    def choose(_, bitten, observation):
        bitten = bitten | (observation[3] < CAUTION)
        gx, gy = observation[0], observation[1]
        return bitten, jnp.where(bitten, 0, towards(gx, gy)).astype(jnp.int32)

    return Policy(memory=jnp.array(False), choose=choose)


def measure_search() -> dict[str, Arrays]:
    """Rows, last state and unseen episodes of a small search with much switched on."""
    program = build(CONFIG, SEED)
    carry, said = program.chunk(program.init(), program.total)
    genome = program.artifacts(carry)["mean_genome"]
    unseen = evaluate_genome(CONFIG, SEED, genome, eval_seed=0, episodes=EPISODES)
    return {"rows": _rows(said), "carry": program.pack(carry), "unseen": unseen}


def measure_archive() -> dict[str, Any]:
    """Rows, births and all that is in a small archive."""
    program = build(QD, SEED)
    carry, said = program.chunk(program.init(), program.total)
    rows = _rows(said)
    births = rows.pop("births")
    archive = program.artifacts(carry)["archive"]
    return {"rows": rows, "births": births, "archive": archive}


def _rows(said: Mapping[str, Any]) -> dict[str, list]:
    """The metrics of a chunk, column by column, "valid" among them."""
    metrics = jax.device_get(said["metrics"])
    rows = columns.rows(metrics)
    found = {name: [row[name] for row in rows] for name in rows[0]}
    return {"valid": metrics["valid"].tolist(), **found}


def document(lives: Mapping[str, Arrays], search: dict, qd: dict) -> dict:
    """The numbers as a file holds them."""
    return {
        **configs(),
        "seed": SEED,
        "lives": {
            level: {n: plain(figures[n]) for n in SHOWN} | {"all": digest(figures)}
            for level, figures in lives.items()
        },
        "search": {
            "rows": {name: plain(column) for name, column in search["rows"].items()},
            "carry": digest(search["carry"]),
            "unseen_fitness": plain(search["unseen"]["fitness"]),
        },
        "qd": {
            "rows": {name: plain(column) for name, column in qd["rows"].items()},
            "births": qd["births"],
            "archive": digest(qd["archive"]),
        },
    }


def digest(arrays: Arrays, order: list[str] | None = None) -> dict:
    """A digest of values in an order of names, which is kept; the names do not count.

    Args:
      arrays: by the names of today.
      order: names, old or of today; None is alphabetical.

    Raises:
      KeyError: a name of `order` that `arrays` has not.
    """
    order = sorted(arrays) if order is None else order
    values = (arrays[RENAMED.get(name, name)] for name in order)
    return {"order": order, "sha256": digests.of_arrays(values)}


def moved_lives(wanted: dict, figures: Arrays) -> Iterator[str]:
    """The numbers of a level's lives that are not those of the file."""
    yield from _moved_columns({n: wanted[n] for n in wanted if n != "all"}, figures)
    yield from _moved_digest("all", wanted["all"], figures)


def moved_search(wanted: dict, found: dict[str, Arrays]) -> Iterator[str]:
    """The numbers of the small search that are not those of the file."""
    yield from _moved_columns(wanted["rows"], found["rows"])
    yield from _moved_digest("carry", wanted["carry"], found["carry"])
    unseen = {"fitness": wanted["unseen_fitness"]}
    yield from _moved_columns(unseen, found["unseen"], "unseen ")


def moved_archive(wanted: dict, found: dict[str, Any]) -> Iterator[str]:
    """The numbers of the small archive that are not those of the file."""
    yield from _moved_columns(wanted["rows"], found["rows"])
    if wanted["births"] != found["births"]:
        yield "births"
    yield from _moved_digest("archive", wanted["archive"], found["archive"])


def moved_configs(wanted: dict) -> Iterator[str]:
    """Config keys of the file that have another value today, or none."""
    for config, today in configs().items():
        for group, table in wanted[config].items():
            for name, value in table.items():
                if today.get(group, {}).get(name, "missing") != value:
                    yield f"{config} {group}.{name}"


def _moved_columns(wanted: dict, found: Arrays, prefix: str = "") -> Iterator[str]:
    for name, values in wanted.items():
        column = found.get(RENAMED.get(name, name))
        if column is None or plain(column) != values:
            yield f"{prefix}{name}"


def _moved_digest(name: str, wanted: dict, found: Arrays) -> Iterator[str]:
    missing = [n for n in wanted["order"] if RENAMED.get(n, n) not in found]
    yield from (f"{name} {n} (missing)" for n in missing)
    if not missing and digest(found, wanted["order"]) != wanted:
        yield f"{name} (digest of {len(wanted['order'])} arrays)"


def plain(values) -> list:
    """A column as JSON holds it."""
    return [str(v) if v != v else v for v in np.asarray(values).tolist()]


def _instructions() -> str:
    """The widest vectors this CPU has: they decide how XLA rounds some functions."""
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return "any"
    for name in ("avx512f", "avx2", "avx"):
        if name in flags:
            return name
    return "any"
