#!/usr/bin/env bash
# Installs what the tests need, builds a release, and runs every test: the Swift tests and the
# tests of the scripts. Ends with a summary; the exit code is 0 only if everything passed.
#
# usage: scripts/test.sh [--no-install] [swift test options...]      (e.g. --filter TrainersTests)
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

# Otherwise a filter that matches nothing would pass.
tests_run=0
swift_tests() {
  local log outcome=0
  log=$(mktemp)
  swift test -c release --skip-build "$@" 2>&1 | tee "$log"
  outcome=${PIPESTATUS[0]}
  tests_run=$(sed -n 's/.*Test run with \([0-9]*\) tests\{0,1\} .*/\1/p' "$log" | tail -n 1)
  tests_run=${tests_run:-0}
  rm -f "$log"
  [[ $tests_run -gt 0 ]] || echo "test.sh: no Swift test ran" >&2
  [[ $outcome -eq 0 && $tests_run -gt 0 ]]
}

if [[ ${1:-} == --no-install ]]; then
  shift
else
  part "packages" scripts/install-deps.sh --tests || finish
fi
part "release build" swift build -c release --build-tests || finish
part "Swift tests" swift_tests "$@"
summary[-1]+="  $tests_run tests"
for script in scripts/tests/*.test.sh; do
  part "$(basename "$script")" bash "$script"
done
finish
