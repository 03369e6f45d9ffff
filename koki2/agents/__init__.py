"""agents: bodies and brains that act, and may learn within an episode.

May import: core, kernels. Start at `base.Agent`; `recurrent` is the one that evolves,
put together from neurons (`spiking`, `rate`), rules (`plasticity`), `modulators`,
negative controls (`controls`) and biological `constraints`; `register_agent` adds other
families; `scripted` holds the baselines to compare with. The door is lazy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "base": ["Agent", "StepFeedback", "Learning"],
        "catalogue": ["AgentFamily", "AGENTS", "register_agent"],
        "configs": ["AgentConfig"],
        "constraints": ["STRAINS"],
        "navigator": ["navigator"],
        "params": ["AgentParams", "AgentState"],
        "recurrent": ["recurrent"],
        "registry": ["make", "parameter_axes", "parameter_shapes"],
        "scripted": ["greedy", "oracle", "policy", "stay", "walker"],
        "topology": ["random_topology", "Topology"],
    },
)
