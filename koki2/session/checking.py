"""Contracts: the checks of an interface, run on an object of one's own."""

from collections.abc import Callable, Mapping
from typing import Any

from koki2 import runlog
from koki2.session.objects import declare, is_reference
from koki2.session.settings import find_level

Checks = Mapping[str, Callable[[Any], None]]


def broken(role: str, text: str) -> dict[str, str]:
    """What an object breaks of the contract of its role.

    Args:
      role: one of `CONTRACTS`.
      text: FILE.py:NAME, or a name that koki2 knows.

    Returns:
      Of every check by name a sentence that says what is wrong, or what the object
      raised; "" where it is kept, and "not looked at" for all others where the very
      form is wrong.

    Raises:
      InputError: there is no such object, or it cannot be made.
    """
    with runlog.raising(runlog.InputError):
        thing, checks = CONTRACTS[role](text)
    found: dict[str, str] = {}
    for name, check in checks.items():
        if found.get("form"):
            found[name] = "not looked at"
            continue
        found[name] = _sentence(check, thing)
    return found


def _sentence(check: Callable[[Any], None], thing: object) -> str:
    try:
        check(thing)
    except AssertionError as error:
        return str(error)
    except Exception as error:  # the object's own: it breaks what is looked at
        return f"it raised {type(error).__name__}: {error}".partition("\n")[0]
    return ""


def _world(text: str) -> tuple[Any, Checks]:
    from koki2.contracts.world import CHECKS
    from koki2.envs import make

    return make(find_level(text, {}).config), CHECKS


def _strategy(text: str) -> tuple[Any, Checks]:
    from koki2.contracts import strategy
    from koki2.search import make, SearchConfig

    config = SearchConfig(strategy=_declared("strategy", text), pop_size=16)
    return make(config, strategy.NUM_DIMS), strategy.CHECKS


def _emitter(text: str) -> tuple[Any, Checks]:
    from koki2.contracts import emitter
    from koki2.search import EmitterConfig

    config = EmitterConfig(emitter=_declared("emitter", text), batch_size=16)
    return emitter.emitter(config), emitter.CHECKS


def _agent(text: str) -> tuple[Any, Checks]:
    from koki2.agents import Agent, AgentConfig
    from koki2.contracts import agent

    config = AgentConfig(
        agent=_declared("agent", text),
        n_neurons=8,
        k_edges=4,
        plast_enabled=True,
        plast_eta=0.5,
    )
    newborn = agent.newborn(config)
    if isinstance(newborn.agent, Agent) and newborn.agent.uses_privileged_state:
        newborn = newborn._replace(observations=_truths(agent.STEPS))
    return newborn, agent.CHECKS


def _truths(count: int) -> Any:
    """What there is to know of a world, at so many births."""
    import jax

    from koki2.envs import obstacles

    world = obstacles()
    truth = lambda key: world.privileged_state(world.init(key)[0])
    return jax.vmap(truth)(jax.random.split(jax.random.key(0), count))


def _genome(text: str) -> tuple[Any, Checks]:
    from koki2.contracts import genome
    from koki2.genomes import GenomeConfig

    config = GenomeConfig(encoding=_declared("genome", text))
    return genome.inheritance(config), genome.CHECKS


def _descriptor(text: str) -> tuple[Any, Checks]:
    from koki2.contracts.descriptor import CHECKS
    from koki2.evolution import DescriptorEntry, DESCRIPTORS

    entry = DESCRIPTORS.find(_declared("descriptor", text))
    entry = DescriptorEntry(entry.describe, entry.needs_map)  # loaded now
    return entry, CHECKS


def _declared(role: str, text: str) -> str:
    if is_reference(text):
        declare(role, text)
    return text


CONTRACTS: Mapping[str, Callable[[str], tuple[Any, Checks]]] = {
    "world": _world,
    "strategy": _strategy,
    "agent": _agent,
    "genome": _genome,
    "emitter": _emitter,
    "descriptor": _descriptor,
}
"""By role: a text -> the object, and the checks for it."""
