"""What every world promises. A new level is tested by entering `envs.LEVELS`."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float, Int

from koki2 import envs
from koki2.contracts.world import CHECKS, play

ALIKE = {  # another level tests the same code every time
    *(f"chemotaxis-l{level}" for level in ("0.0", "0.1", "0.2", "1.0")),
    *("sparse-l4.0", "trade-offs-l2.1", "predictive-cues-l3.1"),
}
WORLDS = [
    pytest.param(name, marks=[pytest.mark.slow] * (name in ALIKE))
    for name in [*sorted(envs.LEVELS), "gymnax:CartPole-v1"]
]


@pytest.fixture(params=WORLDS, scope="module")
def world(request):
    if request.param not in envs.LEVELS:
        pytest.importorskip("gymnax")
    return envs.make(envs.find(request.param).config)


@pytest.mark.parametrize(
    "check",  # that jit agrees with eager the strict lane tests, to the bit
    [pytest.param(c, marks=pytest.mark.slow) if c == "jit" else c for c in CHECKS],
)
def test_every_world_keeps_the_contract(world, check):
    CHECKS[check](world)


def test_another_key_gives_another_episode(world):
    first, other = play(world), play(world, seed=1)
    assert not np.array_equal(first.observations, other.observations)


def test_our_reward_is_the_fall_of_the_drive_and_what_feeds_must_be_come_to(world):
    played = play(world)
    body = played.feedback.body
    if body is None:
        return
    assert np.array_equal(played.feedback.reward, body.drive_fall)
    stayed = np.all(np.diff(played.truth.position, axis=1) == 0, axis=-1)
    assert not np.any(stayed & (body.energy_gained > 0))


@chex.dataclass(frozen=True, kw_only=True)
class Lane:
    t: Int[Array, ""]
    position: Int[Array, "2"]
    energy: Float[Array, ""]


def lane(
    *,
    feeds_at: int = 0,
    clock: int = 12,
    drift: int = 0,
    hardy: bool = False,
    heeds_care: bool = True,
    dtype: type = jnp.int32,
    gain: float = 0.5,
) -> envs.MapEnv:
    """Five cells in a row, with food in the first; a stranger's world, or a broken one.

    Needs are halves, so that an episode of some steps empties the store.
    """

    def observe(state: Lane) -> Float[Array, "3"]:
        west = -state.position.astype(jnp.float32) / 4.0
        return jnp.concatenate([west, state.energy[None]])

    def init(key):
        start = jax.random.randint(key, (), 0, 5)
        position = jnp.stack([start, jnp.int32(0)])
        state = Lane(t=jnp.int32(0), position=position, energy=jnp.float32(1.0))
        return state, observe(state)

    def step(key, state, action, care=None):
        del key
        moves = jnp.array([0, 0, 0, -1, 1], jnp.int32)
        x = jnp.clip(state.position[0] + moves[action] + drift, 0, 4)
        come = (x == feeds_at) & (state.position[0] != feeds_at)
        cost, given = jnp.float32(0.125), gain * come.astype(jnp.float32)
        if care is not None and heeds_care:
            cost, given = care.metabolism * cost, care.richness * given
        energy = jnp.clip(state.energy - cost + given, 0.0, 1.0)
        if care is not None and heeds_care:
            energy = jnp.maximum(energy, care.buffer)
        after = Lane(
            t=(state.t + 1).astype(dtype),
            position=jnp.stack([x, jnp.int32(0)]),
            energy=energy,
        )
        body = envs.BodyFeedback(
            energy_gained=given,
            integrity_lost=jnp.float32(0.0),
            drive_fall=(1 - state.energy) ** 2 - (1 - energy) ** 2,
            integrity=jnp.float32(1.0),
            bad_arrivals=jnp.int32(0),
            reached=x == feeds_at,
        )
        feedback = envs.Feedback(
            reward=body.drive_fall,
            terminated=(energy <= 0.0) & (not hardy),
            truncated=after.t == clock,
            body=body,
        )
        return after, observe(after), feedback

    def privileged_state(state: Lane) -> envs.PrivilegedState:
        return envs.PrivilegedState(
            position=state.position,
            source=jnp.zeros((1, 2), jnp.int32),
            worth=jnp.ones(1),
            active=jnp.ones(1, bool),
            needs=state.energy[None],
        )

    return envs.MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state,
        observation_size=3,
        steps=12,
        version=1,
        size=(5, 1),
        needs=("energy",),
    )


BROKEN = {
    "form": (lane()._replace(version=0), "version must be an integer >= 1, got 0"),
    "numbers": (lane(gain=jnp.inf), r"energy_gained must be finite"),
    "clock": (lane(clock=11), r"true in step 12 \(Env.steps\) and in no other"),
    "shapes": (lane()._replace(observation_size=4), r"float32 \[4\].*float32 \[3\]"),
    "types": (lane(dtype=jnp.int16), r"state\.t must keep one type"),
    "gentle care": (lane(heeds_care=False), "no need must fall where care"),
    "starvation": (lane(hardy=True), "terminated must be true where a need is empty"),
    "arrivals": (lane(feeds_at=3), "must end on a source"),
    "moves": (lane(drift=1), "must move an agent by its entry in MOVES"),
    "privileged state": (lane()._replace(size=(3, 1)), "must lie on the map, 3 x 1"),
    "competent policy": (
        lane()._replace(
            competent=envs.Policy(memory=None, choose=lambda *_: (None, jnp.int32(5)))
        ),
        "must choose one of 5 actions, got 5",
    ),
}


@pytest.mark.parametrize("check", CHECKS)
def test_a_world_from_outside_passes_and_a_broken_one_gets_what_it_breaks_as_a_message(
    check,
):
    CHECKS[check](lane())
    if check in BROKEN:
        env, sentence = BROKEN[check]
        with pytest.raises(AssertionError, match=sentence):
            CHECKS[check](env)
