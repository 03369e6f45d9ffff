#!/bin/sh
# Compiles our GPU kernels for an H200 on a machine without a GPU: run.sh [OP...]
#
# Borrows .venv and puts beside it, in .venv-gpu, the two packages that hold JAX's GPU
# compiler, as requirements/cuda13.lock pins them, and nothing of the CUDA toolkit.
# Where that cannot be it says so loudly and exits 0; a kernel that no longer compiles
# exits 1.
set -eu
cd "$(dirname "$0")/../.."
python=.venv/bin/python
home=.venv-gpu
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_USER=0

did_not_run() {
  echo "!! THE GPU LANE DID NOT RUN: $* !!"
  exit 0
}

[ -x $python ] || { echo "gpu lane: make setup first, $python is missing" >&2; exit 1; }
machine=$(uname -sm)
[ "$machine" = "Linux x86_64" ] || did_not_run "it needs Linux x86_64, this is $machine"
$python -c 'import jax, sys; sys.exit(jax.__version_info__ < (0, 11))' ||
  did_not_run "it needs JAX >= 0.11 (Python >= 3.12)"

pins=$(awk '/^[a-z]/ { mine = /^jax-cuda13-(pjrt|plugin)==/ } mine && !/#/' \
  requirements/cuda13.lock)
[ -n "$pins" ] || { echo "gpu lane: cuda13.lock pins no jax-cuda13 packages" >&2; exit 1; }
wanted="$($python -VV | tr '\n' ' ')$(echo "$pins" | cksum)"
if [ "$(cat $home/.ready 2>/dev/null)" != "$wanted" ]; then
  echo "gpu lane: installing JAX's GPU compiler into $home (400 MB)"
  rm -rf $home
  mkdir $home
  echo "$pins" >$home/pins.lock
  if ! said=$($python -m pip install -q --no-deps --require-hashes \
    --only-binary :all: --target $home -r $home/pins.lock 2>&1); then
    printf '%s\n' "$said" >&2
    case $said in
      *"DO NOT MATCH THE HASHES"*) exit 1 ;;
    esac
    did_not_run "pip found no jax-cuda13-plugin and jax-cuda13-pjrt for it"
  fi
  echo "$wanted" >$home/.ready
fi
export JAX_PLATFORMS=cpu MOSAIC_GPU_DUMP_PTXAS=1
export PYTHONPATH=$home
[ $# -eq 0 ] || exec $python tools/gpu_lane/lane.py "$@"
$python tools/gpu_lane/lane.py 2/2 >$home/second.txt 2>&1 &
code=0
$python tools/gpu_lane/lane.py 1/2 || code=1
wait $! || code=1
sed 1,2d $home/second.txt  # its heading was said already
exit $code
