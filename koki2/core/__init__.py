"""core: the words every room shares: keys, schedules, trees, configs.

Imports nothing from koki2. The door is lazy, so that `core.configs` costs no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["devices"],
    submod_attrs={
        "configs": ["check"],
        "keys": ["episode_keys", "Stream", "stream"],
        "schedules": ["phase", "smoothstep"],
        "trees": ["pack", "unpack"],
        "types": ["Key", "Keys"],
    },
)
