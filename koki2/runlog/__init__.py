"""runlog: all that a run leaves on disk.

    runs/20261120T101530Z_evo-l0_seed7/
      config.json  manifest.json  generations.jsonl  timing.jsonl  summary.json
      best_genome.npz  mean_genome.npz  checkpoints/step_00000020.{npz,json}

May import: nothing of koki2 but `core` modules without JAX; NumPy only where arrays
are handled. Used by desk and edge alone; rooms below return metrics.
Start at `Run`.
"""

from koki2.runlog.arrays import load_arrays as load_arrays, save_arrays as save_arrays
from koki2.runlog.checkpoint import Checkpoint as Checkpoint
from koki2.runlog.errors import (
    BrokenRunError as BrokenRunError,
    InputError as InputError,
    LockedError as LockedError,
    raising as raising,
)
from koki2.runlog.identity import check_identity as check_identity
from koki2.runlog.listing import list_runs as list_runs, RunInfo as RunInfo
from koki2.runlog.manifest import differences as differences, manifest as manifest
from koki2.runlog.reading import (
    read_artifact as read_artifact,
    read_config as read_config,
    read_genome as read_genome,
    read_kind as read_kind,
    read_manifest as read_manifest,
    read_objects as read_objects,
    read_rows as read_rows,
    read_summary as read_summary,
    read_timing as read_timing,
)
from koki2.runlog.run import Run as Run
