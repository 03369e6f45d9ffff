"""Golden runs: what they are, and what they come to on this machine's kind.

A file per environment (platform, instruction set, jax, jaxlib), for bits of floating
point are promised within one environment only; see docs/determinism.md. The file holds
the configs, the versions, why it was last rewritten, and the numbers.
"""

import dataclasses
import hashlib
import json
import pathlib
import platform

import jax
import jaxlib
import numpy as np

from koki2.agents.configs import AgentConfig
from koki2.core.keys import episode_keys
from koki2.envs.configs import ChemotaxisConfig
from koki2.envs.registry import LEVELS
from koki2.evolution import (
    evaluate_genome,
    EvolutionConfig,
    evolve,
    illuminate,
    QDConfig,
    reports,
    rollout,
)
from koki2.evolution.configs import FitnessConfig, LoopConfig, ViabilityConfig
from koki2.evolution.task import baseline
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


def path() -> pathlib.Path:
    """The file of this environment."""
    name = f"{platform.system()}-{platform.machine()}-{_instructions()}"
    versions = f"jax{jax.__version__}-jaxlib{jaxlib.__version__}"
    return HERE / f"{name}_{versions}.json".lower()


def compute(levels=tuple(LEVELS)) -> dict:
    """A competent script in these levels, a small search with much switched on, and a
    small archive."""
    search = evolve(CONFIG, SEED)
    carry, rows = search.chunk(search.init())
    genome = search.products(carry)["mean_genome"]
    unseen = evaluate_genome(CONFIG, SEED, genome, eval_seed=0, episodes=EPISODES)
    return {
        "config": dataclasses.asdict(CONFIG),
        "seed": SEED,
        "lives": lives(levels),
        "search": {
            "rows": {name: _plain(column) for name, column in rows.items()},
            "carry_sha256": _digest(search.pack(carry)),
            "unseen_fitness": _plain(unseen["fitness"]),
        },
        "qd_config": json.loads(json.dumps(dataclasses.asdict(QD))),
        "qd": _archive(),
    }


def _archive() -> dict:
    """A small archive: what its rows say, who was born, and all that is in it."""
    search = illuminate(QD, SEED)
    carry, rows = search.chunk(search.init())
    births = rows.pop("births")
    return {
        "rows": {name: _plain(column) for name, column in rows.items()},
        "births": births,
        "archive_sha256": _digest(search.products(carry)["archive"]),
    }


def read() -> dict:
    """The file of this environment."""
    return json.loads(path().read_text())


def lives(levels) -> dict:
    """A competent script's lives, by level."""
    return {name: _lives(LEVELS[name].config) for name in levels}


def _lives(env) -> dict:
    life = baseline(EvolutionConfig(env=env), "competent")
    tally = rollout(life, episode_keys(LIFE_SEED, EPISODES), None)
    one = jax.tree.map(lambda x: x[0], tally)
    figures = jax.device_get(reports(FitnessConfig(), one))
    shown = ("fitness", "t_alive", "energy_gained", "bad_arrivals")
    out = {figure: _plain(figures[figure]) for figure in shown}
    return out | {"sha256": _digest(figures)}


def _plain(values) -> list:
    return [str(v) if v != v else v for v in np.asarray(values).tolist()]


def _digest(arrays) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(arrays.items()):
        digest.update(name.encode() + np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


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
