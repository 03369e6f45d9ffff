"""genomes: what is inherited, and how it develops into an agent's parameters.

May import: core, kernels, agents. Start at `base.Genome`. The door is lazy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"base": ["Genome"], "direct": ["direct"]}
)
