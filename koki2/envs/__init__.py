"""envs: worlds an agent can live in. May import: core, policies. Start at `base.Env`.

Worlds from outside enter by `register_world`, ours by `ladder.LEVELS`; every one is
under the contract of `contracts.world`. The door is lazy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
