"""Scripted ways of worlds with several needs."""

import jax.numpy as jnp
import numpy as np

from koki2.core.types import Key
from koki2.envs.base import Memory, Observation, Policy
from koki2.envs.body import drive_reduction
from koki2.envs.configs import MovingNeedsConfig
from koki2.envs.grid import towards


def for_the_emptier() -> Policy:
    """Goes for what fills the emptier store; energy wins ties. Remembers nothing."""

    def choose(key: Key | None, memory: Memory, observation: Observation):
        del key
        fx, fy, wx, wy, energy, hydration = observation
        thirsty = hydration < energy
        go = towards(jnp.where(thirsty, wx, fx), jnp.where(thirsty, wy, fy))
        return memory, go

    return Policy(memory=None, choose=choose)


def clean_unless_far(span: np.ndarray) -> Policy:
    """Goes for the emptier store, clean unless the tainted is less than half as far."""

    def choose(key: Key | None, memory: Memory, observation: Observation):
        del key
        thirsty = observation[9] < observation[8]
        tainted = jnp.where(thirsty, observation[2:4], observation[0:2])
        clean = jnp.where(thirsty, observation[6:8], observation[4:6])
        far = lambda g: jnp.sum(jnp.abs(g) * span)  # cells; nothing there is also 0
        nearer = (2 * far(tainted) < far(clean)) | (far(clean) == 0)
        gx, gy = jnp.where(nearer & (far(tainted) > 0), tainted, clean)
        return memory, towards(gx, gy)

    return Policy(memory=None, choose=choose)


def most_for_the_way(config: MovingNeedsConfig, span: np.ndarray) -> Policy:
    """Goes for what most lowers the drive for the way there, by the season it infers.

    It remembers the stores as they were and which fell faster while both fell: 1 if
    that was hydration, -1 energy, 0 before it was known.
    """
    effect = np.diag(np.array([config.energy_gain, config.hydration_gain], np.float32))

    def choose(key: Key | None, memory: Memory, observation: Observation):
        del key
        hot, before = memory
        store, smelt = observation[4:6], observation[:4].reshape(2, 2)
        fall = before - store
        clear = jnp.all(fall > 0) & (jnp.abs(fall[1] - fall[0]) > 1e-4)
        hot = jnp.where(clear, jnp.sign(fall[1] - fall[0]), hot)
        pressed = jnp.stack([hot < 0, hot > 0])
        weights = jnp.where(pressed, jnp.float32(config.pressed_weight), 1.0)
        worth = drive_reduction(
            store, cost=0.0, effect=jnp.asarray(effect), weights=weights
        )
        far = jnp.sum(jnp.abs(smelt) * span[None], axis=1)  # cells
        value = worth / (jnp.where(far == 0, 2.0, far) + 1.0)  # 2: off and on again
        gx, gy = jnp.where(value[1] > value[0], smelt[1], smelt[0])
        return (hot, store), towards(gx, gy)

    return Policy(memory=(jnp.float32(0.0), jnp.ones(2, jnp.float32)), choose=choose)
