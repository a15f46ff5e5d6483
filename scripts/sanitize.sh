#!/usr/bin/env bash
# Runs the Swift tests under a sanitizer, in a build of its own.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: scripts/sanitize.sh address|undefined|thread [swift test options...]

  address     memory that is not the program's own, and memory that nobody frees
  undefined   undefined behaviour in C; in Swift, preconditions, overflow and exclusive access
  thread      data races

for example: scripts/sanitize.sh thread --filter ThreadPoolTests
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
sanitizer=${1:-}
case $sanitizer in
  address | thread) options=(--sanitize "$sanitizer") ;;
  # Swift has no such instrumentation, but the C in headers is compiled with it. There is no runtime
  # library to print what was found: the test stops there, and Swift prints where that is.
  undefined) options=(-Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined) ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 64 ;;
esac
shift

# A debug build has every precondition, also that of the kernels, and -O makes it quick.
options+=(-c debug --scratch-path ".build/$sanitizer" -Xswiftc -O -Xswiftc -enforce-exclusivity=checked)
swift build "${options[@]}" --build-tests

# What a thread got by waiting for a Mutex would be reported as a race: see mutex.c.
if [[ $sanitizer == thread ]]; then
  clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
  "$clang" -O2 -Wall -Wextra -shared -fPIC -o .build/thread/mutex.so scripts/sanitize/mutex.c
  export LD_PRELOAD=$root/.build/thread/mutex.so
  # Profiles count what all threads of the process do, and may be read only while none computes.
  set -- --no-parallel "$@"
fi
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
export LSAN_OPTIONS=suppressions=$root/scripts/sanitize/leaks.txt
export TSAN_OPTIONS=halt_on_error=0:second_deadlock_stack=1
swift test "${options[@]}" --skip-build "$@"
