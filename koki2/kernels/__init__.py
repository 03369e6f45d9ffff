"""kernels: hot operations, each a folder with a plain twin. May import: core.

Which twin runs is decided in `dispatch`; the sizes at which GPU kernels are tested,
compiled and timed stand in `cases`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
