"""measures: what a run's records are worth as evidence. May import: core, kernels.

Of behaviour: `judge(metrics, descriptors)` says whether a behaviour space is worth
exploring; its figures are here one by one: adequacy and sphericity of the raw metrics,
reconstruction and neighbourhoods of the descriptors. Of a training: `monitors` watches
its signals for change points. Axis letters: S samples, M metrics, B descriptors. The
door is lazy, so that `measures.configs` costs no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
