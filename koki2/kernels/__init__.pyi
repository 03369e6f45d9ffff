"""What `koki2.kernels` exports: for its door, type checkers and editors."""

from .attention import attention as attention
from .correlation import correlation as correlation
from .edge_sum import edge_sum as edge_sum, in_table as in_table
from .effective_rank import (
    both_ranks as both_ranks,
    count_rank as count_rank,
    effective_rank as effective_rank,
)
from .ladder_matmul import ladder_matmul as ladder_matmul
