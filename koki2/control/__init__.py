"""control: rules that steer a loop by what is seen of it. May import: the floors below.

`batch_size` makes the batch of a training larger or smaller by the alerts of its
monitors. `SymbioConfig` has all settings of the symbio mode of seed 003, under names
that `spelling` reads from its JSON. The door is lazy, so that `control.configs` costs
no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
