"""Array names shared by all rooms.

Axis letters, declared once: B batch, P population, E episodes, D genome, N neurons,
S synapses, K sources, A actions, O observation, T time, L levels.
"""

from jaxtyping import Array, PRNGKeyArray

Key = PRNGKeyArray
__all__ = ["Array", "Key"]
