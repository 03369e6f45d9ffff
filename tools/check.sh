#!/bin/sh
# Passes or fails the project: sh tools/check.sh [STEP...]
#
# Steps: format lint types imports docs strict py311 gpu processes bursts golden bits tests slow.
# Without any: all but slow, and docs, py311, gpu to golden only where CI is set. Every step runs
# even if one before it failed; the tests come last, so that their count is the closing line.
# JOBS=n sets how many test processes run at once (2).
set -u
cd "$(dirname "$0")/.."
bin=.venv/bin
strict=tests/discipline/strict
# Under these flags XLA neither fuses nor reorders, so jit, vmap and scan owe the very
# bits of plain Python; see docs/determinism.md.
strict_flags="--xla_cpu_max_isa=AVX --xla_allow_excess_precision=false"
strict_flags="$strict_flags --xla_disable_hlo_passes=fusion,algsimp,dot-library-rewriter,constant_folding"
# Compiles in a third of the time, to slower code whose last bits may differ.
fast_compile="--xla_backend_optimization_level=0 --xla_cpu_parallel_codegen_split_count=1"
fast_compile="$fast_compile --xla_llvm_disable_expensive_passes=true"
fast_compile="$fast_compile --xla_backend_extra_options=xla_cpu_disable_new_fusion_emitters"
# Tests of promises about bits under default flags; the others run under `fast_compile`.
bits="tests/golden tests/discipline tests/test_stage0_determinism.py tests/lanes tests/bench
  tests/contracts/test_programs.py tests/envs/test_published_baselines.py
  tests/evolution/test_evolve.py tests/evolution/test_heldout.py
  tests/evolution/test_rollout.py tests/kernels/test_edge_sum.py
  tests/search/test_archive.py tests/cli/test_killed.py tests/cli/test_replay.py
  tests/docs/test_digits.py"
failed=

run() { # run NAME COMMAND...
  name=$1
  shift
  echo "== $name"
  "$@" || failed="$failed $name"
}

quietly() { # says something only when it fails
  said=$("$@" 2>&1) || { printf '%s\n' "$said"; return 1; }
}

marked="not slow"
tests() { # tests PYTHON ARGUMENT...; those `marked`, in two processes
  python=$1
  shift
  "$python" -m pytest -q -n "${JOBS:-2}" --dist worksteal --durations=40 -m "$marked" "$@"
}

other_tests() { # all but those of bits, unoptimised
  ignored=
  for path in $bits; do ignored="$ignored --ignore=$path"; done
  (export XLA_FLAGS="${XLA_FLAGS:-} $fast_compile" && tests "$1" $ignored)
}

slow() { # slow COMMAND ARGUMENT...; the slow tests in place of the quick ones
  (marked=slow && "$@")
}

slow_tests() { # slow_tests PATH...; their slow ones, one at a time, under default flags
  "$bin/python" -m pytest -q -m slow "$@"
}

strict_tests() { # in processes of their own, for XLA reads its flags once; none run = failed
  (export XLA_FLAGS="${XLA_FLAGS:-} $strict_flags" && tests "$1" "$strict")
}

py311() {
  if [ "$("$bin/python" -c 'import sys; print(*sys.version_info[:2])')" = "3 11" ]; then
    echo "The main environment is Python 3.11 already: the tests below are this lane."
    return
  fi
  sh tools/setup.sh .venv-3.11 3.11
  code=$?
  if [ $code = 3 ]; then
    echo "!! THE PYTHON 3.11 LANE DID NOT RUN: no working Python 3.11 on this machine !!"
    return
  fi
  # The rooms whose bits hang on JAX's version; the whole suite is the gold lane's.
  [ $code = 0 ] && tests .venv-3.11/bin/python \
    tests/core tests/lanes tests/kernels/test_edge_sum.py tests/kernels/test_dispatch.py \
    tests/runlog/test_runs.py tests/golden \
    tests/envs/test_published_baselines.py
}

strict_if_there() {
  if [ -d "$strict" ]; then
    strict_tests "$1"
  else
    echo "!! THE STRICT-BITS LANE DID NOT RUN: $strict is not there !!"
  fi
}

[ $# -gt 0 ] || set -- format lint types imports ${CI:+docs} strict ${CI:+py311 gpu processes bursts golden} bits tests
for step; do
  case $step in
    format) run format "$bin/ruff" format --check --quiet --output-format concise . ;;
    lint) run lint "$bin/ruff" check --quiet --output-format concise . ;;
    types) run types quietly "$bin/pyrefly" check --summary=none ;;
    imports) run imports quietly "$bin/lint-imports" --no-logo ;;
    docs) run docs quietly env NO_MKDOCS_2_WARNING=1 "$bin/mkdocs" build --strict ;;
    strict) run strict-bits strict_if_there "$bin/python" ;;
    py311) run python-3.11 py311 ;;
    gpu) run gpu sh tools/gpu_lane/run.sh ;;
    processes) run processes slow_tests tests/cli/test_distributed.py ;;
    bursts) run bursts slow_tests tests/bursts ;;
    golden) run golden slow_tests tests/golden/test_golden.py -k test_our_own_set ;;
    bits) run bits tests "$bin/python" $bits ;;
    tests) run tests other_tests "$bin/python" ;;
    slow)
      bits="$bits tests/docs/test_shown_commands.py" # as a reader types them: optimised
      run slow-strict-bits slow strict_tests "$bin/python"
      run slow-bits slow tests "$bin/python" $bits
      run slow slow other_tests "$bin/python"
      ;;
    *) echo "check: no step '$step'" >&2; exit 2 ;;
  esac
done
[ -z "$failed" ] || { echo "FAILED:$failed" >&2; exit 1; }
