"""koki2's rollout and the benchmark's plain twin live the same lives.

The twin was written from the description of the world and the agent, and shares no
code with them; so this holds koki2 to that description. Nothing is timed here.
"""

import jax
import pytest

from koki2.agents.configs import AgentConfig
from koki2.core.keys import Stream, stream
from koki2.envs.configs import ChemotaxisConfig
from koki2.evolution import build, setting
from koki2.evolution.configs import EvolutionConfig, LoopConfig
from koki2.evolution.rollout import rollout
from koki2.search.configs import SearchConfig
from tools.bench import equality, twin

STEPS = 24
HAZARDS = {"num_sources": 4, "num_bad_sources": 2, "bad_source_integrity_loss": 0.5}
L1 = {"deplete_sources": True, "respawn_delay": 4, "grad_dropout_p": 0.5}
SENSES = {
    "obs_noise": 0.05,
    "good_only_gradient": True,
    "grad_gain_min": 0.25,
    "grad_gain_end_phi": 0.5,
    "grad_bins_min": 2.0,
    "grad_bins_max": 16.0,
    "grad_bins_end_phi": 0.75,
}
PLASTIC = {"plast_enabled": True, "plast_eta": 0.05}
WORK = {
    "A": (HAZARDS, {}),
    "B": (HAZARDS | L1, PLASTIC | {"modulator_kind": "event"}),
    "2-D, hazards that stay": (
        HAZARDS
        | {"width": 6, "height": 5, "deplete_sources": True}
        | {"bad_source_deplete_p": 0.5, "bad_source_respawn_delay": 2},
        PLASTIC | {"modulator_kind": "drive", "mod_drive_scale": 4.0},
    ),
    "all senses, ends on reaching": (
        HAZARDS | SENSES | {"terminate_on_reach": True},
        PLASTIC | {"modulator_kind": "spike"},
    ),
}
BITS = ("A", "B")  # the others differ in the last bit, for which see equality.py


def lives(world, agent, genomes=16, episodes=4, scale=5.0):
    """The same lives twice: koki2's and the twin's."""
    world = {"width": 12, "steps": STEPS} | world
    config = EvolutionConfig(
        env=ChemotaxisConfig(**world),
        agent=AgentConfig(n_neurons=16, k_edges=4, **agent),
    )
    named = setting(config)
    data = named.data(0)
    parts, wires = named.task(data), data.wiring
    genes = jax.vmap(parts.genome.init)(jax.random.split(jax.random.key(1), genomes))
    develop = lambda genes: parts.genome.develop(jax.random.key(0), genes)
    params = jax.vmap(develop)(scale * genes)
    keys = jax.random.split(jax.random.key(2), episodes)
    ours = jax.jit(lambda k, p: rollout(parts.episode, k, p, keep="state"))(
        keys, params
    )
    with jax.debug_key_reuse(False):  # a vmapped `cond` that is given a key selects it
        theirs = jax.jit(twin.run_lives(config.env, config.agent, wires))(keys, params)
    return jax.device_get((ours, theirs))


QUICK = ("A",)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] * (n not in QUICK)) for n in WORK],
)
def test_every_count_and_final_state_is_that_of_the_twin(name):
    ours, theirs = lives(*WORK[name])
    tolerance = 0.0 if name in BITS else 1e-5
    assert equality.differences(ours, theirs, STEPS, tolerance=tolerance) == []
    lasted = theirs.sums.t_alive == STEPS
    assert 0 < lasted.sum() < lasted.size, "both ends of a life should be seen"
    assert theirs.sums.events.sum() > 20 and theirs.brain.spike[lasted].any()
    assert (theirs.sums.actions.sum((0, 1)) > 0).sum() >= 4


@pytest.mark.slow
def test_a_single_bit_is_a_difference():
    ours, theirs = lives(*WORK["B"])
    lasted = theirs.sums.t_alive == STEPS
    weights = theirs.brain.rec_w.copy()
    where = tuple(int(i[0]) for i in lasted.nonzero())
    weights.view("uint32")[(*where, 7)] ^= 1
    changed = theirs._replace(brain=theirs.brain._replace(rec_w=weights))
    (line,) = equality.differences(ours, changed, STEPS)
    assert line.startswith("rec_w differs in 1 of ")


@pytest.mark.slow
def test_a_generation_gives_the_fitness_that_koki2_logs():
    config = EvolutionConfig(
        env=ChemotaxisConfig(width=12, steps=STEPS, **HAZARDS),
        agent=AgentConfig(n_neurons=16, k_edges=4),
        search=SearchConfig(pop_size=16),
        loop=LoopConfig(generations=2, episodes=4, checkpoint_every=1),
    )
    program = build(config, 3)
    carry = program.init()
    start = carry.search.mean
    key = stream(jax.random.key(3), Stream.GENERATION)
    run = jax.jit(twin.generation(config, setting(config).data(3).wiring))
    with jax.debug_key_reuse(False):  # as above
        mean, fitness = run(jax.random.fold_in(key, 0), start)
    after, said = program.chunk(carry, 1)
    row = said["metrics"]
    assert row["generation_best"][0] == fitness.max()
    assert row["mean_fitness"].value[0] == pytest.approx(
        float(fitness.mean()), rel=1e-6
    )
    assert abs(after.search.mean - mean).max() < 1e-6
    assert abs(mean - start).max() > 1e-3
