#!/usr/bin/env bash
# Builds the fuzz targets for libFuzzer with address sanitizer, and runs them one after the other.
# What is found is kept, and the exit code is 1.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: scripts/fuzz.sh [--minutes N] [TARGET ...]

  --minutes N   how long each target runs; 1 by default
  TARGET        one of those in Fuzz/Corpus; all by default

Inputs that reach new code are collected in .build/fuzz/corpus/TARGET, from which the next run goes
on. Findings are in .build/fuzz/findings/TARGET; mend what they show, and keep them in
Fuzz/Corpus/TARGET, whose inputs the tests replay.
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
minutes=1
while [[ $# -gt 0 ]]; do
  case $1 in
    --minutes)
      [[ ${2:-} =~ ^[0-9]+$ ]] || { usage >&2; exit 64; }
      minutes=$2
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 64 ;;
    *) break ;;
  esac
  shift
done
targets=("$@")
[[ ${#targets[@]} -gt 0 ]] || for folder in Fuzz/Corpus/*/; do targets+=("$(basename "$folder")"); done
for target in "${targets[@]}"; do
  [[ -d Fuzz/Corpus/$target ]] || { echo "fuzz.sh: there is no target $target" >&2; exit 64; }
done

# A debug build has every precondition, and -O makes it quick. Every module counts the edges of its
# code and shows what it compares; --sanitize fuzzer alone does neither.
coverage=edge,inline-8bit-counters,pc-table,indirect-calls,trace-cmp
build=(
  -c debug --scratch-path .build/fuzz/build --sanitize fuzzer --sanitize address -Xswiftc -O
  -Xswiftc "-sanitize-coverage=$coverage"
)
export MATE_KD_FUZZ=1
swift build "${build[@]}" --product fuzz
program=$(swift build "${build[@]}" --show-bin-path)/fuzz

# The runtime's own report of a trap gets in the way of the sanitizer's.
export SWIFT_BACKTRACE=enable=no
files=$(mktemp -d /dev/shm/mate-kd-fuzz-XXXXXX)
trap 'rm -rf "$files"' EXIT
found=0
for target in "${targets[@]}"; do
  corpus=.build/fuzz/corpus/$target
  findings=.build/fuzz/findings/$target
  mkdir -p "$corpus" "$findings"
  seeds=("Fuzz/Corpus/$target")
  case $target in
    configuration) seeds+=(configs) ;;
    pytorch) seeds+=(Tests/Goldens/pytorch) ;;
  esac
  # Keys and names in the seeds are the words of the formats.
  grep -aohE '"[][A-Za-z0-9_#<>.-]+"' -r "${seeds[@]}" | sort -u >"$files/words" || true
  echo
  echo "==> $target"
  outcome=0
  FUZZ_TARGET=$target FUZZ_FOLDER=$files "$program" "$corpus" "${seeds[@]}" \
    -max_total_time=$((60 * minutes)) -timeout=10 -malloc_limit_mb=256 -rss_limit_mb=2048 \
    -max_len=8192 -dict="$files/words" -artifact_prefix="$findings/" -print_final_stats=1 \
    2>"$files/log" || outcome=$?
  # The lines about each new input are many; the last of each kind says all.
  cp "$files/log" ".build/fuzz/$target.log"
  if [[ $outcome -ne 0 ]]; then
    found=$((found + 1))
    grep -vE '^#[0-9]+' "$files/log" | tail -n 60
  else
    grep -E '^#[0-9]+.*(INITED|DONE)|^stat::' "$files/log"
  fi
done
echo
echo "$found of ${#targets[@]} targets with findings"
[[ $found -eq 0 ]]
