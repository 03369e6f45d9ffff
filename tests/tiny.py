"""The smallest configs that still do everything: shared by the tests of evolution."""

import jax
import numpy as np

from koki2.agents import AgentConfig
from koki2.core import columns
from koki2.envs import ChemotaxisConfig
from koki2.evolution import EvolutionConfig, setting
from koki2.evolution.configs import LoopConfig, ViabilityConfig
from koki2.search import SearchConfig

WORLD = dict(
    width=4,
    num_sources=3,
    num_bad_sources=1,
    bad_source_integrity_loss=1.0,
    steps=12,
)
DEPLETING = WORLD | dict(
    deplete_sources=True,
    respawn_delay=2,
    bad_source_deplete_p=0.5,
    grad_dropout_p=0.25,
)
NOISY = WORLD | dict(
    obs_noise=0.05,
    grad_gain_min=0.0,
    grad_gain_end_phi=0.5,
    grad_bins_min=2.0,
    grad_bins_max=16.0,
    grad_bins_end_phi=0.5,
)
AGENT = dict(n_neurons=8, k_edges=2)
PLASTIC = AGENT | dict(plast_enabled=True, plast_eta=0.5)


def config(world=WORLD, agent=AGENT, **knobs):
    """A whole config; `knobs` go where they are known."""
    parts = dict(search=SearchConfig, loop=LoopConfig, viability=ViabilityConfig)
    knobs = dict(pop_size=8, sigma=1.0, generations=6, episodes=2) | knobs
    knobs = dict(checkpoint_every=2) | knobs
    made = {}
    for name, part in parts.items():
        known = [k for k in knobs if k in part.__dataclass_fields__]
        made[name] = part(**{k: knobs.pop(k) for k in known})
    env, agent = ChemotaxisConfig(**world), AgentConfig(**agent)
    return EvolutionConfig(env=env, agent=agent, **made, **knobs)


def task(config, seed, *, path=False):
    """The task of a config, wired as the run of a seed is."""
    named = setting(config)
    return named.task(named.data(seed), path=path)


def run(program, chunks, between=lambda program, carry: carry):
    """Packed states, the first and after each chunk, and all columns of the rows."""
    carry, packed, said = program.init(), [], []
    packed.append(program.pack(carry))
    for _ in range(chunks):
        carry = between(program, carry)
        carry, columns = chunk(program, carry)
        packed.append(program.pack(carry))
        said.append(columns)
    return packed, {n: sum((c[n] for c in said), []) for n in said[0]}, carry


def chunk(program, carry):
    """The state after a chunk, and its columns as lists, "valid" among them."""
    carry, said = program.chunk(carry, program.total - program.done(carry))
    assert_no_nan_leaves((carry, said))
    metrics = jax.device_get(said["metrics"])
    valid = metrics.pop("valid").tolist()
    rows = columns.rows(metrics)
    return carry, {"valid": valid} | {n: [row[n] for row in rows] for n in rows[0]}


def assert_no_nan_leaves(results):
    """As `--jax-debug-nans` looks at what comes out of a compiled program."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(results):
        if jax.numpy.issubdtype(leaf.dtype, jax.numpy.inexact):
            assert not np.any(np.isnan(leaf)), jax.tree_util.keystr(path)


def population(config, count, seed=0):
    """A task, and parameters of lively agents: genes of unit size."""
    parts = task(config, seed)
    draw = lambda key: parts.genome.init(key) * 10.0
    genes = jax.vmap(draw)(jax.random.split(jax.random.key(seed + 1), count))
    develop = lambda genes: parts.genome.develop(jax.random.key(0), genes)
    return parts, jax.vmap(develop)(genes)
