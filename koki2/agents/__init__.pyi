"""What `koki2.agents` exports: for its door, type checkers and editors."""

from .base import Agent as Agent, Learning as Learning, StepFeedback as StepFeedback
from .catalogue import (
    AgentFamily as AgentFamily,
    AGENTS as AGENTS,
    register_agent as register_agent,
)
from .configs import AgentConfig as AgentConfig, SensesConfig as SensesConfig
from .constraints import STRAINS as STRAINS
from .navigator import navigator as navigator
from .params import AgentParams as AgentParams, AgentState as AgentState
from .recurrent import recurrent as recurrent
from .registry import (
    make as make,
    parameter_axes as parameter_axes,
    parameter_shapes as parameter_shapes,
)
from .scripted import (
    greedy as greedy,
    policy as policy,
    stay as stay,
    straight_planner as straight_planner,
    timed as timed,
    walker as walker,
)
from .topology import random_topology as random_topology, Topology as Topology
