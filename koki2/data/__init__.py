"""data: text as tokens: documents, tokenizers, parts and batches. May import: core.

Bytes come in and tokens go out; files are read and mapped by `koki2.session.corpora`.
Start at `tokenizer.Tokenizer`; `deal` says what is trained on and what is held out,
`batches` what a step sees, `plan` whether a training is worth beginning. Axis letters:
B batch, T tokens, V vocabulary. The door is lazy, so that `data.configs` costs no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
