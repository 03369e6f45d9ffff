"""Every GPU kernel against its twin: are they equal, and how fast are they?

On a Hopper GPU each case of koki2/kernels/cases.py is drawn afresh and run by kernel
and reference; the errors of both against the reference in float64 are shown, and with
them seconds (median), bytes and floating-point operations per second as shares of what
this GPU did a moment before with a long copy and a large product, and how many times as
fast the kernel is as the best other program: the reference as XLA compiles it, and of
attention, cuDNN's as well. Elsewhere there is nothing to time: it says so, and checks
what can be checked: that every kernel has its cases, that the reference agrees with
itself in float64, and that the kernels, interpreted, agree with it. Exits 1 if anything
disagrees.

    python tools/kernels_check.py [OP...] [--quick] [--json] [--seed N]
"""

import argparse
import dataclasses
import json
import pathlib
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from koki2 import kernels  # noqa: E402
from koki2.kernels import cases, dispatch  # noqa: E402
from koki2.kernels.cases import Case  # noqa: E402

COPY = 1 << 28  # floats: 1 GiB read, 1 GiB written
MATMUL = 8192
HEADS = (
    *(
        "case",
        "pass",
        "kernel err",
        "reference err",
        "allowed",
        "ms",
        "GB/s",
        "of copy",
    ),
    *("TFLOP/s", "of matmul", "vs", "times"),
)
ROW = "{:<26} {:<9} {:>10} {:>13} {:>8} {:>9} {:>7} {:>7} {:>8} {:>9} {:>6} {:>6}"


@dataclasses.dataclass(kw_only=True)
class Result:
    """What was found of one case, one way. None: not measured."""

    case: str
    way: str  # forward or backward
    by: str  # the implementation held against the reference
    error: float | None = None  # of it, as a share of the largest number
    reference_error: float | None = None
    allowed: float | None = None
    problem: str | None = None
    seconds: float | None = None
    gigabytes: float | None = None  # per second, each input and output counted once
    of_copy: float | None = None
    teraflops: float | None = None
    of_matmul: float | None = None
    rival: str | None = None  # the fastest other program
    times: float | None = None  # how many times as fast as that


def main(argv: Sequence[str] | None = None) -> int:
    """Checks the ops named, or all; prints; says whether all is well by its result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ops", nargs="*", metavar="OP", help="these kernels only")
    parser.add_argument("--quick", action="store_true", help="one case per kernel")
    parser.add_argument("--json", action="store_true", help="print results as JSON")
    parser.add_argument("--seed", type=int, default=None, help="of inputs; else new")
    arguments = parser.parse_args(argv)
    known = {case.op for case in cases.CASES}
    if unknown := set(arguments.ops) - known:
        parser.error(f"no {', '.join(sorted(unknown))}; there are {sorted(known)}")
    seed = time.time_ns() % 2**32 if arguments.seed is None else arguments.seed

    obstacle = dispatch.no_mosaic() or dispatch.no_hopper()
    head = f"inputs of seed {seed}; jax {jax.__version__}, {jax.devices()[0]}"
    if obstacle is not None:
        head = f"NO KERNEL WAS RUN OR TIMED HERE: {obstacle}\n{head}"
    problems = incomplete(cases.CASES)
    use = "tiny" if obstacle else "bench"
    todo = chosen(use, arguments.ops, arguments.quick)
    check = without_gpu if obstacle else on_gpu
    if not arguments.json:
        print(head)
        print(ROW.format(*HEADS))
    results = []
    for result in check(todo, jax.random.key(seed)):
        results.append(result)
        if not arguments.json:
            print(line(result), flush=True)
    problems += [f"{r.case} {r.way}: {r.problem}" for r in results if r.problem]
    if arguments.json:
        rows = [dataclasses.asdict(result) for result in results]
        print(json.dumps({"head": head, "problems": problems, "rows": rows}, indent=1))
    elif problems:
        print("DISAGREE:", *problems, sep="\n  ")
    else:
        print(f"{len(results)} checks, all well")
    return 1 if problems else 0


def incomplete(some: Sequence[Case]) -> list[str]:
    """Kernels without a case to test or to time, and cases without a kernel."""
    folder = pathlib.Path(kernels.__file__).parent
    there = {path.parent.name for path in folder.glob("*/pallas.py")}
    found = []
    for use in ("tiny", "bench"):
        have = {case.op for case in some if case.use == use}
        found += [f"{op} has no {use} case" for op in sorted(there - have)]
        found += [f"{op} has cases and no kernel" for op in sorted(have - there)]
    return found


def chosen(use: str, ops: Sequence[str], quick: bool) -> list[Case]:
    """The cases of a use; quick: only the first of each op."""
    out, seen = [], set()
    for case in cases.CASES:
        if case.use != use or (ops and case.op not in ops):
            continue
        if not (quick and case.op in seen):
            out.append(case)
        seen.add(case.op)
    return out


def without_gpu(todo: Sequence[Case], key):
    """Each case interpreted, where this JAX can; else only the reference."""
    by = "reference" if dispatch.no_mosaic() else "interpret"
    for index, case in enumerate(todo):
        for way in ways(case):
            yield compare(case, way, by, jax.random.fold_in(key, index))[0]


def on_gpu(todo: Sequence[Case], key):
    """Each case by the kernel, compared and timed."""
    bytes_per_s, flop_per_s = ceilings()
    for index, case in enumerate(todo):
        for way in ways(case):
            result, inputs = compare(
                case, way, "pallas", jax.random.fold_in(key, index)
            )
            yield timed(result, case, way, inputs, bytes_per_s, flop_per_s)


def ways(case: Case) -> tuple[str, ...]:
    return ("forward", "backward") if case.wrt else ("forward",)


def program(case: Case, way: str, implementation) -> Callable[..., Any]:
    make = cases.forward if way == "forward" else cases.backward
    return jax.jit(make(case, implementation))


def compare(case: Case, way: str, by, key) -> tuple[Result, tuple]:
    """An implementation and the reference, against the reference in float64."""
    key_inputs, key_out = jax.random.split(key)
    inputs = case.inputs(key_inputs)
    if way == "backward":
        inputs = (cases.cotangents(case, key_out), *inputs)
    ours = program(case, way, by)(*inputs)
    theirs = program(case, way, "reference")(*inputs)
    with jax.enable_x64(True):
        exact = program(case, way, "reference")(*jax.tree.map(wider, inputs))
    result = Result(case=f"{case.op}/{case.name}", way=way, by=by)
    result.error = distance(ours, exact)
    result.reference_error = distance(theirs, exact)
    result.allowed = result.reference_error + case.tolerance  # twin from twin
    if not result.error <= result.allowed < 0.1:  # NaN is not
        result.problem = f"error {result.error:.2g}, allowed {result.allowed:.2g}"
    return result, inputs


def wider(x):
    """Floats as float64; the rest as it is."""
    return x.astype(jnp.float64) if jnp.issubdtype(x.dtype, jnp.floating) else x


def distance(ours, exact) -> float:
    """Largest difference as a share of the largest number, of the worst output."""
    errors = []
    for a, b in zip(*map(jax.tree.leaves, (ours, exact)), strict=True):
        a, b = (np.asarray(x, np.float64) for x in (a, b))
        largest = np.abs(b).max()
        errors.append(np.abs(a - b).max() / (largest if largest else 1.0))
    return float(np.max(errors))


def timed(result: Result, case: Case, way, inputs, bytes_per_s, flop_per_s) -> Result:
    """The result, with how long it took, and its rivals."""
    run = program(case, way, "pallas")
    result.seconds = seconds(run, inputs)
    moved = sum(x.nbytes for x in jax.tree.leaves((inputs, run(*inputs))))
    result.gigabytes = moved / result.seconds / 1e9
    result.of_copy = moved / result.seconds / bytes_per_s
    if (flop := work(case, way)) is not None:
        result.teraflops = flop / result.seconds / 1e12
        result.of_matmul = flop / result.seconds / flop_per_s["bfloat16"]
    took = {"XLA": seconds(program(case, way, "reference"), inputs)}
    if case.op == "attention":
        took["cuDNN"] = seconds(jax.jit(by_cudnn(case, way)), inputs)
    result.rival = min(took, key=took.__getitem__)
    result.times = took[result.rival] / result.seconds
    return result


def by_cudnn(case: Case, way: str) -> Callable[..., Any]:
    """Attention as cuDNN does it."""
    causal = case.name != "full"
    cudnn = lambda *qkv, implementation: jax.nn.dot_product_attention(
        *qkv, is_causal=causal, implementation="cudnn"
    )
    other = case._replace(function=cudnn)
    make = cases.forward if way == "forward" else cases.backward
    return make(other, "reference")


def work(case: Case, way: str) -> float | None:
    """Floating-point operations that the formula asks for; None where not counted."""
    shapes = [x.shape for x in cases.shapes(case)]
    if case.op == "attention":
        batch, length, heads, width = shapes[0]
        forward = 4.0 * batch * heads * length**2 * width
        forward *= 0.5 if case.name != "full" else 1.0  # causal: half the pairs
        return forward * (1.0 if way == "forward" else 3.5)
    if case.op == "ladder_matmul" and way == "forward":
        (items, wide), (_, out), (_, _, ranks) = shapes[0], shapes[1], shapes[2]
        return 2.0 * items * (wide * out + ranks * (wide + out))
    if case.op == "correlation" and way == "forward":
        rows, width = shapes[0]
        return 2.0 * rows * width**2
    return None


def ceilings() -> tuple[float, dict[str, float]]:
    """Bytes per second of a long copy, and FLOP/s of a large product, at best."""
    long = jnp.ones(COPY, jnp.float32)
    bytes_per_s = 2 * long.nbytes / seconds(jax.jit(lambda x: -x), (long,))
    flop_per_s = {}
    for kind in ("bfloat16", "float32"):
        a = jnp.ones((MATMUL, MATMUL), kind)
        product = jax.jit(lambda a: jnp.dot(a, a, precision="highest"))
        flop_per_s[kind] = 2.0 * MATMUL**3 / seconds(product, (a,))
    return bytes_per_s, flop_per_s


def seconds(run: Callable[..., Any], inputs, samples: int = 15) -> float:
    """Median per call, after warm-up; several calls per sample if they are short."""
    jax.block_until_ready(run(*inputs))
    start = time.perf_counter()
    jax.block_until_ready(run(*inputs))
    calls = max(1, min(200, round(0.02 / (time.perf_counter() - start))))
    found = []
    for _ in range(samples):
        start = time.perf_counter()
        for _ in range(calls):
            out = run(*inputs)
        jax.block_until_ready(out)
        found.append((time.perf_counter() - start) / calls)
    return statistics.median(found)


def line(result: Result) -> str:
    """The result as a row of the table."""
    tell = lambda x, form="{:.3g}": "" if x is None else form.format(x)
    milliseconds = None if result.seconds is None else 1e3 * result.seconds
    return ROW.format(
        *(result.case, result.way, tell(result.error), tell(result.reference_error)),
        *(tell(result.allowed), tell(milliseconds), tell(result.gigabytes)),
        *(tell(result.of_copy), tell(result.teraflops), tell(result.of_matmul)),
        *(result.rival or "", tell(result.times)),
    ).rstrip()


if __name__ == "__main__":
    sys.exit(main())
