"""session: runs a program into a run folder, from the command line or from Python.

May import every room below. Start at `driver` (a program to the end of its folder),
`kinds` (what a loop tells about its runs) and `python` (`koki2.run` and `koki2.load`);
`objects` loads what is from outside the package, `checking` runs the contracts on it;
`sweep` runs many runs, here or on a cluster, `processes` makes several compute one, and
`golden` says whether a set of them comes out as it did.
The door is lazy, so that importing it costs no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
