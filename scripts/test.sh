#!/usr/bin/env bash
# Installs what the tests need, builds a release, and runs every test: the Swift tests and the
# tests of the scripts. Ends with a summary; the exit code is 0 only if everything passed.
#
# With --target or --portable it tests another build, in a folder of its own, and nothing but that:
# the tests of the scripts are about the build for this machine.
set -uo pipefail

usage() {
  cat <<'USAGE'
usage: scripts/test.sh [--no-install] [--target ARCHITECTURE | --portable] [swift test options...]

  --no-install           do not look for missing packages
  --target ARCHITECTURE  the Swift tests of a build for ARCHITECTURE, such as x86-64-v3, with the
                         kernels that OpenBLAS has for such a processor; in .build-ARCHITECTURE
  --portable             KernelsTests of a build without any instructions of x86 by name, which is
                         what other architectures get; in .build-portable

for example: scripts/test.sh --filter TrainersTests
USAGE
}

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
  exit 0
}

# Otherwise a filter that matches nothing would pass.
tests_run=0
swift_tests() {
  local log outcome=0
  log=$(mktemp)
  swift test -c release "${scratch[@]}" --skip-build "$@" 2>&1 | tee "$log"
  outcome=${PIPESTATUS[0]}
  tests_run=$(sed -n 's/.*Test run with \([0-9]*\) tests\{0,1\} .*/\1/p' "$log" | tail -n 1)
  tests_run=${tests_run:-0}
  rm -f "$log"
  [[ $tests_run -gt 0 ]] || echo "test.sh: no Swift test ran" >&2
  [[ $outcome -eq 0 && $tests_run -gt 0 ]]
}

runs_here() {
  "$(swift build -c release "${scratch[@]}" --show-bin-path)/mate-kd" --help >/dev/null
}

install=yes
target=
while [[ $# -gt 0 ]]; do
  case $1 in
    --no-install) install=no ;;
    --target)
      [[ -n ${2:-} ]] || { usage >&2; exit 64; }
      target=$2
      shift
      ;;
    --portable) target=portable ;;
    -h | --help) usage; exit 0 ;;
    *) break ;;
  esac
  shift
done

scratch=()
built=(--build-tests)
suffix=
if [[ -n $target ]]; then
  scratch=(--scratch-path ".build-$target")
  suffix=", $target"
fi
case $target in
  '') ;;
  portable)
    export MATE_KD_PORTABLE=1
    built=(--product mate-kdPackageTests)
    ;;
  *)
    export MATE_KD_MARCH=$target
    # The kernels that a processor with no more than these instructions would get.
    case $target in
      x86-64-v3) export OPENBLAS_CORETYPE=Haswell ;;
      x86-64-v4) export OPENBLAS_CORETYPE=SkylakeX ;;
    esac
    ;;
esac

if [[ $install == yes ]]; then
  part "packages" scripts/install-deps.sh --tests || finish
fi
part "release build$suffix" swift build -c release "${scratch[@]}" "${built[@]}" || finish
# A test that meets an instruction which the processor lacks dies without a word; the program says
# what is missing. A portable build needs nothing.
[[ $target == portable ]] || part "processor$suffix" runs_here || finish
part "Swift tests$suffix" swift_tests "$@"
summary[-1]+="  $tests_run tests"
if [[ -z $target ]]; then
  for script in scripts/tests/*.test.sh; do
    part "$(basename "$script")" bash "$script"
  done
fi
finish
