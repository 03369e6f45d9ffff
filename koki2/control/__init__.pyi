"""What `koki2.control` exports: for its door, type checkers and editors."""

from .batch_size import (
    batch_size as batch_size,
    BatchSize as BatchSize,
    BatchState as BatchState,
    Decision as Decision,
    microbatch_of as microbatch_of,
    REASONS as REASONS,
)
from .configs import SYMBIO_PRESET as SYMBIO_PRESET, SymbioConfig as SymbioConfig
from .spelling import snake_keys as snake_keys, symbio_json as symbio_json
