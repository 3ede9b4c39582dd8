#!/bin/sh
# Prints the path of a Python: find_python.sh VERSION [MODULE …]. VERSION is "3.13", or "3.11+" for 3.11 or newer, which
# prefers 3.13. The Python must have the modules. If none is found, it prints instructions and exits with 1.
#
# `sam build` runs in a copy outside of the checkout. There pyenv's shims do not find .python-version, and run another
# Python or none. So this script runs each candidate, and prints the path of its executable.
# PYTHON is tried first. For an exact version, PYTHON_RUNTIME is tried before it.
set -u

version=$1
shift

check='
import importlib.util, sys
version, modules = sys.argv[1], sys.argv[2:]
wanted, found = tuple(map(int, version.rstrip("+").split("."))), tuple(sys.version_info[:2])
fits = found >= wanted if version.endswith("+") else found == wanted
if not fits or not all(map(importlib.util.find_spec, modules)):
    sys.exit(1)
print(sys.executable)
'

in_path() {
  (
    IFS=:
    for folder in $PATH; do
      printf '%s\n' "$folder/$1"
    done
  )
}

# Folders in which pyenv may have versions: PYENV_ROOT, and the parents of shims folders on PATH.
pyenv_roots() {
  printf '%s\n' "${PYENV_ROOT:-${HOME:-}/.pyenv}"
  (
    IFS=:
    for folder in $PATH; do
      case $folder in */shims) printf '%s\n' "${folder%/shims}" ;; esac
    done
  )
}

candidates() {
  case $version in
    *+)
      printf '%s\n' "${PYTHON:-}"
      numbers="3.13 3.14 3.12 3.11"
      ;;
    *)
      printf '%s\n' "${PYTHON_RUNTIME:-}" "${PYTHON:-}"
      numbers=$version
      ;;
  esac
  for number in $numbers; do
    in_path "python$number"
    pyenv_roots | while IFS= read -r root; do
      for folder in "$root/versions/$number"*; do
        printf '%s\n' "$folder/bin/python$number"
      done
    done
    uv python find --no-project "$number" 2>/dev/null
  done
  in_path python3
  in_path python
}

# The shell looks up a name without a slash, such as PYTHON=python3.12, on PATH.
found=$(candidates | while IFS= read -r python; do
  [ -n "$python" ] && "$python" -c "$check" "$version" "$@" </dev/null 2>/dev/null && break
done)

if [ -z "$found" ]; then
  echo "No Python $version${*:+ with $*} was found on PATH, among pyenv's versions or uv's." >&2
  echo "\`uv python install 3.13\` or \`pyenv install 3.13\` fetches one; PYTHON_RUNTIME may name a 3.13 elsewhere." >&2
  exit 1
fi
printf '%s\n' "$found"
