"""models: language models as pure functions.

May import: core, kernels. Start at `base.Model`; `gpt` builds the decoder-only
transformer, `generate` continues a prompt with any model. Activations of its
feed-forward parts have names, and strangers add theirs (`register_activation`); `sites`
are the places at which adapters and probes reach in. Axis letters: T positions, S
positions that a cache holds, V vocabulary, D width of the stream, H heads, G heads of
keys, K width of a head, F width of a feed-forward part, N and U outputs
of products. The door is lazy, so that `models.configs` costs no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
