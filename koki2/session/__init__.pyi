"""What `koki2.session` exports: for its door, type checkers and editors."""

from .corpora import (
    CORPORA as CORPORA,
    Corpus as Corpus,
    read_corpus as read_corpus,
    register_corpus as register_corpus,
)
from .driver import Chunk as Chunk, finish as finish, Sink as Sink
from .folders import read_folder as read_folder, RunFolder as RunFolder
from .kinds import Column as Column, Kind as Kind, KINDS as KINDS
from .python import evaluate as evaluate, load as load, probe as probe, run as run
from .trained import (
    draw_text as draw_text,
    read_trained as read_trained,
    Trained as Trained,
)
from .trainings import build_trainings as build_trainings
