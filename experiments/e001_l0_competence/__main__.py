"""E001: OpenAI-ES on L0.2 against greedy, random, stay and oracle, on unseen lives.

Question, prediction and verdict stand in README.md beside this file; this writes
results.json, results.md and unseen.png next to it, and a run folder per seed.

    python -m experiments.e001_l0_competence [--smoke]
"""

import dataclasses
import json
import pathlib

import numpy as np
import tyro

from koki2.cli import startup, xla_flags
from koki2.evolution.configs import (
    ChemotaxisConfig,
    EvolutionConfig,
    FitnessConfig,
    LoopConfig,
    SearchConfig,
)

HERE = pathlib.Path(__file__).parent
WORLD = ChemotaxisConfig(
    num_sources=4, num_bad_sources=2, bad_source_integrity_loss=0.25
)
