"""One life, step by step, for pictures: all that was, not only what it adds up to."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from koki2.core.keys import episode_keys, Stream, stream
from koki2.evolution.configs import EvolutionConfig
from koki2.evolution.task import baseline, task, wiring


def watch(
    config: EvolutionConfig,
    seed: int,
    genome: Mapping[str, np.ndarray] | None,
    *,
    eval_seed: int,
    episode: int,
    policy: str | None = None,
) -> dict[str, np.ndarray]:
    """Lives one life and keeps what happened.

    Args:
      config: of the run the genome comes from.
      seed: of that run.
      genome: named arrays; None to watch a baseline.
      eval_seed: of the lives.
      episode: which of them.
      policy: the baseline to watch instead of the genome.

    Returns:
      position [T+1, 2], source [T+1, K, 2], bad [K], active [T+1, K], energy [T+1],
      integrity [T+1], observation [T+1, 4] (as the senses give it), action [T],
      alive [T+1] (before step t), modulator [T] (its size), spike [T, N] (spiking
      agents only), width and height. Entry t is before step t; cells, x then y.
    """
    parts = task(config, wiring(config, seed))
    if policy is not None:
        life, params = baseline(config, policy), None
    else:
        key_develop = stream(jax.random.key(eval_seed), Stream.DEVELOP)
        life = parts.life
        params = parts.genome.develop(key_develop, parts.genome.flat(dict(genome)))
    key = episode_keys(eval_seed, episode + 1)[episode]
    frames = jax.device_get(jax.jit(lambda key: _frames(life, key, params))(key))
    out = {name: np.asarray(value) for name, value in frames.items()}
    out["bad"] = out["bad"][0]
    for name in ("action", "modulator", "spike"):
        if name in out:
            out[name] = out[name][1:]  # what step t did, not what was before it
    return out | {
        "width": np.asarray(config.env.width),
        "height": np.asarray(config.env.height),
    }


def _frames(life, key, params):
    world, observation, key_life = life.world_birth(key)
    start = life.birth(world, observation, params)

    def step(now, t):
        after = life.step(key_life, t, params, now)
        return after, _frame(now, after)

    times = jnp.arange(life.steps, dtype=jnp.int32)
    first = jax.tree.map(lambda x: x[None], _frame(start, start))
    _, rest = jax.lax.scan(step, start, times)
    join = lambda a, b: jnp.concatenate([a, b])
    return jax.tree.map(join, first, rest)


def _frame(before, now):
    world, tally = now.world, now.tally
    known = world.respawn is None
    taken = now.tally.actions - before.tally.actions
    frame = {
        "position": world.position,
        "source": world.source,
        "bad": world.bad,
        "active": jnp.ones_like(world.bad) if known else world.respawn == 0,
        "energy": world.energy,
        "integrity": world.integrity,
        "action": jnp.argmax(taken),
        "alive": tally.alive,
        "modulator": jnp.float32(0.0),
    }
    if tally.learning is not None:
        frame["modulator"] = (
            tally.learning.abs_modulator - before.tally.learning.abs_modulator
        )
    if now.body is not None:
        frame["spike"] = now.body.spike
    if not hasattr(now.observation, "offset"):  # an oracle sees no observation
        frame["observation"] = now.observation
    return frame
