"""What `koki2.genomes` exports: for its door, type checkers and editors."""

from .base import Genome as Genome
from .candidates import nearest_topology as nearest_topology
from .catalogue import (
    GenomeEntry as GenomeEntry,
    GENOMES as GENOMES,
    register_genome as register_genome,
)
from .configs import (
    GenomeConfig as GenomeConfig,
    GroupMutation as GroupMutation,
    MutationConfig as MutationConfig,
)
from .cppn import cppn as cppn
from .direct import direct as direct
from .mutation import (
    catastrophic_rate as catastrophic_rate,
    groups as groups,
    mutation as mutation,
)
from .registry import make as make, wiring as wiring
