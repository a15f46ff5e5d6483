#!/usr/bin/env bash
# Many workers on a study of many tiny cells, killed at random and started again, round after round:
# every cell must be trained to its end exactly once, and the tables must be those of one worker. By
# hand; scripts/tests/many-runs.test.sh is the short form of it.
#
# usage: scripts/race-test.sh MATE_KD [ROUNDS [WORKERS [KILLS]]]      default: 5 8 12
set -euo pipefail

[[ $# -ge 1 ]] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 64; }
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mate_kd=$(readlink -f "$1")
rounds=${2:-5} workers=${3:-8} kills=${4:-12}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
cd "$work"
source "$root/scripts/tests/watched_runs.sh"

make_models
make_study 12 4 '"keep_models": false,'
quietly "$mate_kd" compare --config study.json --output-dir alone

declare -a processes logs
count=0
start() { # start SLOT
  count=$((count + 1))
  "$mate_kd" compare --config study.json --output-dir "round-$round" --wait --threads 1 \
    >/dev/null 2>"logs-$round/$count.log" &
  processes[$1]=$!
  logs[$1]=logs-$round/$count.log
  disown
}
printf '%-6s %8s %6s %6s %6s %s\n' round workers killed begun cells tables
for round in $(seq "$rounds"); do
  mkdir "logs-$round"
  count=0
  for slot in $(seq "$workers"); do start "$slot"; done
  killed=0
  while [[ $killed -lt $kills ]]; do
    sleep "0.$((RANDOM % 9 + 1))"
    slot=$((RANDOM % workers + 1))
    # Only who is at work.
    if ! kill -0 "${processes[$slot]}" 2>/dev/null; then break; fi
    [[ $(grep -c -e ': begins' -e 'done in' "${logs[$slot]}") -gt 0 ]] || continue
    kill -KILL "${processes[$slot]}" 2>/dev/null || break # the study is finished
    killed=$((killed + 1))
    start "$slot"
  done
  for process in "${processes[@]}"; do
    while kill -0 "$process" 2>/dev/null; do sleep 0.1; done
  done
  tables=equal
  for file in cells.csv results.tex; do
    cmp -s "alone/$file" "round-$round/$file" || tables=DIFFER
  done
  python3 - "$round" "$count" "$killed" "$tables" <<'PYTHON'
import collections, glob, re, sys
number, workers, killed, tables = sys.argv[1], *map(str, sys.argv[2:])
begun, done, broken = [collections.Counter() for _ in range(3)]
for path in glob.glob(f"logs-{number}/*.log"):
    open_cell = None
    for line in open(path, errors="replace"):
        if match := re.search(r"\] (\S+): begins", line):
            assert open_cell is None, f"{path}: {open_cell} has no end"
            open_cell = match[1]
            begun[open_cell] += 1
        elif match := re.search(r"\] (\S+): done in", line):
            assert match[1] == open_cell, f"{path}: {match[1]} ends"
            done[open_cell] += 1
            open_cell = None
        elif "failed" in line:
            sys.exit(f"{path}: {line}")
    if open_cell:
        broken[open_cell] += 1
assert sum(broken.values()) <= int(killed), "more broke off than were killed"
assert len(begun) == 48, f"{len(begun)} cells"
for cell in begun:
    # Whoever is killed between a cell's last file and the line about it has made it.
    made = done[cell] or (1 if broken[cell] else 0)
    assert made == 1 and begun[cell] == done[cell] + broken[cell], f"{cell}: {made}, {begun[cell]}"
print(f"{number:6} {workers:>8} {killed:>6} {sum(begun.values()):>6} {len(begun):>6} {tables}")
sys.exit(tables != "equal")
PYTHON
done
