"""One life, step by step, for pictures: all that was, not only what it adds up to."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from koki2.core.keys import episode_keys
from koki2.envs.base import AnyEnv, has_map, PrivilegedState
from koki2.evolution.episode import Episode
from koki2.evolution.senses import inner_state


class NoMapError(ValueError):
    """There is nothing to be seen in this world."""


def watch(
    env: AnyEnv, episode: Episode, params: Any, *, eval_seed: int, index: int
) -> dict[str, np.ndarray]:
    """Runs one unseen episode and keeps what happened.

    Args:
      env: the world; it must have a map.
      episode: an agent in it.
      params: of the agent; None for a scripted one.
      eval_seed: of the episodes.
      index: which of them.

    Returns:
      position [T+1, 2], source [T+1, K, 2], worth [T+1, K] (of arriving now), active
      [T+1, K], needs [T+1, M] and their names, need_names [M], observation [T+1, O] (as
      the senses give it), action [T], alive [T+1] (before step t), modulator [T] (its
      size), spike [T, N] (spiking agents only), wall and danger [T+1, H, W] (where
      there are such), kind [T+1, K] and kind_names (likewise), width and height. Entry
      t is before step t; cells, x then y.

    Raises:
      NoMapError: the world has no map.
    """
    if not has_map(env):
        raise NoMapError(
            "to be watched, an episode must be in a world with a map; this has none."
        )
    key = episode_keys(eval_seed, index + 1)[index]
    frame = functools.partial(_frame, env)
    frames = jax.jit(lambda key: _frames(frame, episode, key, params))(key)
    frames = jax.device_get(frames)
    out = {name: np.asarray(value) for name, value in frames.items()}
    for name in ("action", "modulator", "spike"):
        if name in out:
            out[name] = out[name][1:]  # what step t did, not what was before it
    if "kind" in out:
        out["kind_names"] = np.asarray(env.kinds)
    width, height = env.size
    return out | {
        "need_names": np.asarray(env.needs),
        "width": np.asarray(width),
        "height": np.asarray(height),
    }


def _frames(frame, episode, key, params):
    world, observation, key_life = episode.reset(key)
    start = episode.start(world, observation, params)

    def step(now, t):
        after = episode.step(key_life, t, params, now)
        return after, frame(now, after)

    times = jnp.arange(episode.steps, dtype=jnp.int32)
    first = jax.tree.map(lambda x: x[None], frame(start, start))
    _, rest = jax.lax.scan(step, start, times)
    join = lambda a, b: jnp.concatenate([a, b])
    return jax.tree.map(join, first, rest)


def _frame(env, before, now):
    truth, stats = env.privileged_state(now.world), now.stats
    taken = now.stats.actions - before.stats.actions
    frame = {
        "position": truth.position,
        "source": truth.source,
        "worth": truth.worth,
        "active": truth.active,
        "needs": truth.needs,
        "action": jnp.argmax(taken),
        "alive": stats.alive,
        "modulator": jnp.float32(0.0),
    }
    for name in ("wall", "danger", "kind"):
        if getattr(truth, name) is not None:
            frame[name] = getattr(truth, name)
    if stats.learning is not None:
        frame["modulator"] = (
            stats.learning.abs_modulator - before.stats.learning.abs_modulator
        )
    body = inner_state(now.body)
    if hasattr(body, "spike"):
        frame["spike"] = body.spike
    if not isinstance(
        now.observation, PrivilegedState
    ):  # a planner sees no observation
        frame["observation"] = now.observation
    return frame
