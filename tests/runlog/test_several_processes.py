"""Two processes hold a state together; one of them writes it; any number reads it."""

import os
import pathlib
import socket
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.core.trees import unpack
from koki2.runlog import checkpoint

ROOT = pathlib.Path(__file__).parents[2]

PROCESS = """
import sys
import jax
rank, address, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
jax.distributed.initialize(address, num_processes=2, process_id=rank)
import jax.numpy as jnp, numpy as np
from jax.experimental import multihost_utils
from koki2.core.trees import pack
from koki2.runlog import checkpoint
checkpoint.ORBAX_BYTES = -1  # but Orbax is not for several processes
mesh = jax.make_mesh((4,), ("p",), axis_types=(jax.sharding.AxisType.Auto,))
rows = jax.NamedSharding(mesh, jax.P("p"))
make = lambda a: jax.make_array_from_callback(a.shape, rows, lambda i: a[i])
state = {"genomes": make(np.arange(8.0).reshape(4, 2)), "best": jnp.float32(7)}
state["keys"] = jax.jit(
    lambda: jax.random.split(jax.random.key(3), 4), out_shardings=rows
)()
arrays = pack(state)  # both must
if rank == 0:
    checkpoint.save(folder, 1, arrays, {})
multihost_utils.sync_global_devices("saved")
jax.distributed.shutdown()
"""


@pytest.mark.slow
def test_what_two_processes_hold_is_packed_by_both_and_written_by_one(tmp_path):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    flags = "--xla_force_host_platform_device_count=2"
    environment = {**os.environ, "XLA_FLAGS": flags, "PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, rank, address, str(tmp_path)],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    for process in both:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    like = jax.eval_shape(
        lambda: {
            "genomes": jnp.zeros((4, 2)),
            "best": jnp.float32(0),
            "keys": jax.random.split(jax.random.key(0), 4),
        }
    )
    state = unpack(like, checkpoint.load_newest(tmp_path).arrays)
    assert state["genomes"].tolist() == np.arange(8.0).reshape(4, 2).tolist()
    assert state["best"] == 7
    expected = jax.random.key_data(jax.random.split(jax.random.key(3), 4))
    np.testing.assert_array_equal(jax.random.key_data(state["keys"]), expected)
    assert (tmp_path / "step_00000001.npz").exists()
