"""Devices: a mesh of one axis, and shardings over it."""

import jax

ROW = "chunks"  # the axis of the mesh


def mesh() -> jax.sharding.Mesh:
    """The mesh of all devices, along one axis."""
    kind = (jax.sharding.AxisType.Auto,)
    return jax.make_mesh((jax.device_count(),), (ROW,), axis_types=kind)


def replicated() -> jax.NamedSharding:
    """The sharding of an array that every device holds as a whole."""
    return jax.NamedSharding(mesh(), jax.P())


def sharded() -> jax.NamedSharding:
    """The sharding of an array that is split over the devices along its first axis."""
    return jax.NamedSharding(mesh(), jax.P(ROW))


def replicate(tree):
    """Replicates a tree on every device, so that XLA always adds up in one order."""
    return jax.lax.with_sharding_constraint(tree, replicated())
