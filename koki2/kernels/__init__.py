"""kernels: hot operations, each a folder with a plain twin. May import: core."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"edge_sum": ["edge_sum", "in_table"]}
)
