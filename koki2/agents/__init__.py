"""agents: bodies and brains that act, and may learn within a life.

May import: core, kernels. Start at `base.Agent`; `spiking` is the one that evolves,
`scripted` holds the baselines it is read against. The door is lazy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "base": ["Agent", "Consequence", "Learning"],
        "configs": ["AgentConfig"],
        "navigator": ["navigator"],
        "registry": ["make", "parameter_shapes"],
        "scripted": ["greedy", "oracle", "policy", "stay", "walker"],
        "spiking": ["spiking", "SpikingParams", "SpikingState"],
        "topology": ["random_topology", "Topology"],
    },
)
