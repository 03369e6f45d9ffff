"""genomes: what is inherited, how it develops into an agent, how children differ.

May import: core, kernels, agents. Start at `base.Genome`; `direct` copies genes into an
agent, `cppn` grows one of any size from few rules, `register_genome` adds other
encodings. The door is lazy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "base": ["Genome"],
        "candidates": ["nearest_topology"],
        "catalogue": ["GenomeEntry", "GENOMES", "register_genome"],
        "configs": ["GenomeConfig", "GroupMutation", "MutationConfig"],
        "cppn": ["cppn"],
        "direct": ["direct"],
        "mutation": ["catastrophic_rate", "groups", "mutation"],
        "registry": ["make", "wiring"],
    },
)
