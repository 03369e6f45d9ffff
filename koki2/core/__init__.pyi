"""What `koki2.core` exports: for its door, type checkers and editors."""

from . import devices as devices
from .configs import check as check
from .keys import episode_keys as episode_keys, Stream as Stream, stream as stream
from .schedules import phase as phase, smoothstep as smoothstep
from .trees import pack as pack, unpack as unpack
from .types import Key as Key, Keys as Keys
