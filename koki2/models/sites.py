"""Sites: the places of a model at which adapters, probes and edits reach in.

After attention and after the feed-forward part, once each has been added to the stream
(`at_site`); and in place of each of the four products of a block (`at_projection`).
Every place has a `surface_uid`, a whole number that never changes: by it they are
ordered and told apart. Imports no JAX.

Source: seed 001, tracks A1 and A2.
"""

import enum
from collections.abc import Callable
from typing import Any, NamedTuple

from koki2.models.configs import GptConfig


class Host(enum.IntEnum):
    """What kind of model a place is in. New kinds go to the end."""

    TRANSFORMER = 0


class Site(enum.IntEnum):
    """Which half of a block."""

    POST_ATTENTION = 0
    POST_MLP = 1


class Role(enum.IntEnum):
    """What is there: the stream itself, or a product."""

    STREAM = 0
    QKV = 1
    O = 2  # noqa: E741, its name in the field
    MLP_UP = 3
    MLP_DOWN = 4


class Sites(NamedTuple):
    """What to do at the places of a model; None: nothing, and no trace of it is left.

    Both are called once per place while the model is traced, so what they close over
    may differ by place. What they keep of what they see can be returned by the same
    program, but not where blocks are rematerialised.
    """

    at_site: Callable[[int, Any], Any] | None = None
    """(uid, stream [B, T, D]) -> the stream from there on."""
    at_projection: Callable[[int, Any, Any], Any] | None = None
    """(uid, x [R, M], w [M, N]) -> [R, N] in place of x @ w; a bias comes after. A row
    is a position, R = B T, in the order of the batch."""


class Surface(NamedTuple):
    """A place of a model."""

    uid: int
    depth: int
    """Which block, from 0."""
    site: Site
    role: Role
    inputs: int
    """Numbers that come in at each position, M."""
    outputs: int
    """Numbers that go out, N."""


def surface_uid(
    depth: int, site: Site, role: Role = Role.STREAM, host: Host = Host.TRANSFORMER
) -> int:
    """Returns the number of a place: host, depth, site and role in 31 bits.

    Raises:
      ValueError: depth is below 0 or above 65535.

    Example:
      >>> surface_uid(1, Site.POST_MLP, Role.MLP_UP)
      275
    """
    if not 0 <= depth < 1 << 16:
        raise ValueError(f"depth must be in 0 to 65535, got {depth}.")
    return host << 24 | depth << 8 | site << 4 | role


def surfaces(config: GptConfig) -> tuple[Surface, ...]:
    """Lists every place of a model, by `surface_uid`.

    Example:
      >>> [place.role.name for place in surfaces(GptConfig(layers=1))]
      ['STREAM', 'QKV', 'O', 'STREAM', 'MLP_UP', 'MLP_DOWN']
    """
    dim, width = config.dim, config.ffn_width
    rows = (
        (Site.POST_ATTENTION, Role.STREAM, dim, dim),
        (Site.POST_ATTENTION, Role.QKV, dim, config.qkv_width),
        (Site.POST_ATTENTION, Role.O, dim, dim),
        (Site.POST_MLP, Role.STREAM, dim, dim),
        (Site.POST_MLP, Role.MLP_UP, dim, config.up_width),
        (Site.POST_MLP, Role.MLP_DOWN, width, dim),
    )
    return tuple(
        Surface(surface_uid(depth, site, role), depth, site, role, inputs, outputs)
        for depth in range(config.layers)
        for site, role, inputs, outputs in rows
    )
