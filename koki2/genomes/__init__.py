"""genomes: what is inherited, how it develops into an agent, how children differ.

May import: core, kernels, agents. Start at `base.Genome`; `direct` copies genes into an
agent, `cppn` grows one of any size from few rules, `register_genome` adds other
encodings, which `contracts.genome` checks. The door is lazy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
