"""Registries: things by name, ours and those that others bring.

A name is looked for among what the package registers, then among the entry points of
installed packages in the registry's group. Nothing here imports a file by its path:
that is the edge's business, and only for an object that the command line names.
Imports no JAX.
"""

import difflib
import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast, Generic, TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Things of one kind by name; a read-only mapping, but for `register`.

    Args:
      what: what it holds, in the singular, for errors: "world".
      group: the entry-point group in which installed packages offer more:
        "koki2.worlds". Entry points are loaded only when a name is not found.
      accept: turns what an entry point loads to into a T; raises ValueError if it
        cannot.
      derive: makes the thing of a name that says itself what it is; None for others.

    Example:
      >>> shapes = Registry("shape", "example.shapes")
      >>> shapes.register("square", 4)
      >>> shapes["square"], list(shapes)
      (4, ['square'])
      >>> shapes.find("sqare")
      Traceback (most recent call last):
      ...
      ValueError: there is no shape 'sqare'; did you mean square?
      >>> shapes.register("square", 5)
      Traceback (most recent call last):
      ...
      ValueError: a shape named 'square' is registered already.
    """

    def __init__(
        self,
        what: str,
        group: str,
        accept: Callable[[str, object], T] | None = None,
        derive: Callable[[str], T | None] | None = None,
    ) -> None:
        self.what, self.group = what, group
        self._accept, self._derive = accept, derive
        self._things: dict[str, T] = {}

    def register(self, name: str, thing: T, *, replace: bool = False) -> None:
        """Adds a thing.

        Raises:
          ValueError: the name is taken, unless `replace`.
        """
        if name in self._things and not replace:
            raise ValueError(f"a {self.what} named {name!r} is registered already.")
        self._things[name] = thing

    def remove(self, name: str) -> None:
        """Takes a registered thing out again, as a test does with its own.

        Raises:
          KeyError: nothing of that name is registered.
        """
        del self._things[name]

    def accept(self, name: str, thing: object) -> T:
        """Puts a thing in the form that is registered, as for an entry point.

        Raises:
          ValueError: it is none of this kind.
        """
        return self._accept(name, thing) if self._accept else cast("T", thing)

    def find(self, name: str) -> T:
        """The thing of a name.

        Raises:
          ValueError: there is none; names the nearest, or all of them, those that
            installed packages offer included.
        """
        if name not in self._things:
            self._load_entry_point(name)
        if name in self._things:
            return self._things[name]
        derived = self._derive(name) if self._derive else None
        if derived is not None:
            return derived
        offered = (entry.name for entry in self._entry_points())
        known = list(dict.fromkeys([*self._things, *offered]))
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        hint = f"there are {', '.join(known)}."
        if near:
            hint = f"did you mean {' or '.join(near)}?"
        raise ValueError(f"there is no {self.what} {name[:60]!r}; {hint}")

    def __getitem__(self, name: str) -> T:
        return self._things[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def _load_entry_point(self, name: str) -> None:
        for entry in self._entry_points(name):
            self._things[name] = self.accept(name, entry.load())
            return

    def _entry_points(self, name: str | None = None) -> Iterator[Any]:
        import importlib.metadata  # slow to import, and rarely needed

        entries = importlib.metadata.entry_points(group=self.group)
        return (entry for entry in entries if name is None or entry.name == name)


def entry_of(kind: type[T], *, wraps: bool = True) -> Callable[[str, object], T]:
    """Builds the `accept` of a registry whose things are records of one class.

    Args:
      kind: the class of the record; its first field is a function.
      wraps: whether a bare function is taken, as the record of it alone.

    Example:
      >>> from typing import NamedTuple
      >>> class Entry(NamedTuple):
      ...     make: Callable
      >>> entry_of(Entry)("half", lambda x: x / 2).make(3)
      1.5
      >>> entry_of(Entry)("half", 2)
      Traceback (most recent call last):
      ...
      ValueError: half must be an Entry or the function that begins one, got int.
    """
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    expected = f"{article} {kind.__name__}"
    if wraps:
        expected += " or the function that begins one"

    def accept(name: str, thing: object) -> T:
        if isinstance(thing, kind):
            return thing
        if wraps and callable(thing):
            return cast("Callable[[object], T]", kind)(thing)
        raise ValueError(f"{name} must be {expected}, got {type(thing).__name__}.")

    return accept


def load(where: str) -> Any:
    """The object at "module:name", its module imported now.

    A catalogue that must not import JAX names its factories in this way.

    Example:
      >>> load("math:hypot")(3.0, 4.0)
      5.0
    """
    module, _, name = where.partition(":")
    return getattr(importlib.import_module(module), name)
