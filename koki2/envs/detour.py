"""Detour (L1.3): what one smells lies behind a pocket that is closed on that side.

A feast is smelled straight ahead, and straight ahead is a pocket: two arms and an end
wall, open to where life starts. Crumbs lie on the way in, so that going for the smell
pays at first; who goes on pushing there starves, the feast a few cells away. To reach
it one must leave the smell aside, go round an arm, and be fed by nothing on the way.
Where the pocket lies and how long its arms are is drawn for every life. Energy is a
real pressure: without food a life ends after 40 steps.

It deceives a search as it deceives an animal. On 512 lives of eval seed 0 staying has a
fitness of 41.0; greedy dies in the pocket in all of them, after 57 steps, with 60.2,
and at 60.2 the mean of openai_es ended in 10 runs of 10 (200 generations at most). The
competent script comes to 335.1. A reflex can do it: up to the world's edge, along it
past the feast's column, and then towards the feast comes to 241.0.

A feast that is arrived at is in another cell behind the pocket at once; crumbs do not
come back, and do not smell. Only the feast counts as food reached. Units are those of
`foraging`.

Source: detour tests of animals (Koehler, "The mentality of apes", 1925); as a local
optimum that a search by fitness runs into, the mazes of Lehman and Stanley,
"Abandoning objectives", 2011. Pocket, crumbs and feast are ours.
"""

import dataclasses
from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from koki2.core.types import Key
from koki2.envs.base import MapEnv, Observation, PrivilegedState
from koki2.envs.body import Effects, needs_of, number
from koki2.envs.configs import DetourConfig
from koki2.envs.configs.ways import FRONT, YARD
from koki2.envs.foraging import ForagerState, foraging, Start, Visit
from koki2.envs.grid import Map
from koki2.envs.senses import fill_of, gradient_to, Sense
from koki2.policies.moves import SIDES
from koki2.policies.walls import hand_on_the_wall


@chex.dataclass(frozen=True, kw_only=True)
class Pocket:
    """Where the pocket is, and what is left of C crumbs."""

    top: Int[Array, ""]  # row of the northern arm
    arm: Int[Array, "2"]  # cells from the end to the tips: northern, southern
    row: Int[Array, ""]  # in which life starts, and crumbs lie
    left: Bool[Array, " C"]  # which crumbs are; the first lies at the end


def detour(config: DetourConfig = DetourConfig()) -> MapEnv:
    """Builds the world of this module; `DetourConfig` has its settings.

    The observation is `[gx, gy, energy]`, g pointing straight at the feast in units of
    the world's size, then 1 or 0 for each of the four sides (up, down, left, right)
    that is blocked, unless `feels_walls` is off.

    Example:
      >>> env = detour()
      >>> state, observation = env.init(jax.random.key(0))
      >>> env.size, observation.shape, float(observation[2]) < 1.0
      ((15, 11), (7,), True)
    """
    map = Map(config.width, config.height)
    end, mouth = config.end, config.mouth
    yard = YARD * mouth  # cells where the feast may lie
    crumb = end - 1 - np.arange(config.crumbs, dtype=np.int32)  # columns

    def start(key: Key) -> Start:
        key_top, key_arm, key_row, key_start, key_feast = jax.random.split(key, 5)
        top = jax.random.randint(key_top, (), 1, config.height - mouth - 2)
        row = top + 1 + jax.random.randint(key_row, (), 0, mouth)
        column = jax.random.randint(key_start, (), 0, FRONT)
        shortest, longest = config.arm_min, config.arm_max
        pocket = Pocket(
            top=top,
            arm=jax.random.randint(key_arm, (2,), shortest, longest + 1),
            row=row,
            left=jnp.ones(config.crumbs, bool),
        )
        feast = in_yard(jax.random.randint(key_feast, (), 0, yard), top)
        return jnp.stack([column, row]), feast[None], pocket

    def in_yard(index: Int[Array, ""], top: Int[Array, ""]) -> Int[Array, "2"]:
        """A cell behind the pocket's end, of the rows that its mouth is open in."""
        first = jnp.stack([jnp.int32(end + 2), top + 1])
        return first + jnp.stack([index % YARD, index // YARD])

    def elsewhere(key: Key, state: ForagerState) -> Int[Array, "1 2"]:
        """Any cell of the yard but the one where the feast is."""
        drawn = Map(yard - 1, 1).cells(key, 1)[0, 0]
        top, feast = state.extra.top, state.source[0]
        x, y = feast[0] - (end + 2), feast[1] - (top + 1)
        return in_yard((y * YARD + x + 1 + drawn) % yard, top)[None]

    def blocked(state: ForagerState, place: Int[Array, "N 2"]) -> Bool[Array, " N"]:
        """Which cells are wall, or beyond the edge."""
        x, y = place[:, 0], place[:, 1]
        top, arm = state.extra.top, state.extra.arm
        bottom = top + mouth + 1
        tip = end - jnp.where(y <= top, arm[0], arm[1])
        on_arm = ((y == top) | (y == bottom)) & (x >= tip) & (x <= end)
        at_end = (x == end) & (y > top) & (y < bottom)
        return map.outside(place) | on_arm | at_end

    def observe(state: ForagerState) -> Observation:
        seen = [map.gradient(state.source, state.position), needs_of(state)]
        if config.feels_walls:
            sides = blocked(state, state.position[None] + SIDES)
            seen.append(sides.astype(jnp.float32))
        return jnp.concatenate(seen)

    def effects(visit: Visit) -> Effects:
        pocket = visit.state.extra
        eaten = (
            pocket.left
            & (visit.position[1] == pocket.row)
            & (visit.position[0] == crumb)
        )
        crumbs = config.crumb_gain * jnp.any(eaten).astype(jnp.float32)
        left = pocket.left & ~eaten
        return Effects(
            cost=config.energy_decay,
            gain=config.feast_gain * number(visit.arrived) + crumbs,
            reached=jnp.any(visit.standing),
            changes={"extra": dataclasses.replace(pocket, left=left)},
        )

    def privileged_state(state: ForagerState) -> PrivilegedState:
        rows = jnp.full(config.crumbs, state.extra.row)
        crumbs = jnp.stack([jnp.asarray(crumb), rows], axis=1)
        gains = [config.crumb_gain] * config.crumbs + [config.feast_gain]
        return PrivilegedState(
            position=state.position,
            source=jnp.concatenate([crumbs, state.source]),
            worth=jnp.array(gains, jnp.float32),
            active=jnp.concatenate([state.extra.left, jnp.ones(1, bool)]),
            needs=needs_of(state),
            kind=jnp.array([0] * config.crumbs + [1], jnp.int32),
            wall=map.field(partial(blocked, state)),
        )

    return foraging(
        map,
        config,
        start=start,
        place=elsewhere,
        blocked=blocked,
        effects=effects,
        observe=observe,
        privileged_state=privileged_state,
        senses=[
            gradient_to("gradient", map.span),
            *fill_of("energy"),
            Sense("walls", 4 * config.feels_walls),
        ],
        version=1,
        needs=("energy",),
        kinds=("crumb", "feast"),
        competent=hand_on_the_wall() if config.feels_walls else None,
    )
