"""A rollout is its episodes, one by one and bit for bit, however they are laid out."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from bits import assert_same_bits, differences

from koki2.core.keys import episode_keys
from koki2.envs import make as make_env
from koki2.evolution import Layout, rollout, run_episode, WIDE
from koki2.evolution.rollout import choose_engine
from koki2.evolution.task import baseline

GENOMES, EPISODES = 11, 3  # not a multiple of the block of 8
CONFIGS = {
    "plain": tiny.config(),
    "plastic": tiny.config(tiny.DEPLETING, tiny.PLASTIC | dict(modulator_kind="event")),
    "plastic, noisy, many synapses": tiny.config(
        tiny.NOISY, tiny.PLASTIC | dict(n_neurons=16, k_edges=8)
    ),
}
NARROW = Layout(block=8, lives=1)  # chunks of eight genomes: two of them
keys = functools.partial(episode_keys, 5, EPISODES)


@functools.cache
def rolled(name, layout=NARROW):
    """All lives of a population to their last state, and the compiled rollout."""
    parts, params = tiny.population(CONFIGS[name], GENOMES)
    run = jax.jit(
        lambda keys, params, wanted: rollout(
            parts.episode, keys, params, wanted=wanted, layout=layout, keep="state"
        )
    )
    return jax.device_get(run(keys(), params, jnp.ones(GENOMES, bool))), run, params


def one_by_one(life, keys, params, genomes):
    """[P, E] lives, each lived plainly, in a program of one life."""
    alone = jax.jit(lambda key, params: run_episode(key, life, params))
    lives = [
        jax.device_get(alone(key, jax.tree.map(lambda x, g=g: x[g], params)))
        for g in range(genomes)
        for key in keys
    ]
    shape = genomes, len(keys)
    stack = lambda *x: np.stack(x).reshape(shape + np.shape(x[0]))
    return jax.tree.map(stack, *lives)


def test_a_rollout_is_its_lives_bit_for_bit():
    """Every field of the stats; and of those who lived to the end, of everything."""
    parts, _ = tiny.population(CONFIGS["plain"], GENOMES)
    together, _, params = rolled("plain")
    alone = one_by_one(parts.episode, keys(), params, GENOMES)
    assert_same_bits(together.stats, alone.stats)
    last = alone.stats.t_alive == tiny.WORLD["steps"]
    assert 0 < np.sum(last) < last.size, "some must die, and some must not"
    ends = [jax.tree.map(lambda x: x[last], lives) for lives in (together, alone)]
    assert_same_bits(*ends)


@pytest.mark.parametrize(
    "name", ["plastic", pytest.param(list(CONFIGS)[2], marks=pytest.mark.slow)]
)
def test_of_plastic_lives_only_the_sums_of_weight_changes_are_rounded(name):
    """XLA adds |dw| over the synapses in another order, or contracts it; all else,
    weights and traces among it, is the same. Where senses are noisy and synapses many
    it may contract what is sensed, and so the potentials, as docs/determinism.md says.
    """
    rounded = ["learning.abs_dw"]
    rounded += [".observation:", ".body.v:"] if "noisy" in name else []
    parts, _ = tiny.population(CONFIGS[name], GENOMES)
    together, _, params = rolled(name)
    alone = one_by_one(parts.episode, keys(), params, GENOMES)
    last = alone.stats.t_alive == tiny.WORLD["steps"]
    ends = [jax.tree.map(lambda x: x[last], lives) for lives in (together, alone)]
    for pair in (together.stats, alone.stats), ends:
        for line in differences(*pair):
            assert any(what in line for what in rounded), line
    close = functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
    jax.tree.map(close, together.stats.learning, alone.stats.learning)
    close(together.body.v[last], alone.body.v[last])
    close(together.observation[last], alone.observation[last])
    moved = alone.body.rec_w != np.asarray(params.rec_w)[:, None]
    assert np.any(moved), "no agent learnt, so nothing was tested"


def test_baselines_too_with_episodes_on_the_minor_axis():
    """One agent that sees the truth, and eleven lives."""
    life = baseline(make_env(CONFIGS["plastic"].env), "planner")
    together = jax.jit(lambda k: rollout(life, k, None))(episode_keys(6, 11))
    alone = one_by_one(life, episode_keys(6, 11), None, 1).stats
    assert_same_bits(together, alone)


@pytest.mark.parametrize(
    "name, layout",
    [
        ("plain", Layout()),
        pytest.param("plain", WIDE, marks=pytest.mark.slow),  # all lives in one chunk
        ("plain", Layout(block=16, lives=1)),  # fewer genomes: episodes are minor
        pytest.param("plastic", WIDE, marks=pytest.mark.slow),
    ],
)
def test_the_layout_changes_no_bit(name, layout):
    assert_same_bits(rolled(name, layout)[0].stats, rolled(name)[0].stats)


def test_a_permuted_population_has_permuted_stats():
    lives, run, params = rolled("plain")
    order = np.random.default_rng(0).permutation(GENOMES)
    shuffle = lambda tree: jax.tree.map(lambda x: x[order], tree)
    shuffled = run(keys(), shuffle(params), jnp.ones(GENOMES, bool))
    assert_same_bits(shuffled.stats, shuffle(lives.stats))


def test_a_life_alone_is_that_life_in_company():
    """One genome, one episode: the smallest rollout there is."""
    lives, _, params = rolled("plain")
    parts, _ = tiny.population(CONFIGS["plain"], GENOMES)
    first = lambda tree: jax.tree.map(lambda x: x[:1], tree)
    alone = jax.jit(lambda k, p: rollout(parts.episode, k, p))(
        keys()[:1], first(params)
    )
    assert_same_bits(alone, jax.tree.map(lambda x: x[:1, :1], lives.stats))


def test_a_chunk_without_a_wanted_genome_is_skipped():
    """The second chunk holds genomes 8 to 10 and what fills it up."""
    lives, run, params = rolled("plain")
    some = run(keys(), params, jnp.arange(GENOMES) < 3).stats
    first = lambda stats: jax.tree.map(lambda x: x[:8], stats)
    assert_same_bits(first(some), first(lives.stats))
    assert not any(np.any(leaf[8:]) for leaf in jax.tree.leaves(some))


def test_the_vmap_engine_counts_the_same():
    """Bit for bit under the strict flags, see discipline/strict."""
    parts, _ = tiny.population(CONFIGS["plain"], GENOMES)
    lanes, _, params = rolled("plain")
    plain = jax.jit(lambda k, p: rollout(parts.episode, k, p, engine="vmap"))
    stats = jax.device_get(plain(keys(), params))
    for name in ("alive", "t_alive", "actions", "events", "bad_arrivals", "success"):
        np.testing.assert_array_equal(stats[name], lanes.stats[name], err_msg=name)
    close = functools.partial(np.testing.assert_allclose, rtol=1e-6, atol=1e-6)
    jax.tree.map(close, stats, lanes.stats)


@pytest.mark.slow
def test_the_vmap_engine_takes_agents_without_parameters():
    life = baseline(make_env(CONFIGS["plastic"].env), "planner")
    run = lambda engine: jax.jit(lambda k: rollout(life, k, None, engine=engine))
    stats = [run(engine)(episode_keys(6, 3)).t_alive for engine in ("vmap", "lanes")]
    np.testing.assert_array_equal(*stats)
    assert stats[0].shape == (1, 3)


def test_on_a_cpu_auto_is_lanes_always():
    """The program is the same, whatever the size of the population."""
    life = baseline(make_env(CONFIGS["plain"].env), "stay")
    for episodes in (1, 3):
        program = lambda engine, n=episodes: (
            jax.jit(lambda k: rollout(life, k, None, engine=engine))
            .lower(episode_keys(6, n))
            .as_text()
        )
        assert program("auto") == program("lanes") != program("vmap")


def test_an_engine_that_cannot_run_is_refused():
    with pytest.raises(ValueError, match="engine must be one of auto, .*, got 'fast'"):
        choose_engine("fast")
    life = baseline(make_env(CONFIGS["plain"].env), "stay")
    with pytest.raises(ValueError, match="layout must be None for the engine vmap"):
        rollout(life, episode_keys(6, 1), None, engine="vmap", layout=Layout())
