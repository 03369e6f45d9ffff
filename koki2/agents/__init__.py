"""agents: bodies and brains that act, and may learn within an episode.

May import: core, kernels, policies. Start at `base.Agent`; `recurrent` is the one that
evolves, put together from neurons (`spiking`, `rate`), rules (`plasticity`),
`modulators`, negative controls (`controls`) and biological `constraints`;
`register_agent` adds other families, which `contracts.agent` checks; `scripted` holds
the baselines to compare with. The door is lazy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
