"""Held-out evaluation of a genome under lesions: the episodes of `heldout`, paired.

Episode by episode, all that differs is what was taken. What SENSE@other tells in
episode i at step t is what the same genome, intact, observed in episode i + 1 (in the
last: in the first) at that step; past the end of that life, what it observed last.

Plain `vmap` over episodes, one genome at a time: what `genome_lives` finds, up
to rounding. A lesion is traced, so that one program serves all.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from koki2.agents.base import Agent, Learning, Params, State, StepFeedback
from koki2.agents.params import AgentParams
from koki2.core.devices import moves_data
from koki2.core.keys import episode_keys
from koki2.core.types import Key
from koki2.evolution.batch import Data
from koki2.evolution.configs import FitnessConfig
from koki2.evolution.episode import episode, EpisodeState
from koki2.evolution.figures import report
from koki2.evolution.heldout import develop_key, Figures, on_device
from koki2.evolution.lesions import INTACT, Lesion, lesion, LesionError
from koki2.evolution.task import Task

LesionedLives = Callable[..., dict[str, Figures]]
"""(data, genes, names of lesions, eval_seed, episodes) -> figures by lesion, each [E];
"intact" is among them."""


def lesion_lives(make: Callable[[Data], Task], fitness: FitnessConfig) -> LesionedLives:
    """Builds the held-out evaluation of one genome under lesions; compiled once.

    Args:
      make: data -> task, of adults; the data may be traced.
      fitness: worth of what is reported.
    """

    def lives(
        data: Data,
        key: Key,
        keys: Array,
        genes: Float[Array, " D"],
        lesion: Lesion,
        others: Float[Array, "E T O"],
    ) -> tuple[dict[str, Array], Float[Array, "E T O"]]:
        task = make(data)
        params = task.genome.develop(key, genes)
        one = lambda key, other: live(key, task, params, lesion, other)
        stats, seen = jax.vmap(one)(keys, others)
        return jax.vmap(lambda each: report(fitness, each))(stats), seen

    compiled = jax.jit(lives)

    @moves_data
    def evaluate(
        data: Data, genes: Array, names: Sequence[str], eval_seed: int, episodes: int
    ) -> dict[str, Figures]:
        task = make(data)
        lesions = {name: lesion(task, name) for name in (INTACT, *names)}
        if episodes < 2 and any(np.any(each.other) for each in lesions.values()):
            raise LesionError(
                "episodes must be 2 or more for a lesion SENSE@other, got 1."
            )
        data = on_device(data)
        others = jnp.zeros((episodes, task.env.steps, task.env.observation_size))
        found: dict[str, Figures] = {}
        for name, each in lesions.items():  # intact first: what it observed is others'
            keys = develop_key(eval_seed), episode_keys(eval_seed, episodes)
            figures, seen = compiled(data, *keys, genes, each, others)
            found[name] = jax.device_get(figures)
            if name == INTACT:
                others = jnp.roll(seen, -1, axis=0)
        return found

    return evaluate


def live(
    key: Key, task: Task, params: Params, lesion: Lesion, other: Float[Array, "T O"]
) -> tuple[Any, Float[Array, "T O"]]:
    """Runs one whole episode under a lesion, as `run_episode` does without.

    Args:
      key: of the episode.
      task: an agent in a world.
      params: of the agent.
      lesion: what is taken.
      other: what the agent observed in another episode.

    Returns:
      Stats, and what there was to observe at each step, before anything was taken; past
      the end of the life, what there was last.
    """
    params = cut(params, task, lesion)
    lives = episode(task.env, lesioned(task.agent, lesion))
    world, observation, key_life = lives.reset(key)

    def step(
        now: EpisodeState, at: tuple[Array, Float[Array, " O"]]
    ) -> tuple[EpisodeState, Float[Array, " O"]]:
        t, told = at
        told = jnp.where(lesion.other, told, now.observation)
        told = jnp.where(lesion.zero, 0.0, told)
        senses = dataclasses.replace(now, observation=told)
        return lives.step(key_life, t, params, senses), now.observation

    times = jnp.arange(lives.steps, dtype=jnp.int32)
    start = lives.start(world, observation, params)
    end, seen = jax.lax.scan(step, start, (times, other))
    last = jnp.maximum(end.stats.t_alive - 1, 0)
    return end.stats, seen[jnp.minimum(times, last)]


def cut(params: Params, task: Task, lesion: Lesion) -> Params:
    """Scales the recurrent weights that an agent is born with, by way of their mask.

    So they are scaled also where they were not inherited, and what was cut stays cut
    where weights move.
    """
    if not isinstance(params, AgentParams):
        return params
    mask = params.mask
    if mask is None:
        mask = jnp.ones(task.wiring.source.shape)
    return dataclasses.replace(params, mask=lesion.recurrent * mask)


def lesioned(agent: Agent, lesion: Lesion) -> Agent:
    """Wraps an agent: what its learning hears, and how much it learns of it."""
    hear = agent.learn
    if hear is None:
        return agent

    def learn(
        params: Params, state: State, feedback: StepFeedback
    ) -> tuple[State, Learning]:
        plasticity = feedback.plasticity
        plasticity = 1.0 if plasticity is None else plasticity
        heard = StepFeedback(
            energy_gained=lesion.feedback * feedback.energy_gained,
            integrity_lost=lesion.feedback * feedback.integrity_lost,
            drive_fall=lesion.feedback * feedback.drive_fall,
            plasticity=lesion.plasticity * plasticity,
        )
        return hear(params, state, heard)

    return agent._replace(learn=learn)
