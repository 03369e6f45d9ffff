"""What a key of a training run is for; see `core.keys`."""

import enum

from koki2.core.keys import FIRST


class TrainingStream(enum.IntEnum):
    """Streams of a run's key."""

    INIT = FIRST  # the first parameters
    BATCHES = FIRST + 1  # windows that are trained on, by step and microbatch
    DROPOUT = FIRST + 2  # by step and microbatch
    EVALUATION = FIRST + 3  # windows that are evaluated on, the same each time
    SAMPLES = FIRST + 4  # what is drawn after prompts, the same each time
