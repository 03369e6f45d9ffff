"""evolution: lives and generations of them: viability, rungs, nursing, ES and QD loops.

May import every room below but `runlog` and `pictures`: metrics are returned, the edge
writes. Start at `episode` (one life), `rollout` (many), `evaluation` (a
population) and `evolve` (a whole search).
The door is lazy, so that `evolution.configs` costs no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
