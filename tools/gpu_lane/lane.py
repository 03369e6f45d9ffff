"""Compiles every GPU kernel, and whole chunks of two searches, for an H200 not here.

Proves that they compile and fit; not that they are right (tests interpret them) nor
how fast they are. `run.sh` beside this calls it with what it needs. Prints a line per
kernel: shared memory as its launch asks for it, registers and spills as ptxas says,
seconds to lower and compile its program. Exits 1 if anything fails.

sh tools/gpu_lane/run.sh                  everything
sh tools/gpu_lane/run.sh attention evo    these ops; "evo" and "qd" are the chunks
python tools/gpu_lane/lane.py 1/2         the first of two halves of everything
"""

import contextlib
import faulthandler
import os
import pathlib
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
from jax.experimental import topologies

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from koki2.core import devices  # noqa: E402
from koki2.evolution import build, WIDE  # noqa: E402
from koki2.kernels import cases  # noqa: E402
from koki2.session import settings  # noqa: E402
from koki2.session.kinds import kind_of  # noqa: E402

TARGET = pathlib.Path(__file__).with_name("h200.txtpb")
SHARED = 227 * 1024  # bytes of shared memory that one program may have, at most
CHUNKS = {"evo": "l1-plastic", "qd": "l0-hazards"}  # kind of run -> its preset
LIMIT = 300  # seconds for one program; a layout that has no solution may take forever
ROW = "{:<28} {:<9} {:<22} {:>9} {:>9} {:>8} {:>7}"
HEADS = ("case", "pass", "kernel", "shared B", "registers", "spill B", "s")


class Launch(NamedTuple):
    """A kernel in a lowered program."""

    name: str
    shared: int  # bytes of dynamic shared memory


class Resources(NamedTuple):
    """What ptxas made of a kernel."""

    registers: int  # of a thread
    spilled: int  # bytes stored to slow memory, for lack of registers


def launches(lowered: jax.stages.Lowered) -> list[Launch]:
    """The Mosaic GPU kernels of a program, in order, read from what it launches."""
    from jaxlib.mlir import ir

    module = lowered.compiler_ir("stablehlo")
    module.context.allow_unregistered_dialects = True
    found: list[Launch] = []

    def visit(op):
        if op.name == "stablehlo.custom_call":
            called = ir.StringAttr(op.attributes["call_target_name"]).value
            if called.startswith("mosaic_gpu"):
                config = ir.DictAttr(op.attributes["mhlo.backend_config"])
                found.append(_launch(ir.StringAttr(config["module"]).value_bytes))
        return ir.WalkResult.ADVANCE

    with module.context:
        module.operation.walk(visit)
    return found


def _launch(bytecode: bytes) -> Launch:
    from jaxlib.mlir import ir

    kernel = ir.Module.parse(bytecode)
    sizes: list[int] = []

    def visit(op):
        if op.name.endswith("gpu.launch"):  # its last operand
            constant = op.operands[len(op.operands) - 1].owner
            sizes.append(ir.IntegerAttr(constant.attributes["value"]).value)
        return ir.WalkResult.ADVANCE

    kernel.operation.walk(visit)
    name = ir.StringAttr(kernel.operation.attributes["sym_name"]).value
    if len(sizes) != 1:
        raise RuntimeError(f"{name}: wanted one launch, found {len(sizes)}")
    return Launch(name, sizes[0])


def resources(said: str) -> dict[str, Resources]:
    """Registers and spills per kernel, from what ptxas said."""
    out = {}
    for part in said.split("Compiling entry function '")[1:]:
        name = part.split("'", 1)[0].removesuffix("_mosaic_gpu_kernel")
        spilled = int(re.search(r"(\d+) bytes spill stores", part)[1])
        out[name] = Resources(int(re.search(r"Used (\d+) registers", part)[1]), spilled)
    return out


@contextlib.contextmanager
def captured() -> Iterator[Callable[[], str]]:
    """Collects what this process, C++ included, writes; gives a function to read it."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as file:

        def read() -> str:
            file.seek(0)
            return file.read().decode(errors="replace")

        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield read
        finally:
            for to, fd in zip((1, 2), kept, strict=True):
                os.dup2(fd, to)
                os.close(fd)


class Lane:
    """Compiles programs for the target, one after the other, and keeps the score."""

    def __init__(self):
        """Describes the device; no CUDA driver is asked."""
        with captured():
            self.topology = topologies.get_topology_desc(
                platform="cuda",
                topology_name="",
                topology="1x1x1",
                target_config=TARGET.read_text(),
            )
        self.mesh = topologies.make_mesh(self.topology, (1,), (devices.ROW,))
        self.failures: list[str] = []
        self.stderr = os.fdopen(os.dup(2), "w")  # also while `captured` listens

    def compile(self, case: str, way: str, function, *shapes) -> None:
        """Lowers and compiles `function` of `shapes`; prints what came of it."""
        whole = jax.NamedSharding(self.mesh, jax.P())
        place = lambda s: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=whole)
        shapes = jax.tree.map(place, shapes)
        start = time.perf_counter()
        faulthandler.dump_traceback_later(LIMIT, exit=True, file=self.stderr)
        with captured() as said:
            problem, kernels, compiled = None, [], None
            try:
                with jax.set_mesh(self.mesh):
                    lowered = jax.jit(function).lower(*shapes)
                    kernels = launches(lowered)
                    compiled = lowered.compile()
            except Exception as error:  # of any compiler: reported, and the lane fails
                problem = f"{type(error).__name__}: {error}"
            output = said()
        faulthandler.cancel_dump_traceback_later()
        seconds = f"{time.perf_counter() - start:.1f}"
        if problem is None:
            problem = over(kernels)
        if problem is None and way not in CHUNKS and not kernels:
            problem = "no kernel in it: the door took another implementation"
        ptxas = resources(output)
        for kernel in kernels:
            used = ptxas.get(kernel.name, ("=", "="))  # compiled before, the same
            print(ROW.format(case, way, *kernel, *used, seconds))
            seconds = ""
        if compiled is not None and not kernels:
            peak = compiled.memory_analysis().temp_size_in_bytes
            print(ROW.format(case, way, f"{peak:,} B of HBM", "", "", "", seconds))
        if problem is not None:
            print(f"!! {case} {way}: {problem}\n{output}")
            self.failures.append(f"{case} {way}")
        sys.stdout.flush()


def over(kernels: list[Launch]) -> str | None:
    """Which kernels need more shared memory than there is; None if none does."""
    large = [f"{k.name} needs {k.shared:,} B" for k in kernels if k.shared > SHARED]
    return (
        f"{', '.join(large)} of shared memory, there are {SHARED:,}" if large else None
    )


def chunk_of(kind: str) -> tuple[Callable, tuple]:
    """The whole chunk of a kind of run, and the shapes it takes."""
    found, problems = settings.resolve(
        settings.Layers(preset=CHUNKS[kind]), {}, None, kind_of(kind)
    )
    if found is None:
        raise ValueError(f"preset {CHUNKS[kind]}: {problems}")
    program = build(found.config, 0, layout=WIDE)
    carry = jax.eval_shape(program.init)
    return lambda carry: program.chunk(carry, found.config.loop.generations), (carry,)


def main(only: list[str]) -> int:
    """Runs the lane for the ops named, or for all."""
    half = only.pop() if only in (["1/2"], ["2/2"]) else None
    known = sorted({case.op for case in cases.CASES}) + [*CHUNKS]
    unknown = set(only) - set(known)
    if unknown:
        print(f"gpu lane: no {', '.join(sorted(unknown))}; there are {known}")
        return 2
    lane = Lane()
    device = lane.topology.devices[0]
    print(
        f"JAX {jax.__version__}, for an {device.device_kind} of compute capability "
        f"{device.compute_capability}, none of which is needed here"
    )
    print(ROW.format(*HEADS))
    for index, case in enumerate(cases.CASES):
        if only and case.op not in only:
            continue
        if half is not None and index % 2 == (half == "1/2"):
            continue
        name, inputs = f"{case.op}/{case.name}", cases.shapes(case)
        ahead = cases.forward(case, "pallas")
        lane.compile(name, "forward", ahead, *inputs)
        if case.wrt:
            like = jax.eval_shape(cases.forward(case, "reference"), *inputs)
            lane.compile(
                name, "backward", cases.backward(case, "pallas"), like, *inputs
            )
    for kind, preset in CHUNKS.items():
        if half != "1/2" and (not only or kind in only):
            with devices.over(lane.mesh):
                function, shapes = chunk_of(kind)
                lane.compile(f"chunk/{preset}", kind, function, *shapes)
    if lane.failures:
        print(f"FAILED to compile for the H200: {', '.join(lane.failures)}")
    return 1 if lane.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
