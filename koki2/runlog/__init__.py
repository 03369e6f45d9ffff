"""runlog: all that a run leaves on disk, and nothing it did not mean to.

    runs/20261120T101530Z_evo-l0_seed7/
      config.json  manifest.json  generations.jsonl  timing.jsonl  summary.json
      best_genome.npz  mean_genome.npz  checkpoints/step_00000020.{npz,json}

May import: nothing of koki2 but `core` modules without JAX; NumPy only where arrays
are handled. Used by the edge (`cli`, experiments) alone; rooms below return metrics.
Start at `Run`.
"""

from koki2.runlog.arrays import load_arrays as load_arrays, save_arrays as save_arrays
from koki2.runlog.checkpoint import Checkpoint as Checkpoint
from koki2.runlog.errors import (
    BrokenRunError as BrokenRunError,
    InputError as InputError,
    LockedError as LockedError,
)
from koki2.runlog.listing import list_runs as list_runs, RunInfo as RunInfo
from koki2.runlog.manifest import differences as differences, manifest as manifest
from koki2.runlog.reading import (
    read_arrays as read_arrays,
    read_config as read_config,
    read_genome as read_genome,
    read_manifest as read_manifest,
    read_rows as read_rows,
    read_summary as read_summary,
    read_timing as read_timing,
)
from koki2.runlog.run import Run as Run
