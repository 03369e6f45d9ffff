#!/bin/sh
# What an NVIDIA GPU does with koki2, in one table: sh tools/gpu_check.sh [--quick] [OUT]
#
# Installs koki2 with CUDA 13 into .venv-cuda, then runs: every kernel against its twin,
# the same small searches on GPU and CPU, whole lives, archives and quality-diversity
# against their peers. Ceilings of copy and matmul are measured in the same processes.
# What each step printed lies in OUT (runs/gpu_check); the table is OUT/table.txt too.
# Exits 1 if a kernel disagrees, or anything failed; the other steps run all the same.
set -u
cd "$(dirname "$0")/.."
quick=
[ "${1:-}" = --quick ] && { quick=--quick; shift; }
out=${1:-runs/gpu_check}
python=.venv-cuda/bin/python
mkdir -p "$out"
command -v nvidia-smi >/dev/null || { echo "gpu check: no NVIDIA driver here" >&2; exit 1; }
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv | tee "$out/gpu.txt"

if [ ! -x $python ]; then
  "${PYTHON:-python3}" -m venv .venv-cuda || exit 1
fi
lock=requirements/cuda13.lock
$python -m pip install -q --require-hashes -r $lock >"$out/install.txt" 2>&1 &&
  $python -m pip install -q 'qdax>=0.5' 'ribs>=0.12' >>"$out/install.txt" 2>&1 &&
  $python -m pip install -q --no-deps -e . >>"$out/install.txt" 2>&1 ||
  { tail -5 "$out/install.txt" >&2; exit 1; }
# Where JAX finds no GPU it would time the CPU in silence.
$python -c 'import jax, sys; sys.exit(jax.default_backend() != "gpu")' ||
  { echo "gpu check: JAX sees no GPU" >&2; exit 1; }

failed=
step() { # step NAME COMMAND...; its JSON goes to OUT/NAME.json
  name=$1
  shift
  echo "== $name"
  $python "$@" --json >"$out/$name.json" 2>"$out/$name.txt" || {
    failed="$failed $name"
    tail -3 "$out/$name.txt"
  }
}
step kernels tools/kernels_check.py $quick
step agrees tools/gpu_agrees.py
step rollout tools/bench/rollout.py $quick
step archive tools/bench/archive.py $quick
step qd_loop tools/bench/qd_loop.py $quick
$python tools/gpu_table.py "$out" | tee "$out/table.txt"
[ -z "$failed" ] || { echo "FAILED:$failed" >&2; exit 1; }
