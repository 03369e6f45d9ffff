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
      Of every check by name a sentence that says what is wrong; "" where it is kept,
      and "not looked at" for all others where the very form is wrong.

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
        try:
            check(thing)
            found[name] = ""
        except AssertionError as error:
            found[name] = str(error)
    return found


def _world(text: str) -> tuple[Any, Checks]:
    from koki2.envs import contract, make

    return make(find_level(text, {}).config), contract.CHECKS


def _strategy(text: str) -> tuple[Any, Checks]:
    from koki2.search import contract, make, SearchConfig

    if is_reference(text):
        declare("strategy", text)
    config = SearchConfig(strategy=text, pop_size=16)
    return make(config, contract.NUM_DIMS), contract.CHECKS


CONTRACTS: Mapping[str, Callable[[str], tuple[Any, Checks]]] = {
    "world": _world,
    "strategy": _strategy,
}
"""By role: a text -> the object, and the checks for it."""
