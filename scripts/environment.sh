# Sourced by scripts/serve and scripts/test: makes .venv and installs the locked dependencies.
# Idempotent: a second run sees from a fingerprint that nothing changed and does nothing.
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$ROOT"
VENV="$ROOT/.venv"

say() { printf '%s\n' "$*"; }

stop() {
  printf '%s\n' "$*" >&2
  exit 2
}

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3; do
    if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  stop "Python 3.11 or newer is needed, and none was found. On Debian or Ubuntu: apt-get install python3 python3-venv"
}

# install_locked LOCK: the packages of one lock file, checked by hash, and this project itself.
install_locked() {
  local lock="$1" fingerprint stamp
  if [ ! -x "$VENV/bin/python" ]; then
    say "Making the virtual environment .venv"
    "$(find_python)" -m venv "$VENV" ||
      stop "python3 -m venv failed. On Debian or Ubuntu: apt-get install python3-venv"
  fi
  fingerprint="$(cat "$lock" setup.cfg pyproject.toml | sha256sum | cut -c1-16)"
  stamp="$VENV/.installed-$(basename "$lock")-$fingerprint"
  if [ ! -e "$stamp" ]; then
    say "Installing the packages of $lock (the first time this takes about a minute)"
    # Without .pyc files: Python writes them when first needed, and most of SciPy never is.
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-compile --require-hashes \
      --progress-bar "$([ -t 1 ] && echo on || echo off)" --quiet --requirement "$lock"
    "$VENV/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps \
      --no-build-isolation --editable .
    rm -f "$VENV/.installed-$(basename "$lock")-"*
    touch "$stamp"
  fi
  compile_translations
}

# The catalogues are text (.po); the service reads their compiled form.
compile_translations() {
  local catalogue
  for catalogue in translations/*/LC_MESSAGES/messages.po; do
    [ -e "$catalogue" ] || continue
    if [ ! -e "${catalogue%.po}.mo" ] || [ "$catalogue" -nt "${catalogue%.po}.mo" ]; then
      say "Compiling $catalogue"
      "$VENV/bin/pybabel" -q compile -i "$catalogue" -o "${catalogue%.po}.mo"
    fi
  done
}

# need_system_package COMMAND PACKAGE: install only if missing, and only when allowed.
need_system_package() {
  command -v "$1" >/dev/null 2>&1 && return
  local line="apt-get update && apt-get install -y $2"
  if [ "${CI:-}" = "true" ] || [ "${SERENDIPITY_INSTALL_SYSTEM:-}" = "1" ]; then
    say "Installing the system package $2"
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2") >/dev/null ||
      stop "Could not install $2. Run: $line"
  else
    stop "$1 is missing. Run: $line   (or allow it: SERENDIPITY_INSTALL_SYSTEM=1 scripts/test)"
  fi
}
