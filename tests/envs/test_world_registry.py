"""Worlds by name: ours, registered ones, and those of installed packages."""

import dataclasses
import importlib.metadata
import subprocess
import sys

import chex
import jax
import jax.numpy as jnp
import pytest
from jaxtyping import Array, Int

from koki2 import agents, envs
from koki2.envs.registry import find, make, register_world, WORLDS
from koki2.evolution import EvolutionConfig, run_episode
from koki2.evolution.episode import episode


@chex.dataclass(frozen=True, kw_only=True)
class Count:
    t: Int[Array, ""]


def clockwork(steps: int = 7) -> envs.Env:
    """Pays 0.5 a step, whatever is done."""

    def init(key):
        del key
        return Count(t=jnp.int32(0)), jnp.zeros(1)

    def step(key, state, action, care=None):
        del key, action, care
        after = Count(t=state.t + 1)
        feedback = envs.Feedback(
            reward=jnp.float32(0.5),
            terminated=jnp.array(False),
            truncated=after.t >= steps,
        )
        return after, jnp.zeros(1), feedback

    return envs.Env(
        init=init,
        step=step,
        observation_size=1,
        num_actions=2,
        steps=steps,
        version=1,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClockworkConfig:
    world: str = "clockwork"
    steps: int = 7


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """Forgets what a test registers."""
    monkeypatch.setattr(WORLDS, "_things", dict(WORLDS._things))


def test_an_episode_in_a_registered_world_counts_its_rewards(key):
    register_world("clockwork", clockwork)
    env = make(find("clockwork").config)
    stats = run_episode(key, episode(env, agents.stay()), None).stats
    assert (int(stats.t_alive), float(stats.energy_gained)) == (7, 3.5)
    assert float(stats.integrity_min) == 1.0 and not bool(stats.success)
    config = EvolutionConfig(env=find("clockwork").config)
    assert dataclasses.asdict(config)["env"] == {"world": "clockwork"}


def test_a_world_is_an_env_a_function_or_a_function_of_its_config():
    register_world("ready", clockwork(steps=3))
    register_world("built", lambda: clockwork(steps=4))
    register_world(
        "clockwork",
        lambda config: clockwork(config.steps),
        config=ClockworkConfig,
        summary="wait",
        settings={"fitness": {"fitness_alpha": 0.0}},
    )
    assert make(envs.ObjectConfig(world="ready")).steps == 3
    assert make(envs.ObjectConfig(world="built")).steps == 4
    assert make(ClockworkConfig(steps=5)).steps == 5
    assert find("clockwork") == envs.Level(
        "clockwork", "wait", ClockworkConfig(), {"fitness": {"fitness_alpha": 0.0}}
    )


def test_an_installed_package_offers_a_world_as_an_entry_point(monkeypatch):
    entry = importlib.metadata.EntryPoint(
        name="theirs", group="koki2.worlds", value=f"{__name__}:clockwork"
    )

    def entry_points(*, group):
        return [entry] if group == "koki2.worlds" else []

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    assert "theirs" not in WORLDS
    assert make(find("theirs").config).steps == 7


def test_what_cannot_be_a_world_is_refused_in_words():
    with pytest.raises(ValueError, match="'sparse' is registered already"):
        register_world("sparse", clockwork)
    with pytest.raises(ValueError, match="whose field world is 'other' by default"):
        register_world("other", clockwork, config=ClockworkConfig)
    register_world("nothing", lambda: 3)
    with pytest.raises(ValueError, match="'nothing' must be an Env.*got 3"):
        make(envs.ObjectConfig(world="nothing"))


def test_a_name_that_is_not_there_names_the_nearest():
    register_world("clockwork", clockwork)
    with pytest.raises(ValueError, match="'clokwork'; did you mean clockwork"):
        find("clokwork")
    with pytest.raises(ValueError, match="did you mean sparse-l4.0"):
        find("sparse-l4")
    with pytest.raises(ValueError, match="one of chemotaxis-l0.0.*or gymnax:NAME"):
        find("gymnax:")
    with pytest.raises(ValueError, match="no world 'sparce'; did you mean sparse"):
        make(envs.ObjectConfig(world="sparce"))


def test_every_level_is_of_a_world_and_every_world_of_ours_is_found():
    for level in envs.LEVELS.values():
        assert isinstance(level.config, type(WORLDS[level.config.world].config))
    for name in WORLDS:
        assert find(name).config.world == name


def test_the_registry_is_imported_without_jax():
    code = "import sys; import koki2.envs.registry; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_map_is_what_has_a_privileged_state():
    assert envs.has_map(envs.sparse()) and not envs.has_map(clockwork())
    assert (
        jax.tree.leaves(clockwork().step(None, Count(t=jnp.int32(0)), 0)[2].body) == []
    )
