"""Registries: things by name, ours and those that others bring.

A name is looked for among what the package registers, then among the entry points of
installed packages in the registry's group. Nothing here imports a file by its path:
that is the edge's business, and only for an object that the command line names.
"""

import difflib
import importlib.metadata
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Things of one kind by name; a read-only mapping, but for `register`.

    Args:
      what: what it holds, in the singular, for errors: "world".
      group: the entry-point group in which installed packages offer more:
        "koki2.worlds". Entry points are loaded only when a name is not found.
      accept: turns what an entry point loads to into a T; raises ValueError if it
        cannot.

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
    ):
        self.what, self.group = what, group
        self._accept = accept
        self._things: dict[str, T] = {}

    def register(self, name: str, thing: T, *, replace: bool = False) -> None:
        """Adds a thing.

        Raises:
          ValueError: the name is taken, unless `replace`.
        """
        if name in self._things and not replace:
            raise ValueError(f"a {self.what} named {name!r} is registered already.")
        self._things[name] = thing

    def find(self, name: str) -> T:
        """The thing of a name.

        Raises:
          ValueError: there is none; names the nearest, or all of them.
        """
        if name not in self._things:
            self._load_entry_point(name)
        if name in self._things:
            return self._things[name]
        near = difflib.get_close_matches(name.lower(), self._things, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else self._all()
        raise ValueError(f"there is no {self.what} {name[:60]!r}; {hint}")

    def __getitem__(self, name: str) -> T:
        return self._things[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def _all(self) -> str:
        return f"there are {', '.join(self._things)}."

    def _load_entry_point(self, name: str) -> None:
        for entry in importlib.metadata.entry_points(group=self.group, name=name):
            thing = entry.load()
            self._things[name] = self._accept(name, thing) if self._accept else thing
            return
