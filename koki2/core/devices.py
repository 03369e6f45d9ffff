"""Devices: all of them in a row, and what lies on each."""

import jax

ROW = "chunks"  # the name of the one axis of the mesh


def mesh() -> jax.sharding.Mesh:
    """All devices in a row."""
    kind = (jax.sharding.AxisType.Auto,)
    return jax.make_mesh((jax.device_count(),), (ROW,), axis_types=kind)


def everywhere() -> jax.NamedSharding:
    """The sharding of what every device holds whole."""
    return jax.NamedSharding(mesh(), jax.P())


def spread() -> jax.NamedSharding:
    """The sharding of what is split between the devices along its first axis."""
    return jax.NamedSharding(mesh(), jax.P(ROW))


def whole(tree):
    """Holds a tree whole on every device, lest XLA adds up in another order."""
    return jax.lax.with_sharding_constraint(tree, everywhere())
