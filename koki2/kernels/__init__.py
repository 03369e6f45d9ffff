"""kernels: hot operations, each a folder with a plain twin. May import: core.

Which twin runs is decided in `dispatch`; the sizes at which GPU kernels are tested,
compiled and timed stand in `cases`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "attention": ["attention"],
        "correlation": ["correlation"],
        "edge_sum": ["edge_sum", "in_table"],
        "effective_rank": ["count_rank", "effective_rank"],
        "ladder_matmul": ["ladder_matmul"],
        "plastic_rollout": ["plastic_rollout", "Rollout"],
    },
)
