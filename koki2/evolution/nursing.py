"""Nursing: a world and a body that are gentler to the young, and ripen to an adult's.

    phi = t / (T - 1)                           the phase of a life, from 0 to 1
    factor(phi) = smoothstep from its value at birth (phi = 0) to an adult's (phi = end)

Factors, each on its own: metabolism and energy buffer, richness, hazard, motor,
plasticity, senses (the gain on every gradient, that on the smell of hazards, and noise
on all). A factor whose value at birth is an adult's, or whose end is 0, is not built
and draws nothing. Beside them, fitness may weigh the young's steps, and a genome may
have to live up to a phase to reproduce.

Nursing is part of training only: what is learnt under care must stand without it, so
held-out episodes are those of adults. Source: seed 002, stage 4.
"""

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.agents.base import Params
from koki2.core.schedules import phase, smoothstep, smoothstep_to
from koki2.core.types import Key
from koki2.envs.base import Care
from koki2.envs.senses import HAZARD, places, Sense
from koki2.evolution.configs import NursingConfig

# Folded into the key of a step, beyond what a split of it gives.
MOTOR, SENSE = 1 << 16, (1 << 16) + 1
STAY = 0


class Nursing(NamedTuple):
    """How a life is nursed at step t; a part that is off is None. One life.

    `sense` and `motor` take the step's key and fold a constant of their own into it,
    so that no other draw depends on them.
    """

    care: Callable[[Int[Array, ""]], Care] | None = None
    """(t) -> what the world is told."""
    plasticity: Callable[[Int[Array, ""]], Float[Array, ""]] | None = None
    """(t) -> factor on the learning rate."""
    sense: Callable[..., Float[Array, " O"]] | None = None
    """(key_t, t, observation, params) -> what the agent is given of it."""
    motor: Callable[..., Int[Array, ""]] | None = None
    """(key_t, t, action) -> the action carried out."""
    weight: Callable[[Int[Array, ""]], Float[Array, ""]] | None = None
    """(t) -> weight of the step in fitness."""


ADULT = Nursing()


def nursing(config: NursingConfig, steps: int, senses: Sequence[Sense] = ()) -> Nursing:
    """Builds what is on.

    Args:
      config: the factors.
      steps: length of a full episode, T; a shorter one is its beginning.
      senses: of the world; where it names none, its first two channels are taken for a
        gradient.

    Example:
      >>> nursed = nursing(NursingConfig(nurse_hazard=0.0), steps=101)
      >>> [round(float(nursed.care(jnp.int32(t)).hazard), 3) for t in (0, 25, 50, 100)]
      [0.0, 0.5, 1.0, 1.0]
      >>> nursing(NursingConfig(), steps=101) == ADULT
      True
    """
    on = lambda name: _factor(config, name, steps)
    return Nursing(
        care=_care(on("metabolism"), on("buffer"), on("richness"), on("hazard")),
        plasticity=on("plasticity"),
        sense=_sense(on("sense_gain"), on("hazard_smell"), on("sense_noise"), senses),
        motor=_motor(on("motor")),
        weight=_weight(config, steps),
    )


def first_step(config: NursingConfig, steps: int) -> int:
    """The first step whose phase is at least `repro_phi`; 0 where nothing is asked.

    Example:
      >>> first_step(NursingConfig(repro_phi=0.3), steps=11)
      3
    """
    return math.ceil(round(config.repro_phi * (steps - 1), 9))


def fertility(
    config: NursingConfig, steps: int
) -> Callable[[Int[Array, "P E"]], Bool[Array, " P"]] | None:
    """Builds steps lived -> which genomes reproduce: those that reached `repro_phi`.

    Args:
      config: `repro_phi` is read.
      steps: length of a whole episode.

    Returns:
      None where nothing is asked.

    Example:
      >>> lived = jnp.array([[3, 1], [4, 1]])  # steps, in two episodes each
      >>> fertility(NursingConfig(repro_phi=0.3), steps=11)(lived).tolist()
      [False, True]
    """
    if config.repro_phi == 0:
        return None
    first = first_step(config, steps)
    return lambda t_alive: jnp.any(t_alive > first, axis=1)


def _factor(config: NursingConfig, name: str, steps: int):
    """(t) -> the factor; None where it is an adult's from birth."""
    knob = f"nurse_{name}"
    grown = getattr(NursingConfig(), knob)
    birth, end = getattr(config, knob), getattr(config, f"{knob}_end_phi")
    if birth == grown or end <= 0:
        return None

    def factor(
        t: Int[Array, ""], shift: Float[Array, ""] | None = None
    ) -> Float[Array, ""]:
        phi = phase(t, steps)
        if shift is None:
            ends, rises = end, smoothstep(phi, birth, grown, 0.0, end)
        else:
            ends = jnp.clip(end + shift, 0.0, 1.0)
            rises = smoothstep_to(phi, birth, grown, 0.0, ends)
        return jnp.where(phi < ends, rises, grown)  # an adult's to the last bit

    return factor


def _care(metabolism, buffer, richness, hazard):
    if not (metabolism or buffer or richness or hazard):
        return None

    def care(t: Int[Array, ""]) -> Care:
        value = lambda factor, grown: factor(t) if factor else jnp.float32(grown)
        return Care(
            metabolism=value(metabolism, 1.0),
            buffer=value(buffer, 0.0),
            richness=value(richness, 1.0),
            hazard=value(hazard, 1.0),
        )

    return care


def _sense(gain, smell, noise, senses: Sequence[Sense]):
    channels = tuple(senses) or (Sense("gradient", 2, "gradient"),)
    if HAZARD not in places(channels):
        smell = None
    if not (gain or smell or noise):
        return None

    def among(observation: Float[Array, " O"], *chosen: str) -> Bool[Array, " O"]:
        """Which channels are of those senses."""
        spans = [where for name, where in places(channels).items() if name in chosen]
        index = jnp.arange(observation.shape[0])
        within = [(index >= span.start) & (index < span.stop) for span in spans]
        return functools.reduce(operator.or_, within, jnp.zeros(index.shape, bool))

    gradients = [sense.name for sense in channels if sense.kind == "gradient"]

    def sense(
        key: Key, t: Int[Array, ""], observation: Float[Array, " O"], params: Params
    ):
        if gain:
            # A genome may shift the end of this schedule; see `AgentConfig`.
            phases = getattr(params, "phases", None)
            now = gain(t, None if phases is None else phases[1])
            is_gradient = among(observation, *gradients)
            observation = jnp.where(is_gradient, now * observation, observation)
        if smell:
            is_smell = among(observation, HAZARD)
            observation = jnp.where(is_smell, smell(t) * observation, observation)
        if noise:
            drawn = jax.random.normal(jax.random.fold_in(key, SENSE), observation.shape)
            observation = observation + noise(t) * drawn
        return observation

    return sense


def _motor(chance):
    if not chance:
        return None

    def motor(key: Key, t: Int[Array, ""], action: Int[Array, ""]) -> Int[Array, ""]:
        moves = jax.random.bernoulli(jax.random.fold_in(key, MOTOR), chance(t))
        return jnp.where(moves, action, STAY)

    return motor


def _weight(config: NursingConfig, steps: int):
    first = first_step(config, steps)
    if config.early_weight == 1 or first == 0:
        return None
    return lambda t: jnp.where(t < first, jnp.float32(config.early_weight), 1.0)
