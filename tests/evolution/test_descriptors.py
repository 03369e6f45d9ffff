"""Descriptors of a life, each against a path that can be walked on paper."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from koki2 import envs
from koki2.agents import AgentConfig
from koki2.envs.configs import ChemotaxisConfig
from koki2.evolution.configs import BehaviourConfig, QDConfig
from koki2.evolution.descriptor_catalogue import DESCRIPTORS
from koki2.evolution.descriptors import descriptors
from koki2.evolution.episode import run_episode
from koki2.evolution.path import paths_in
from koki2.evolution.rollout import rollout
from koki2.search import ArchiveConfig

ENV = envs.chemotaxis(ChemotaxisConfig(width=8, height=5, steps=10))
PATHS = paths_in(ENV)


def walked(*positions, alive=None):
    alive = [True] * len(positions) if alive is None else alive
    path = PATHS.start(jnp.array(positions[0], jnp.int32))
    for place, lives in zip(positions[1:], alive[1:], strict=True):
        path = PATHS.step(path, jnp.array(place, jnp.int32), jnp.array(lives))
    return path


def stats(path):
    """A life of this path, with 4 steps east and 1 at rest, half unharmed."""
    config = QDConfig(env=ChemotaxisConfig(width=8, height=5, steps=10))
    parts = tiny.task(config, 0, path=True)
    world, observation, _ = parts.episode.reset(jax.random.key(0))
    params = parts.genome.develop(jax.random.key(0), jnp.zeros(parts.genome.size))
    blank = parts.episode.start(world, observation, params).stats
    return dataclasses.replace(
        blank,
        path=path,
        actions=jnp.array([1, 0, 0, 0, 4], jnp.int32),
        t_alive=jnp.int32(5),
        events=jnp.int32(2),
        integrity_min=jnp.float32(0.25),
    )


def test_each_descriptor_by_hand():
    path = walked([1, 2], [2, 2], [3, 2], [3, 2], [4, 2], [5, 2])
    found = descriptors(tuple(DESCRIPTORS), ENV)(stats(path))
    by_name = dict(zip(DESCRIPTORS, found.tolist(), strict=True))
    # Regions along x are 2 cells wide: 1 step ends in the 2nd, 2... see visits below.
    visits = (
        np.array([3, 2]) / 5
    )  # cells 2, 3, 3 of the second region, 4, 5 of the third
    expected = {
        "path_entropy": -np.sum(visits * np.log(visits)) / np.log(16),
        "distance": 4 / 10,
        "reach": 4 / np.sqrt(7**2 + 4**2),
        "end_x": 5 / 7,
        "end_y": 2 / 4,
        "hazard_exposure": 0.75,
        "action_entropy": -(0.2 * np.log(0.2) + 0.8 * np.log(0.8)) / np.log(5),
        "monotony": 0.8,
        "lifetime": 0.5,
        "events": 0.4,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(by_name[name], value, rtol=1e-6, err_msg=name)


def test_a_descriptor_beyond_its_ends_is_cut():
    """Eleven steps lived of ten, and an integrity below zero."""
    beyond = dataclasses.replace(
        stats(walked([0, 0])),
        t_alive=jnp.int32(11),
        integrity_min=jnp.float32(-0.5),
    )
    found = descriptors(("lifetime", "hazard_exposure"), ENV)(beyond)
    assert found.tolist() == [1.0, 1.0]


def test_what_comes_after_death_is_no_path():
    dead = walked([0, 0], [1, 0], [7, 4], alive=[True, True, False])
    assert dead.last.tolist() == [1, 0]
    assert (int(dead.moves), int(dead.farthest), int(dead.visits.sum())) == (1, 1, 1)


def test_every_cell_of_a_map_has_a_region_of_its_own_size():
    for cell in np.ndindex(8, 5):
        path = PATHS.step(
            PATHS.start(jnp.zeros(2, jnp.int32)),
            jnp.array(cell, jnp.int32),
            jnp.array(True),
        )
        x, y = cell
        region = (x // 2) * 4 + sum(y >= edge for edge in (2, 3, 4))
        assert int(jnp.argmax(path.visits)) == region


@pytest.mark.slow
def test_paths_in_lanes_are_those_of_single_lives():
    config = QDConfig(
        env=ChemotaxisConfig(width=6, height=3, steps=20),
        agent=AgentConfig(n_neurons=8, k_edges=2),
    )
    parts = tiny.task(config, 0, path=True)
    keys = lambda: jax.random.split(jax.random.key(1), 2)
    genes = 10 * jax.vmap(parts.genome.init)(jax.random.split(jax.random.key(2), 9))
    params = jax.vmap(lambda g: parts.genome.develop(jax.random.key(0), g))(genes)
    together = jax.jit(lambda keys, params: rollout(parts.episode, keys, params))
    many = together(keys(), params)
    alone = jax.jit(lambda key, p: run_episode(key, parts.episode, p).stats.path)
    for i, j in np.ndindex(9, 2):
        one = alone(keys()[j], jax.tree.map(lambda x, i=i: x[i], params))
        theirs = jax.tree.map(lambda x, i=i, j=j: x[i, j], many.path)
        assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), one, theirs))
    assert int(many.path.moves.max()) > 3


def test_a_path_is_kept_only_where_it_is_asked_for():
    config = QDConfig()
    parts = tiny.task(config, 0)
    world, observation, _ = parts.episode.reset(jax.random.key(0))
    params = parts.genome.develop(jax.random.key(0), jnp.zeros(parts.genome.size))
    assert parts.episode.start(world, observation, params).stats.path is None


def test_descriptors_that_need_a_map_are_refused_where_there_is_none():
    blind = ENV._replace(privileged_state=None)
    with pytest.raises(ValueError, match="distance .* a world with a map"):
        descriptors(("distance", "lifetime"), blind)
    assert descriptors(("lifetime",), blind) is not None


def test_the_space_has_a_dimension_for_each_descriptor():
    with pytest.raises(ValueError, match="got 2 for lifetime, events, reach"):
        QDConfig(behaviour=BehaviourConfig(descriptors=("lifetime", "events", "reach")))
    with pytest.raises(ValueError, match="each once"):
        BehaviourConfig(descriptors=("reach", "reach"))
    three = ArchiveConfig(shape=(2, 2, 2), low=(0.0,) * 3, high=(1.0,) * 3)
    QDConfig(
        archive=three,
        behaviour=BehaviourConfig(descriptors=("end_x", "end_y", "reach")),
    )
