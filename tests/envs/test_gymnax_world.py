"""Environments of gymnax as worlds of koki2."""

import dataclasses
import functools
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from bits import assert_same_bits

from koki2 import agents, envs
from koki2.cli import main
from koki2.core.keys import episode_keys
from koki2.envs.gymnax_world import gymnax_world, GymnaxConfig, ordinary_promotion
from koki2.evolution import (
    build,
    evaluate_genome,
    EvolutionConfig,
    Layout,
    rollout,
    run_episode,
    WIDE,
)
from koki2.evolution.configs import FitnessConfig, LoopConfig, ViabilityConfig
from koki2.search import SearchConfig

gymnax = pytest.importorskip("gymnax")
CART = gymnax_world()


def upright():
    """A cart at rest in the middle, its pole straight up."""
    state, _ = CART.init(jax.random.key(0))
    names = ("x", "x_dot", "theta", "theta_dot")
    inner = state.inner.replace(**dict.fromkeys(names, jnp.float32(0.0)))
    return dataclasses.replace(state, inner=inner)


def test_a_push_to_the_right_moves_the_cart_as_on_paper(key):
    """Force 10 on 1.1 kg: f = 9.0909. The pole is 0.5 m long to its middle, 0.1 kg:
    its angle gets -f / (0.5 (4/3 - 0.1/1.1)) = -14.634 a second squared, the cart
    f + 0.05 * 14.634 / 1.1 = 9.756; a step is 0.02 s.
    """
    _, seen, feedback = CART.step(key, upright(), jnp.int32(1))
    np.testing.assert_allclose(seen, [0.0, 0.19512, 0.0, -0.29268], atol=1e-5)
    assert feedback.reward == 1.0 and feedback.body is None
    assert not feedback.terminated and not feedback.truncated


def test_a_life_is_that_of_the_environment_and_nothing_resets_it(key):
    """Push right throughout: the pole falls, and stays down."""
    inner, params = gymnax.make("CartPole-v1")
    key_birth, key_step = jax.random.split(key)
    state, _ = CART.init(jax.random.clone(key_birth))
    with ordinary_promotion():
        _, theirs = inner.reset_env(key_birth, params)
    rewards, ended = [], []
    for _ in range(15):
        state, seen, feedback = CART.step(
            jax.random.clone(key_step), state, jnp.int32(1)
        )
        with ordinary_promotion():
            observation, theirs, *_ = inner.step_env(
                jax.random.clone(key_step), theirs, jnp.int32(1), params
            )
        assert_same_bits(seen, observation)
        rewards.append(float(feedback.reward))
        ended.append(bool(feedback.terminated))
    died = ended.index(True)
    assert all(ended[died:]) and int(state.t) == 15
    assert rewards == [1.0] * (died + 1) + [0.0] * (14 - died)  # the fall itself pays


def test_the_clock_may_be_set_and_is_told_from_death(key):
    env = gymnax_world(GymnaxConfig(steps=2))
    state, _ = env.init(key)
    clock = []
    for _ in range(2):
        state, _, feedback = env.step(jax.random.key(1), state, jnp.int32(0))
        clock.append((bool(feedback.terminated), bool(feedback.truncated)))
    assert env.steps == 2 and clock == [(False, False), (False, True)]


def test_rewards_may_be_below_zero_and_care_softens_them(key):
    """MountainCar pays -1 a step, and looks at its 2 numbers."""
    env = gymnax_world(GymnaxConfig(name="MountainCar-v0"))
    assert (env.observation_size, env.num_actions, env.steps) == (2, 3, 200)
    state, _ = env.init(key)
    step = functools.partial(env.step, jax.random.key(1), state, jnp.int32(0))
    one = jnp.float32(1.0)
    care = envs.Care(metabolism=one, buffer=0 * one, richness=2 * one, hazard=0.5 * one)
    assert step()[2].reward == -1.0 and step(care)[2].reward == -0.5


def test_a_grid_of_bits_is_laid_out_flat_as_numbers(key):
    env = gymnax_world(GymnaxConfig(name="Catch-bsuite"))
    _, seen = env.init(key)
    assert seen.shape == (50,) and seen.dtype == jnp.float32
    assert float(jnp.sum(seen)) == 2.0  # the ball and the paddle


def small(name="CartPole-v1", **knobs):
    """A task, and eleven lively agents in it."""
    config = EvolutionConfig(
        env=GymnaxConfig(name=name, steps=12),
        agent=agents.AgentConfig(n_neurons=8, k_edges=2),
        **knobs,
    )
    parts = tiny.task(config, 0)
    draw = lambda key: parts.genome.develop(
        jax.random.key(0), 10 * parts.genome.init(key)
    )
    return parts, jax.vmap(draw)(jax.random.split(jax.random.key(1), 11))


@pytest.mark.slow
def test_a_rollout_is_the_same_bits_in_every_layout_and_its_lives_but_for_rounding():
    """Compiled alone, a life may contract other sums; not so under the strict flags
    (`discipline/strict/test_gymnax_bits.py`).
    """
    parts, params = small()
    keys = functools.partial(episode_keys, 5, 3)

    def rolled(layout):
        run = lambda keys: rollout(
            parts.episode, keys, params, layout=layout, keep="state"
        )
        life = jax.device_get(jax.jit(run)(keys()))
        return life.stats, life.world

    stats, world = rolled(Layout())
    assert len(np.unique(stats.t_alive)) > 1
    assert_same_bits((stats, world), rolled(WIDE))
    alone = jax.jit(lambda key, params: run_episode(key, parts.episode, params))
    for genome, episode in ((0, 0), (4, 1), (10, 2)):
        one = alone(keys()[episode], jax.tree.map(lambda x, g=genome: x[g], params))
        at = lambda x, g=genome, e=episode: x[g, e]
        assert_same_bits(jax.tree.map(at, stats), one.stats)
        if one.stats.t_alive == 12:
            close = functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
            jax.tree.map(close, jax.tree.map(at, world), one.world)


def test_the_level_of_an_environment_counts_the_return_and_nothing_else():
    level = envs.find("gymnax:Acrobot-v1")
    assert level.config == GymnaxConfig(name="Acrobot-v1")
    pays = {"fitness_alpha": 0.0, "fitness_beta": 1.0, "success_bonus": 0.0}
    assert level.settings == {"fitness": pays}
    EvolutionConfig(env=level.config, viability=ViabilityConfig(mvt=True))  # T unknown


def test_an_environment_that_cannot_be_a_world_is_refused(monkeypatch):
    with pytest.raises(ValueError, match=r"'CartPol-v1'; did you mean CartPole-v1"):
        gymnax_world(GymnaxConfig(name="CartPol-v1"))
    with pytest.raises(
        ValueError, match="needs discrete actions.*Pendulum-v1 with Box"
    ):
        gymnax_world(GymnaxConfig(name="Pendulum-v1"))
    monkeypatch.setitem(sys.modules, "gymnax", None)
    with pytest.raises(ValueError, match=r"pip install 'koki2\[gymnax\]'"):
        gymnax_world()


@pytest.mark.parametrize(
    "world", ["gymnax:CartPol-v1", "gymnax:", "gymnax:Pendulum-v1"]
)
def test_the_command_line_refuses_it_too_and_leaves_nothing(world, tmp_path, capfd):
    assert main(["evo", world, "--runs-dir", str(tmp_path / "runs")]) == 2
    assert "Traceback" not in capfd.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_a_run_in_one_is_judged_beside_chance_as_it_has_no_map(tmp_path, capfd):
    run = str(tmp_path / "run")
    few = "--steps 5 --generations 1 --episodes 1 --pop-size 2"
    assert main(["evo", "gymnax:CartPole-v1", "--out-dir", run, *few.split()]) == 0
    assert "--baseline-policy random" in capfd.readouterr().out
    judge = ["eval-run", "--run-dir", run, "--episodes", "2", "--baseline-policy"]
    assert main([*judge, "greedy"]) == 2
    assert "there are random, stay and action-0, action-1" in capfd.readouterr().err
    assert main([*judge, "random", "--json"]) == 0
    assert '"mean_fitness": 5.0' in capfd.readouterr().out.replace('":5', '": 5')


@pytest.mark.slow
def test_the_settings_of_its_level_solve_cart_pole():
    """Gym counts it as solved at a mean return of 475 over 100 lives."""
    level = envs.find("gymnax:CartPole-v1")
    groups = {
        "agent": agents.AgentConfig,
        "search": SearchConfig,
        "fitness": FitnessConfig,
        "loop": LoopConfig,
    }
    made = {name: groups[name](**level.settings[name]) for name in groups}
    config = EvolutionConfig(env=level.config, **made)
    program = build(config, seed=0)
    carry = program.init()
    while program.done(carry) < program.total:
        carry, _ = program.chunk(carry, program.total - program.done(carry))
    genome = program.artifacts(carry)["mean_genome"]
    lives = evaluate_genome(config, 0, genome, eval_seed=0, episodes=100)
    assert np.mean(lives["fitness"]) >= 475
