#!/usr/bin/env bash
# Make the virtual environment, or bring it up to the lock file.
#   scripts/venv.sh runtime   what the platform needs
#   scripts/venv.sh dev       that, and what tests and checks need
# Refuses a Python older than 3.11. Does nothing where the environment is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=$1
venv=.venv
case $kind in
runtime) lock=requirements.lock ;;
dev) lock=requirements-dev.lock ;;
*) echo "usage: scripts/venv.sh runtime|dev" >&2 && exit 2 ;;
esac

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if command -v "$candidate" >/dev/null && new_enough "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  echo "Arus needs Python 3.11 or newer; found: $(python3 --version 2>&1 || echo none)." >&2
  echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2
  exit 1
}

make_venv() {
  local python=$1
  if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    "$python" -m venv "$venv"
    return
  fi
  # Debian's Python comes without the module; its package has the same version in its name.
  local package
  package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  if scripts/apt-install.sh "$package"; then
    "$python" -m venv "$venv"
  else
    echo "This Python can't make virtual environments. Install Debian's $package." >&2
    exit 1
  fi
}

# The stamp says what was installed last: the locks, the package's own metadata and the Python.
# The larger set serves for the smaller one.
fingerprint() { { cat "$1" pyproject.toml "$0" && "$venv/bin/python" --version; } | sha256sum | cut -d' ' -f1; }
stamp() { [ -f "$venv/$1.stamp" ] && cat "$venv/$1.stamp" || true; }

if [ -x "$venv/bin/python" ] && ! new_enough "$venv/bin/python"; then
  rm -rf "$venv" # its Python was replaced or removed
fi
if [ ! -x "$venv/bin/python" ]; then
  echo "Making the virtual environment in $venv"
  rm -rf "$venv"
  make_venv "$(find_python)"
fi
if [ "$(stamp dev)" = "$(fingerprint requirements-dev.lock)" ] ||
  [ "$(stamp "$kind")" = "$(fingerprint "$lock")" ]; then
  current=yes
else
  current=no
fi
if [ $current = no ]; then
  echo "Installing the locked dependencies from $lock"
  rm -f "$venv"/*.stamp
  pip=("$venv/bin/python" -m pip --disable-pip-version-check)
  # The lock is complete: nothing is left to resolve, and "check" says so.
  "${pip[@]}" install --quiet --no-deps --require-hashes --requirement "$lock"
  "${pip[@]}" install --quiet --no-deps --no-build-isolation --editable .
  "${pip[@]}" check >/dev/null || "${pip[@]}" check
  # Without bytecode each start of a Dagster process takes seconds more, and an environment that
  # sets PYTHONDONTWRITEBYTECODE would never get any.
  "$venv/bin/python" -m compileall -q -j 0 "$venv/lib" >/dev/null || true
  fingerprint "$lock" >"$venv/$kind.stamp"
fi
"$venv/bin/python" -m compileall -q arus_dagster arus_api
