#!/bin/sh
# Runs a command on a rented GPU and gives that back: koki2 burst run, with its flags.
#
#   tools/runpod_burst_bench.sh --gpu-type TYPE --image IMAGE --fetch runs -- COMMAND...
set -eu
cd "$(dirname "$0")/.."
koki2=.venv/bin/koki2
[ -x "$koki2" ] || koki2=koki2
exec "$koki2" burst run "$@"
