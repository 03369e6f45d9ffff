"""What every world promises, as checks that anyone can run on a world of their own.

    for name, check in CHECKS.items():
        check(env)  # raises AssertionError, with a sentence

A check plays episodes of random actions, without care and under it, and looks at what
came of them. They are compiled once a world, however many checks look at them.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from koki2.contracts import requirements
from koki2.contracts.requirements import must
from koki2.core.given import given
from koki2.envs.base import (
    AnyEnv,
    Care,
    Feedback,
    has_map,
    on_map,
    PrivilegedState,
    State,
)
from koki2.envs.registry import is_env
from koki2.policies.moves import MOVES

EPISODES = 4
LONGEST = 1024  # steps of an episode that are looked at


class Played(NamedTuple):
    """Episodes of random actions, as NumPy arrays. B episodes of T steps."""

    actions: Any  # [B, T]
    observations: Any  # [B, T + 1, O]
    states: State  # [B, T + 1]
    feedback: Feedback  # [B, T]
    truth: PrivilegedState | None  # [B, T + 1]; None without a map


def play(env: AnyEnv, care: Care | None = None, seed: int = 0) -> Played:
    """Plays episodes of random actions, at one care throughout."""
    start, run, report = _compiled(
        env.init,
        env.step,
        env.privileged_state if has_map(env) else None,
        env.num_actions,
        _length(env),
    )
    born, actions, keys = start(jax.random.key(seed))
    states, observations, feedback = run(born, actions, keys, care)
    played = Played(actions, observations, states, feedback, report(states))
    return requirements.plain(played)


def care(**factors: float) -> Care:
    """Care of plain numbers; those not given are an adult's."""
    adult = {"metabolism": 1.0, "buffer": 0.0, "richness": 1.0, "hazard": 1.0}
    return Care(**{name: jnp.float32(f) for name, f in (adult | factors).items()})


def check_form(env: AnyEnv) -> None:
    """It has the fields of an `Env`, and they are of the right type."""
    must(is_env(env), f"a world must have the fields of an Env, got {env!r:.200}")
    for name in ("observation_size", "num_actions", "steps", "version"):
        requirements.must_count(name, getattr(env, name))
    senses = getattr(env, "senses", ())
    channels = sum(sense.size for sense in senses)
    must(
        not senses or channels == env.observation_size,
        f"senses must have {env.observation_size} channels in all "
        f"(observation_size), got {channels}",
    )
    names = {sense.name for sense in senses}
    must(len(names) == len(senses), "senses must have a name each, got one twice")


def check_replay(env: AnyEnv) -> None:
    """The same key gives the same episode, bit for bit."""
    sentence = "the same key must give the same episode bit for bit, got two"
    requirements.must_be_same_bits(play(env), play(env), sentence)


def check_numbers(env: AnyEnv) -> None:
    """Everything is finite, and integrity is between empty and full."""
    played = play(env)
    requirements.must_be_finite(played)
    if played.feedback.body is not None:
        integrity = played.feedback.body.integrity
        must(_in_unit(integrity), "body.integrity must be in [0, 1]")


def check_clock(env: AnyEnv) -> None:
    """The clock alone truncates: at step `Env.steps`, and never before."""
    played = play(env)
    expected = np.arange(1, _length(env) + 1) == env.steps
    must(
        played.feedback.truncated == expected[None],
        f"truncated must be true in step {env.steps} (Env.steps) and in no other",
    )


def check_shapes(env: AnyEnv) -> None:
    """Observations, rewards and ends are of the shapes and types they should be."""
    played = play(env)
    expected = {
        "observation": (played.observations, (env.observation_size,), np.float32),
        "feedback.reward": (played.feedback.reward, (), np.float32),
        "feedback.terminated": (played.feedback.terminated, (), np.bool_),
    }
    for name, (value, shape, dtype) in expected.items():
        requirements.must_be_array(name, value[0, 0], shape, dtype)


def check_types(env: AnyEnv) -> None:
    """A step keeps the types of the state, so that it is compiled once."""

    def start_and_step() -> tuple[State, State]:
        state, _ = env.init(jax.random.key(0))
        return state, env.step(jax.random.key(1), state, jnp.int32(0))[0]

    state, after = jax.eval_shape(start_and_step)
    requirements.must_keep_types(state, after, "a step")


def check_jit(env: AnyEnv) -> None:
    """`jit` agrees with eager, within a rounding."""
    state, _ = env.init(jax.random.key(0))
    args = lambda: (jax.random.key(1), state, jnp.int32(env.num_actions - 1))
    eager, compiled = env.step(*args()), jax.jit(env.step)(*args())
    requirements.must_be_close(eager, compiled, "a step", rtol=1e-6, atol=1e-7)


def check_adult_care(env: AnyEnv) -> None:
    """Care of an adult is no care: factors of 1, nothing held back."""
    plain, adult = play(env).feedback, play(env, care()).feedback
    for a, b in zip(jax.tree.leaves(plain), jax.tree.leaves(adult), strict=True):
        close = np.allclose(a, b, rtol=1e-5, atol=1e-6)
        must(close, "a step under an adult's care must be as one without care")


def check_gentle_care(env: AnyEnv) -> None:
    """Care spares: no need falls where nothing costs, nor a store below its buffer."""
    if not _has_body_on_map(env):
        return
    free = play(env, care(metabolism=0.0, hazard=0.0))
    lost = given(free.feedback.body).integrity_lost
    must(lost == 0, "no integrity must be lost where care.hazard is 0")
    falls = np.diff(given(free.truth).needs, axis=1)
    must(
        falls >= -1e-6, "no need must fall where care.metabolism and care.hazard are 0"
    )
    starved = play(env, care(metabolism=0.0, richness=0.0, hazard=0.0))
    gained = given(starved.feedback.body).energy_gained
    must(gained == 0, "no energy must be gained where care.richness is 0")
    kept = play(env, care(metabolism=10.0, buffer=0.5))
    held = given(kept.truth).needs[:, 1:]
    stores = [i for i, need in enumerate(on_map(env).needs) if need != "integrity"]
    must(held[..., stores] >= 0.5, "no store must fall below care.buffer, 0.5")


def check_starvation(env: AnyEnv) -> None:
    """An empty need ends the episode."""
    if not _has_body_on_map(env):
        return
    for harsh in (None, care(metabolism=50.0, richness=0.0, hazard=50.0)):
        played = play(env, harsh)
        empty = np.any(given(played.truth).needs[:, 1:] <= 0, axis=-1)
        must(
            played.feedback.terminated | ~empty,
            "terminated must be true where a need is empty",
        )


def check_arrivals(env: AnyEnv) -> None:
    """What feeds is an active source at the cell where the step ends."""
    if not _has_body_on_map(env):
        return
    played = play(env)
    before = jax.tree.map(lambda x: x[:, :-1], given(played.truth))
    there = given(played.truth).position[:, 1:, None]
    at_source = np.any(np.all(before.source == there, axis=-1) & before.active, axis=-1)
    body = given(played.feedback.body)
    fed = body.reached | (body.energy_gained > 0)
    must(
        at_source | ~fed,
        "a step that feeds must end on a source that privileged_state calls active",
    )


def check_moves(env: AnyEnv) -> None:
    """Actions are those of maps: stay, up, down, left, right; or one stays."""
    if not has_map(env):
        return
    played = play(env)
    steps = np.diff(given(played.truth).position, axis=1)
    asked = np.array(MOVES)[np.minimum(played.actions, len(MOVES) - 1)]
    must(
        np.all(steps == asked, axis=-1) | np.all(steps == 0, axis=-1),
        "an action must move an agent by its entry in MOVES, or leave it where it is",
    )


def check_privileged_state(env: AnyEnv) -> None:
    """What is reported of a map fits together, and lies on it."""
    if not has_map(env):
        return
    truth, (width, height) = given(play(env).truth), env.size
    sources, field = truth.source.shape[2:3], (height, width)
    shapes = dict.fromkeys(("worth", "active", "kind"), sources)
    shapes |= {"needs": (len(env.needs),), "wall": field, "danger": field}
    for name, shape in shapes.items():
        value = getattr(truth, name)
        must(
            value is None or value.shape[2:] == shape,
            f"privileged_state.{name} must be {list(shape)}, for {sources[0]} sources, "
            f"needs {env.needs} and a map of {height} rows, {width} columns",
        )
    must(_in_unit(truth.needs), "privileged_state.needs must be in [0, 1]")
    for name in ("position", "source"):
        place = getattr(truth, name)
        inside = (place >= 0) & (place < np.array([width, height]))
        must(inside, f"{name} must lie on the map, {width} x {height} cells")
    if truth.wall is not None:
        wall = np.asarray(truth.wall)
        x, y = np.moveaxis(np.asarray(truth.position), -1, 0)[..., None, None]
        at = np.take_along_axis(np.take_along_axis(wall, y, 2), x, 3)
        must(not np.any(at), "an agent must not stand in a wall")


def check_competent_policy(env: AnyEnv) -> None:
    """The scripted policy chooses actions that exist, and keeps its memory's types."""
    if env.competent is None:
        return
    memory, seen = env.competent.memory, play(env).observations[0]
    choose = requirements.compiled(env.competent.choose)
    for observation in seen[:8]:
        after, action = choose(jax.random.key(0), memory, jnp.asarray(observation))
        must(
            0 <= int(action) < env.num_actions,
            f"competent must choose one of {env.num_actions} actions, got {action}",
        )
        shapes = [
            [(jnp.shape(x), jnp.result_type(x)) for x in jax.tree.leaves(m)]
            for m in (memory, after)
        ]
        must(shapes[0] == shapes[1], "competent must keep the types of its memory")
        memory = after


CHECKS: Mapping[str, Callable[[AnyEnv], None]] = requirements.by_name(
    *(check_form, check_replay, check_numbers, check_clock, check_shapes, check_types),
    *(check_jit, check_adult_care, check_gentle_care, check_starvation, check_arrivals),
    *(check_moves, check_privileged_state, check_competent_policy),
)
"""Every check by name; each raises AssertionError with a sentence. Checks of bodies and
maps pass where there are none."""


def _in_unit(values: Any) -> Any:
    return (values >= 0) & (values <= 1)


def _length(env: AnyEnv) -> int:
    return min(env.steps, LONGEST)


def _has_body_on_map(env: AnyEnv) -> bool:
    return has_map(env) and play(env).feedback.body is not None


class _Programs(NamedTuple):
    """What plays `EPISODES`, each compiled once; `run` once for each kind of care."""

    start: Callable[..., Any]  # key -> first states and observations, actions, keys
    run: Callable[..., Any]  # those, care -> all states and observations, feedback
    report: Callable[..., Any]  # all states -> the privileged state of each


@functools.lru_cache(maxsize=4)
def _compiled(
    init: Callable[..., Any],
    step: Callable[..., Any],
    truth: Callable[..., Any] | None,
    num_actions: int,
    length: int,
) -> _Programs:
    def start(key: Any) -> Any:
        key_birth, key_actions, key_steps = jax.random.split(key, 3)
        actions = jax.random.randint(key_actions, (length,), 0, num_actions)
        return init(key_birth), actions, key_steps

    def run(born: Any, actions: Any, key_steps: Any, care: Care | None) -> Any:
        def one(state: State, inputs: tuple[Any, Any]) -> tuple[State, Any]:
            t, action = inputs
            key_step = jax.random.fold_in(key_steps, t)
            args = () if care is None else (care,)
            state, observation, feedback = step(key_step, state, action, *args)
            return state, (state, observation, feedback)

        times = jnp.arange(length, dtype=jnp.int32)
        later = jax.lax.scan(one, born[0], (times, actions))[1]
        join = lambda a, b: jnp.concatenate([a[None], b])
        return *jax.tree.map(join, born, later[:2]), later[2]

    many = lambda key: jax.vmap(start)(jax.random.split(key, EPISODES))
    report = (lambda states: None) if truth is None else jax.vmap(jax.vmap(truth))
    return _Programs(
        requirements.compiled(many),
        requirements.compiled(jax.vmap(run, in_axes=(0, 0, 0, None))),
        requirements.compiled(report),
    )
