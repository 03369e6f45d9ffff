"""Lesions: what is taken from an evolved agent, to see whether it used it.

    SENSE          a sense reads as zero: by its name, or by its kind, which is all of
                   them: "gradient" or "needs"
    SENSE@other    it tells what it told the same agent in another episode at that step
    recurrent      the recurrent weights are cut
    frozen         weights that move within an episode do not
    events         learning hears of no energy gained, integrity lost, fall of the drive

A lesion is data: one compiled program serves all of them, none at all included. What an
agent used it cannot do without; zero alone would not say so, since zero may be a value
that an agent was never in, and another life's is one that it is used to.
"""

from collections.abc import Mapping, Sequence

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from koki2.agents.params import AgentParams
from koki2.envs.senses import named, places, Sense
from koki2.evolution.task import Task

OTHER = "@other"
INTACT = "intact"
_KINDS = {"gradient": "gradient", "needs": "need"}
_RECURRENT, _LEARNS = "recurrent weights", "learning"
_OF_AGENT = {"recurrent": _RECURRENT, "frozen": _LEARNS, "events": _LEARNS}


class LesionError(ValueError):
    """There is nothing of that name to take."""


@chex.dataclass(frozen=True, kw_only=True)
class Lesion:
    """What is taken: masks over an observation, and factors (1 takes nothing)."""

    zero: Bool[Array, " O"]  # reads as zero
    other: Bool[Array, " O"]  # tells what it told in another episode
    recurrent: Float[Array, ""]  # factor on the recurrent weights
    plasticity: Float[Array, ""]  # factor on the learning rate
    feedback: Float[Array, ""]  # factor on what learning hears


def lesion_names(task: Task) -> tuple[str, ...]:
    """Every lesion that a world and an agent have, by name.

    Each sense, and each kind of which there are several, at zero and of another life;
    then those of the agent.

    Example:
      >>> from koki2 import envs
      >>> from koki2.evolution import make_task
      >>> lesion_names(make_task(envs.chemotaxis()))[:3]
      ('gradient', 'gradient@other', 'energy')
      >>> lesion_names(make_task(envs.chemotaxis()))[-1]
      'recurrent'
    """
    has = _parts(task)
    own = [name for name, part in _OF_AGENT.items() if part in has]
    senses = [f"{name}{end}" for name in _channels(task) for end in ("", OTHER)]
    return (*senses, *own)


def lesion(task: Task, name: str = INTACT) -> Lesion:
    """Builds a lesion of a name; by default the one that takes nothing.

    Args:
      task: its world gives the senses; its agent what there is to take from it.
      name: as at the top of this file.

    Raises:
      LesionError: neither world nor agent has anything of that name.

    Example:
      >>> from koki2 import envs
      >>> from koki2.evolution import make_task
      >>> task = make_task(envs.chemotaxis())
      >>> lesion(task, "needs").zero.tolist()
      [False, False, True, True]
      >>> lesion(task, "energy@other").other.tolist()
      [False, False, True, False]
    """
    whole = np.ones((), np.float32)
    masks = {"zero": _mask(task), "other": _mask(task)}
    factors = {"recurrent": whole, "plasticity": whole, "feedback": whole}
    stem, at, end = name.partition("@")
    channels = _channels(task, is_every_kind=True)
    if name in _OF_AGENT:
        if _OF_AGENT[name] not in _parts(task):
            raise LesionError(
                f"lesion {name} must be of an agent that has {_OF_AGENT[name]}, which "
                "this one has not."
            )
        taken = {"frozen": "plasticity", "events": "feedback"}.get(name, name)
        factors[taken] = np.zeros((), np.float32)
    elif stem in channels and at + end in ("", OTHER):
        masks["other" if end else "zero"] = channels[stem]
    elif name != INTACT:
        known = [n for n in lesion_names(task) if OTHER not in n]
        raise LesionError(
            f"lesion must be one of {', '.join(known)}, or of a sense SENSE{OTHER}, "
            f"got {name!r:.60}."
        )
    return Lesion(**jax.tree.map(jnp.asarray, masks | factors))


def senses_of(task: Task) -> tuple[Sense, ...]:
    """The senses of a task's world."""
    return named(task.env.senses, task.env.observation_size)


def _channels(task: Task, *, is_every_kind: bool = False) -> Mapping[str, np.ndarray]:
    """Masks over an observation, by the name of a sense or kind.

    Args:
      task: of the world.
      is_every_kind: whether kinds of which there is one sense are among them.
    """
    senses = senses_of(task)
    found = {name: _mask(task, [at]) for name, at in places(senses).items()}
    at = list(places(senses).values())
    for name, kind in _KINDS.items():
        members = [
            at for at, sense in zip(at, senses, strict=True) if sense.kind == kind
        ]
        if len(members) > (0 if is_every_kind else 1):
            found.setdefault(name, _mask(task, members))
    return found


def _mask(task: Task, members: Sequence[slice] = ()) -> np.ndarray:
    mask = np.zeros(task.env.observation_size, bool)
    for channels in members:
        mask[channels] = True
    return mask


def _parts(task: Task) -> set[str]:
    """What of an agent can be taken from it."""
    genes = jax.ShapeDtypeStruct((task.genome.size,), jnp.float32)
    born = jax.eval_shape(task.genome.develop, jax.random.key(0), genes)
    found = {_RECURRENT} if isinstance(born, AgentParams) else set()
    return found | ({_LEARNS} if task.agent.learn is not None else set())
