"""Environments of gymnax as levels, `gymnax:NAME`. Imports neither JAX nor gymnax."""

from koki2.envs.configs import GymnaxConfig
from koki2.envs.world import imported, Level, World

RETURN = {"fitness_alpha": 0.0, "fitness_beta": 1.0, "success_bonus": 0.0}
"""Fitness is the return, the sum of rewards."""
_NO_BODY = {  # no gradient and no store; richness and hazard act on the reward
    "fitness": ("success_bonus",),
    "senses": ("gradients", "needs"),
    "nursing": tuple(
        f"nurse_{name}{end}"
        for name in ("metabolism", "buffer", "hazard_smell")
        for end in ("", "_end_phi")
    ),
}
_SOLVED_WITH = {  # settings that were seen to solve an environment of gymnax
    "CartPole-v1": {
        "agent": {"n_neurons": 16, "k_edges": 4},
        "search": {"pop_size": 64, "sigma": 1.0, "lr": 5.0},
        "loop": {"generations": 60, "episodes": 4},
    }
}


def gymnax_level(name: str) -> Level:
    """The level of an environment, by gymnax' name.

    Whether gymnax is installed, and has it, shows when the world is made.

    Example:
      >>> gymnax_level("Acrobot-v1").config.name
      'Acrobot-v1'
    """
    return Level(
        f"gymnax:{name}",
        f"{name} of gymnax: the sum of its rewards",
        GymnaxConfig(name=name),
        {"fitness": RETURN, **_SOLVED_WITH.get(name, {})},
    )


GYMNAX = World(
    name="gymnax_world",
    make=imported("koki2.envs.gymnax_world", "gymnax_world"),
    config=GymnaxConfig(),
    summary="an environment of gymnax: the sum of its rewards",
    settings={"fitness": RETURN},
    prefix="gymnax",
    level=gymnax_level,
    ignores=_NO_BODY,
)
