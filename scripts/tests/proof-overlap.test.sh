#!/usr/bin/env bash
# scripts/proof-overlap.py on four pairs whose correlations are known by hand, and on wrong files.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
overlap=$root/scripts/proof-overlap.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

passed=0
expect() { # expect NAME WANTED FOUND
  [[ $3 == *"$2"* ]] || { printf 'FAILED: %s: wanted %s\nfound %s\n' "$1" "$2" "$3" >&2; exit 1; }
  passed=$((passed + 1))
}
refuses() { # refuses NAME WANTED ARGUMENT...
  local name=$1 wanted=$2 found
  shift 2
  if found=$("$overlap" "$@" 2>&1); then
    echo "FAILED: $name: exit 0: $found" >&2
    exit 1
  fi
  [[ $found != *Traceback* ]] || { echo "FAILED: $name: $found" >&2; exit 1; }
  expect "$name" "$wanted" "$found"
}
record() { # record METHOD SCORES REFERENCES
  mkdir -p "records/$1"
  echo "{\"answers\": {\"scores\": $2, \"references\": $3}}" >"records/$1/seed-1.json"
}

# The shares of common words are 1, 1/3, 1/3 and 0. With the scores: 1.5 / √(76/144 · 5) = 0.923.
printf '%s\t%s\t%s\n' sentence1 sentence2 score 'A b' 'b a!' 3 'a b' 'b c' 1 'a b' 'a c' 2 a b 0 \
  >dev.tsv
record same '[1, 0.3333333, 0.3333333, 0]' '[3, 1, 2, 0]'
record against '[0, 1, 1, 1.5]' '[3, 1, 2, 0]'
found=$("$overlap" dev.tsv records)
expect "the data" "4 pairs; shared words with true answers: 0.923" "$found"
expect "the same as the share" "same: shared words 1.000, true answers 0.923 (1 records)" "$found"
expect "the opposite" "against: shared words -1.000, true answers -0.923 (1 records)" "$found"

refuses "no file" "No such file" missing.tsv records
refuses "no records" "No such file" dev.tsv missing
: >empty.tsv
refuses "an empty file" "has no rows" empty.tsv records
printf '%s\t%s\t%s\n' sentence1 sentence2 score 'a b' b 3 >one.tsv
refuses "one row" "two data points" one.tsv records
printf '%s\t%s\t%s\n' sentence1 sentence2 score a b 1 a b x >number.tsv
refuses "no number" "lacks a text or a number" number.tsv records
record same '[1, 1, 1, 1]' '[3, 1, 2, 0]'
refuses "a constant" "the same answer for all pairs" dev.tsv records
record same '[1, 0, 0, 0]' '[3, 1, 2, 1]'
refuses "other pairs" "measured on other pairs" dev.tsv records
echo '{}' >records/same/seed-1.json
refuses "another file" "is no record" dev.tsv records
echo "proof-overlap: $passed checks passed"
