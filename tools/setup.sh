#!/bin/sh
# Builds a virtual environment from the lock: sh tools/setup.sh DIR VERSION...
#
# Takes the first of the versions this machine really has ("any": 3.11 or later).
# Instant when nothing changed; an environment that was not finished, was made for
# another folder or by another Python is made anew.
# PYTHON=/path/to/python names the interpreter instead.
# Exits 3 when there is no such Python, 1 when something failed.
set -eu
cd "$(dirname "$0")/.."
venv=$1
shift
lock=requirements/dev.lock
stamp=$venv/.ready
here=$(pwd -P)
wanted="$here $(cat $lock pyproject.toml tools/setup.sh | cksum)"
had=$(cat "$stamp" 2>/dev/null) || had=
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_USER=0

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

[ "$had" = "$wanted" ] && exit 0
rm -f "$stamp"

places() { # folders that may hold a Python, one per line
  printf '%s\n' "$PATH" | tr : '\n'
  printf '%s\n' "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/*/bin
  printf '%s\n' "${HOME:-}"/.local/share/uv/python/*/bin
}

# The real interpreter behind command $1, if it runs and $2 holds of it. Running it is
# the only way to know: a pyenv shim can be there and fail. Looks through environments.
probe() {
  "$1" -c "import sys, venv
if not ($2): sys.exit(1)
print(getattr(sys, '_base_executable', None) or sys.executable)" 2>/dev/null </dev/null
}

find_python() {
  case $1 in
    any) names='python3 python3.1[1-9] python' is='sys.version_info >= (3, 11)' ;;
    *) names="python$1 python3 python" is="'%d.%d' % sys.version_info[:2] == '$1'" ;;
  esac
  if [ -n "${PYTHON:-}" ]; then
    probe "$PYTHON" "$is"
    return
  fi
  places | while IFS= read -r place; do
    for name in $names; do
      for command in "$place"/$name; do
        [ -x "$command" ] && probe "$command" "$is" && exit
      done
    done
  done
}

base=
for version; do
  base=$(find_python "$version") || :
  [ -n "$base" ] && break
done
if [ -z "$base" ]; then
  echo "setup: no working Python for $venv here, wanted: $*${PYTHON:+ (PYTHON=$PYTHON)}" >&2
  exit 3
fi
has=$("$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
[ "$version" = any ] && say "neither 3.12 nor 3.11 is here: taking Python $has, untested"

kept=
case $had in
  "$here "*) kept=$(probe "$venv/bin/python" "'%d.%d' % sys.version_info[:2] == '$has'") || : ;;
esac
if [ -n "$kept" ]; then
  set -- "$venv/bin/python" -m pip
else
  say "making $venv with Python $has"
  if "$base" -m venv --clear "$venv" >/dev/null 2>&1; then
    set -- "$venv/bin/python" -m pip
  elif "$base" -m venv --clear --without-pip "$venv" &&
    "$base" -m pip --python "$venv/bin/python" --version >/dev/null 2>&1; then
    # Debian's Python without python3-venv: its own pip fills the environment.
    set -- "$base" -m pip --python "$venv/bin/python"
  else
    fail "Python $has has neither ensurepip nor a pip of 22.3 or later;" \
      "install one (Debian: python3-venv or python3-pip)"
  fi
fi

say "installing what $lock pins into $venv (a minute or two the first time)"
"$@" install -qq --require-hashes --only-binary :all: -r $lock ||
  fail "pip could not install $lock"
"$venv/bin/python" -m pip install -qq --no-deps --no-build-isolation -e . ||
  fail "pip could not install koki2 itself"
echo "$wanted" >"$stamp"
say "$venv is ready"
