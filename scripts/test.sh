#!/usr/bin/env bash
# Installs what the tests need, builds a release, and runs every test: the Swift tests and the
# tests of the scripts. Ends with a summary; exit code 0 only when all of it passed.
#
# usage: scripts/test.sh [--no-install] [swift test options...]      (e.g. --filter MATEKDTests)
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1

summary=()
failures=0
part() { # part NAME COMMAND...
  local name=$1 began=$SECONDS outcome=passed
  shift
  echo
  echo "==> $name"
  "$@" || outcome=FAILED
  [[ $outcome == passed ]] || failures=$((failures + 1))
  summary+=("$(printf '%-34s %-7s %4d s' "$name" "$outcome" "$((SECONDS - began))")")
  [[ $outcome == passed ]]
}
finish() {
  echo
  echo "==> summary"
  printf '%s\n' "${summary[@]}"
  if [[ $failures -gt 0 ]]; then
    echo "$failures part(s) FAILED"
    exit 1
  fi
  echo "all passed"
}

if [[ ${1:-} == --no-install ]]; then
  shift
else
  part "packages" scripts/install-deps.sh --tests || finish
fi
part "release build" swift build -c release --build-tests || finish
part "Swift tests" swift test -c release --skip-build "$@"
for script in scripts/tests/*.test.sh; do
  part "$(basename "$script")" bash "$script"
done
finish
