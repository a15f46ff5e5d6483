#!/usr/bin/env bash
# scripts/install-deps.sh on simulated machines: a folder of stand-in programs is the whole PATH.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

passed=0
check() { # check NAME COMMAND...
  local name=$1
  shift
  "$@" || { echo "FAILED: $name" >&2; sed 's/^/    /' "$work/out" >&2; exit 1; }
  passed=$((passed + 1))
}
stand_in() { # stand_in NAME BODY
  printf '#!/bin/bash\n%s\n' "$2" >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}
bare_machine() { # bare_machine UID
  rm -rf "$work/bin" "$work/apt.log"
  mkdir "$work/bin"
  for tool in bash cat env; do
    ln -s "$(command -v "$tool")" "$work/bin/$tool"
  done
  stand_in id "echo $1"
  stand_in git ':'
  stand_in swift ':'
  # Installing pkg-config and the libraries creates a pkg-config that finds them.
  stand_in apt-get "echo \"\$@\" >>$work/apt.log
case \"\$*\" in *install*libopenblas-dev*liblapacke-dev*)
  printf '#!/bin/bash\n[[ \"\$*\" =~ ^--exists\ (openblas|lapacke|zlib)\$ ]]\n' >$work/bin/pkg-config
  $(command -v chmod) +x $work/bin/pkg-config ;;
esac"
}
run() {
  code=0
  PATH=$work/bin "$root/scripts/install-deps.sh" "$@" >"$work/out" 2>&1 || code=$?
}

bare_machine 0
run --check
check "check: exit code 1 when something is missing" [ "$code" -eq 1 ]
check "check: names it" \
  grep -q 'missing: pkg-config libopenblas-dev liblapacke-dev zlib1g-dev' "$work/out"
check "check: installs nothing" [ ! -e "$work/apt.log" ]
run
check "root: exit code" [ "$code" -eq 0 ]
check "root: installs what is missing" \
  grep -q 'install .*pkg-config libopenblas-dev liblapacke-dev zlib1g-dev' "$work/apt.log"
check "root: not git, which is there" bash -c "! grep -q 'install.* git' '$work/apt.log'"
rm "$work/apt.log"
run
check "second run: exit code" [ "$code" -eq 0 ]
check "second run: installs nothing" [ ! -e "$work/apt.log" ]

rm -f "$work/apt.log"
run --mpi --check
check "MPI: exit code 1 when it is missing" [ "$code" -eq 1 ]
check "MPI: names it and nothing else" grep -qx 'missing: libopenmpi-dev openmpi-bin' "$work/out"

bare_machine 1000
run
check "neither root nor sudo: exit code 1" [ "$code" -eq 1 ]
check "neither root nor sudo: says what to run" grep -q 'as root run: apt-get install' "$work/out"
stand_in sudo "echo sudo >>$work/apt.log; \"\$@\""
run --tests
check "sudo: exit code" [ "$code" -eq 0 ]
check "sudo: used" grep -q '^sudo' "$work/apt.log"
check "tests: their packages, too" grep -q 'install .*curl unzip python3' "$work/apt.log"

bare_machine 0
rm "$work/bin/apt-get"
run
check "no apt-get: exit code 1" [ "$code" -eq 1 ]
check "no apt-get: names the packages" grep -q 'libopenblas-dev' "$work/out"
run --nonsense
check "unknown argument: exit code 64" [ "$code" -eq 64 ]

echo "install-deps: $passed checks passed"
