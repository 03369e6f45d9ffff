#!/bin/sh
# Runs a command in the source on a pod, and keeps what it prints and how it ends.
#
# job.sh COMMAND...   stdout.log, stderr.log, and at the end exit_code, beside this file
set -u
cd "$(dirname "$0")"
export PATH="$PWD/src/.venv/bin:$PATH"
(cd src && exec "$@") >stdout.log 2>stderr.log </dev/null
echo $? >exit_code.part
mv exit_code.part exit_code
