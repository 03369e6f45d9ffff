#!/bin/sh
# Unpacks the source on a pod and installs the packages of a lock file: prepare.sh [LOCK]
set -eu
cd "$(dirname "$0")"
rm -rf src
mkdir src
tar -C src -xzf source.tar.gz

if ! command -v rsync >/dev/null; then # which brings the results back
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y rsync
fi

[ -n "${1:-}" ] || exit 0
cd src
command -v uv >/dev/null || python3 -m pip install --quiet uv ||
  python3 -m pip install --quiet --break-system-packages uv # of a newer Ubuntu
uv venv --quiet --python 3.12 .venv
uv pip install --quiet --python .venv --require-hashes -r "$1"
uv pip install --quiet --python .venv --no-deps -e .
