"""What `koki2.search.emitters` exports: for its door, type checkers and editors."""

from .base import (
    draw as draw,
    Elites as Elites,
    Emitter as Emitter,
    parents_of as parents_of,
)
from .catalogue import (
    EmitterEntry as EmitterEntry,
    EMITTERS as EMITTERS,
    register_emitter as register_emitter,
)
from .parents import gaussian as gaussian, iso_line as iso_line, mutation as mutation
from .registry import make as make
from .strategies import improvement as improvement, novelty as novelty
