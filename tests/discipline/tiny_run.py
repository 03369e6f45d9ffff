"""Tiny searches in a process of its own: prints what every bit of each hashes to.

    python tests/discipline/tiny_run.py [--cache FOLDER] [--one-core]

An evolution, and a MAP-Elites. FOLDER keeps compiled programs; without it everything
is compiled.
"""

import argparse
import hashlib
import os

import jax

from koki2.agents.configs import AgentConfig
from koki2.core import columns
from koki2.envs.configs import ChemotaxisConfig
from koki2.evolution import build, EvolutionConfig, Layout, QDConfig
from koki2.evolution.configs import BehaviourConfig, LoopConfig
from koki2.search import ArchiveConfig, EmitterConfig, SearchConfig

CONFIG = EvolutionConfig(
    env=ChemotaxisConfig(
        width=8,
        num_sources=3,
        num_bad_sources=1,
        bad_source_integrity_loss=0.6,
        deplete_sources=True,
        grad_dropout_p=0.25,
        steps=16,
    ),
    agent=AgentConfig(
        n_neurons=8,
        k_edges=2,
        plast_enabled=True,
        plast_eta=0.5,
        modulator_kind="event",
    ),
    search=SearchConfig(pop_size=24, sigma=2.0),
    loop=LoopConfig(generations=4, episodes=2, checkpoint_every=2),
)
QD = QDConfig(
    env=CONFIG.env,
    agent=CONFIG.agent,
    archive=ArchiveConfig(shape=(5, 7)),  # which no number of devices divides
    emitter=EmitterConfig(batch_size=24, init_sigma=3.0, iso_sigma=0.5),
    behaviour=BehaviourConfig(descriptors=("path_entropy", "hazard_exposure")),
    loop=CONFIG.loop,
)
THREE_CHUNKS = Layout(block=8, lives=16)


def main(cache=None, one_core=False):
    if one_core:  # before the first backend starts its threads
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    jax.config.update("jax_debug_key_reuse", True)
    if cache:
        jax.config.update("jax_compilation_cache_dir", cache)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    for name, config in {"evo": CONFIG, "qd": QD}.items():
        print(name, digest(build(config, 3, layout=THREE_CHUNKS)))


def digest(program):
    carry, digest, rows = program.init(), hashlib.sha256(), []
    while program.done(carry) < program.total:
        carry, said = program.chunk(carry, program.total - program.done(carry))
        rows = columns.rows(jax.device_get(said["metrics"]))
        digest.update(repr(rows).encode())
    for name, leaf in sorted(program.pack(carry).items()):
        digest.update(name.encode() + leaf.tobytes())
    return f"{digest.hexdigest()} {rows[-1]['mean_fitness']} {jax.device_count()}"


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("--cache")
    words.add_argument("--one-core", action="store_true")
    main(**vars(words.parse_args()))
