"""training: language models that learn a text: optimisers, the step, evaluations.

May import every room below but `runlog` and `pictures`: metrics are returned, the edge
writes. Start at `step` (one update) and `train` (a whole run, as a program in chunks).
Axis letters: D numbers of a model in one flat vector, P prompts; else as in `data` and
`models`. The door is lazy, so that `training.configs` costs no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
