"""core: the words every room shares: keys, schedules, trees, configs.

Imports nothing from koki2. The door is lazy, so that `core.configs` costs no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
