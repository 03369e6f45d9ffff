"""Objects from outside the package: named as FILE:NAME, hashed, and loaded when needed.

    my_world.py:line        NAME of a file; the file is run as a module of its own
    my_package.worlds:line  NAME of a module of an installed package

Only what a command line names is ever loaded: what a run folder names must be named
again, and its source must have the digest that the folder keeps. Neither the run
folder nor the working directory goes on `sys.path`, so such a file imports installed
packages only. The digest is of that one file: what it imports is not in it.
"""

import functools
import hashlib
import importlib.util
import pathlib
import re
import types
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from koki2 import runlog
from koki2.agents.catalogue import AgentFamily, AGENTS
from koki2.core.registry import Registry
from koki2.envs.configs import ObjectConfig
from koki2.envs.registry import World, WORLDS
from koki2.evolution.descriptor_catalogue import DESCRIPTORS
from koki2.genomes.catalogue import GenomeEntry, GENOMES
from koki2.runlog import opening
from koki2.search.catalogue import STRATEGIES, StrategyEntry
from koki2.search.emitters.catalogue import EmitterEntry, EMITTERS
from koki2.session.printing import printable

_MAX_BYTES = 2**24  # of a source
_FILE = re.compile(r"(?P<file>.+\.py):(?P<name>[A-Za-z_]\w*)")
_MODULE = re.compile(r"(?P<module>[A-Za-z_]\w*(\.\w+)*):(?P<name>[A-Za-z_]\w*)")


class Role(NamedTuple):
    """What an object can be to a run."""

    flag: str
    """The flag of a config that names it."""
    registry: Registry[Any]
    later: Callable[[str, Callable[[], Any]], Any]
    """(name, get the registry's entry) -> an entry that calls `get` when it is used."""
    is_several: bool = False
    """Whether the flag takes several names."""


class _Later:
    """An entry of a registry that is loaded when a field of it is asked for."""

    def __init__(self, get: Callable[[], Any]) -> None:
        self._get = get

    def __getattr__(self, name: str) -> Any:
        return getattr(self._get(), name)


ROLES: Mapping[str, Role] = {
    "world": Role(
        "world",
        WORLDS,
        lambda name, get: World(
            name, lambda config: get().make(config), ObjectConfig(world=name), name
        ),
    ),
    "strategy": Role(
        "strategy",
        STRATEGIES,
        lambda name, get: StrategyEntry(lambda *args: get().make(*args)),
    ),
    "emitter": Role(
        "emitter",
        EMITTERS,
        lambda name, get: EmitterEntry(lambda *args: get().make(*args)),
    ),
    "agent": Role(
        "agent",
        AGENTS,
        lambda name, get: AgentFamily(
            lambda *args: get().make(*args),
            lambda *args: get().shapes(*args),
            lambda arrays: get().params(arrays),
        ),
    ),
    "genome": Role(
        "encoding",
        GENOMES,
        lambda name, get: GenomeEntry(
            lambda *args: get().make(*args), lambda *args: _wiring(get(), *args)
        ),
    ),
    "descriptor": Role(
        "descriptors",
        DESCRIPTORS,
        lambda name, get: _Later(get),
        is_several=True,
    ),
}
"""Every role, by the word under which a run folder keeps it; where there are several
of one role, the second is kept under "descriptor 2", and so on."""

Texts = str | tuple[str, ...] | None
"""FILE:NAME, of each object of a role; None where none was given."""


def is_reference(text: str) -> bool:
    """Whether a word is FILE:NAME or MODULE:NAME.

    Example:
      >>> is_reference("my_world.py:line"), is_reference("chemotaxis-l0.0")
      (True, False)
    """
    return bool(_FILE.fullmatch(text) or _MODULE.fullmatch(text))


def declare(
    role: str,
    text: str,
    *,
    known: Mapping[str, str] | None = None,
    root: pathlib.Path = pathlib.Path(),
) -> dict[str, str]:
    """Registers an object to be loaded when it is first used.

    Args:
      role: one of `ROLES`.
      text: FILE:NAME, or MODULE:NAME of an installed package.
      known: what a run folder keeps of it; its name is then registered, and the source
        must be the same.
      root: the folder from which a FILE is looked for.

    Returns:
      Its name and the sha256 of its source, as a run folder keeps them.

    Raises:
      InputError: no such file or module, or another source than that of the run.
    """
    path, name = _locate(text, root)
    try:
        source = opening.read_bytes(path, limit=_MAX_BYTES, error=runlog.InputError)
    except runlog.InputError:
        raise
    except (OSError, ValueError) as error:  # ValueError: no path of this machine
        reason = getattr(error, "strerror", None) or error
        raise runlog.InputError(
            f"{printable(text)} cannot be read: {reason}."
        ) from None
    facts = {"name": text, "sha256": hashlib.sha256(source).hexdigest()}
    if known is not None:
        _check_same(role, text, facts, known)
        facts = dict(known)
    registry = ROLES[role].registry
    load = functools.cache(lambda: _load(role, path, source, name, text))
    entry = ROLES[role].later(facts["name"], load)
    registry.register(facts["name"], entry, replace=True)
    return facts


def declare_known(
    objects: Mapping[str, Mapping[str, str]], given: Mapping[str, Texts]
) -> None:
    """Registers the objects of a run folder, each named again on the command line.

    Args:
      objects: what the folder keeps, by role.
      given: FILE:NAME by role; None where nothing was given.

    Raises:
      InputError: one is missing, or has another source.
    """
    for key, known in objects.items():
        role = role_of(key)
        if role not in ROLES:
            raise runlog.InputError(f"the run needs a {role}, which koki2 cannot load.")
        texts = given.get(role) or ()
        texts = (texts,) if isinstance(texts, str) else texts
        if not texts:
            raise runlog.InputError(
                f"the {role} of this run is from outside koki2; what a folder names is "
                "not loaded unless it is named again: "
                f"--{ROLES[role].flag} {known['name']}"
            )
        declare(role, _nearest(known["name"], texts), known=known)


def _nearest(name: str, texts: tuple[str, ...]) -> str:
    """The one of the texts that is likeliest meant: the same, or the same NAME."""
    return max(texts, key=lambda text: (text == name, _name(text) == _name(name)))


def role_of(key: str) -> str:
    """The role of an object, from the word under which a run folder keeps it.

    Example:
      >>> role_of("descriptor 2")
      'descriptor'
    """
    return key.partition(" ")[0]


def _name(text: str) -> str:
    return text.rpartition(":")[2]


def _check_same(
    role: str, text: str, facts: Mapping[str, str], known: Mapping[str, str]
) -> None:
    same_name = _name(text) == _name(known["name"])
    if not same_name or facts["sha256"] != known["sha256"]:
        raise runlog.InputError(
            f"--{ROLES[role].flag} must be {known['name']} as it was when the run "
            f"began (sha256 {known['sha256'][:12]}), got {text} (sha256 "
            f"{facts['sha256'][:12]})."
        )


def _locate(text: str, root: pathlib.Path) -> tuple[pathlib.Path, str]:
    """The file of a reference, and the name in it; nothing is imported."""
    if found := _FILE.fullmatch(text):
        return root / found["file"], found["name"]
    found = _MODULE.fullmatch(text)
    if found is None:
        raise runlog.InputError(f"an object must be FILE.py:NAME, got {text!r}.")
    beside = root.joinpath(*found["module"].split(".")).with_suffix(".py")
    if beside.is_file():
        return beside, found["name"]
    top = found["module"].partition(".")[0]
    spec = None
    if importlib.util.find_spec(top) is not None:
        spec = importlib.util.find_spec(found["module"])
    if spec is None or spec.origin is None:
        raise runlog.InputError(
            f"{text} must name a file here or a module that is installed; there is "
            f"neither {beside} nor a module {found['module']}."
        )
    return pathlib.Path(spec.origin), found["name"]


def _load(role: str, path: pathlib.Path, source: bytes, name: str, text: str) -> Any:
    """Runs the very source that was hashed, and gives what it calls `name`."""
    module = types.ModuleType(f"koki2_object_{path.stem}")
    module.__file__ = str(path)
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except Exception as error:
        raise runlog.InputError(
            f"{text} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if name not in module.__dict__:
        raise runlog.InputError(f"{path} must define {name}, which it does not.")
    return ROLES[role].registry.accept(text, module.__dict__[name])


def _wiring(entry: GenomeEntry, config: Any, agent: Any, seed: int) -> Any:
    if entry.wiring is not None:
        return entry.wiring(config, agent, seed)
    from koki2.agents.topology import random_topology

    return random_topology(seed, agent.n_neurons, agent.k_edges)
