#!/usr/bin/env bash
# A study and a sweep that several processes share, with workers that are killed; and the scripts of
# scripts/cluster with GNU parallel and Slurm. Slurm's own daemons run on loopback where they are
# installed and this is root; otherwise a stand-in, which the output names as such. Expects the
# release build; MATE_KD names another program.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mate_kd=${MATE_KD:-$(cd "$root" && swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || { echo "many-runs.test.sh: no $mate_kd" >&2; exit 1; }
work=$(mktemp -d)
daemons=()
finish() {
  [[ ${#daemons[@]} -eq 0 ]] || kill "${daemons[@]}" 2>/dev/null || true
  [[ -z $(jobs -p) ]] || kill $(jobs -p) 2>/dev/null || true
  wait
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
export MATE_KD=$mate_kd
source "$root/scripts/tests/watched_runs.sh"
source "$root/scripts/tests/slurm_here.sh"
fail() {
  echo "FAILED: $*" >&2
  for log in *.log; do echo "--- $log" >&2; tail -n 15 "$log" >&2; done
  exit 1
}
passed() { echo "ok: $*"; }

make_models
make_study 6 16
cat >sweep.json <<'JSON'
{"output_dir": "sweep", "strategy": "halving", "samples": 6, "factor": 2, "min_steps": 2,
 "base": {"task": {"name": "sst-2", "data_dir": "data/SST-2", "max_seq_length": 24},
  "teacher": {"model_name_or_path": "teacher"}, "allow_weak_teacher": true, "threads": 1,
  "student": {"from_teacher_layers": [0]}, "method": {"name": "kd"},
  "train": {"max_steps": 12, "per_device_train_batch_size": 8}},
 "parameters": {"train.learning_rate": {"range": [1e-4, 1e-2], "scale": "log"},
  "method.temperature": {"values": [1, 4]}}}
JSON

same_tables() { # same_tables FOLDER: all but times
  diff alone/cells.csv "$1/cells.csv" && diff alone/results.tex "$1/results.tex" &&
    diff <(cut -d, -f1-9,11- alone/results.csv) <(cut -d, -f1-9,11- "$1/results.csv")
}
quietly "$mate_kd" compare --config study.json --output-dir alone

# Four workers, two of which are killed; one of these is started again.
worker() { # worker NAME [OPTIONS...]: in the background
  "$mate_kd" compare --config study.json "${@:2}" >"$1.out" 2>"$1.log" &
}
started() { # started LOG: waits until a worker has begun a cell
  for _ in $(seq 600); do
    ! grep -q ': begins' "$1" || return 0
    sleep 0.05
  done
  fail "$1 begins nothing"
}
worker a --wait; worker b --wait; worker c --wait; third=$!; worker d --wait; fourth=$!
started c.log; started d.log
kill -KILL "$third" "$fourth"
"$mate_kd" compare --config study.json --status >status.log
grep -q 'being made' status.log && grep -q "process [0-9]* on $(hostname)" status.log ||
  fail "--status names nobody"
grep -q '24 cells finished' status.log || fail "--status counts no cells"
worker e --wait
wait "$third" "$fourth" 2>/dev/null || true
wait || fail "a worker ended with an error"
begun=$(cat [a-e].log | grep -c ': begins')
ended=$(cat [a-e].log | sed -n 's/.*\] \(.*\): done in.*/\1/p' | sort)
[[ -z $(uniq -d <<<"$ended") ]] || fail "a cell was made twice: $(uniq -d <<<"$ended")"
# A worker may be killed between a cell's last file and the line that says so.
count=$(wc -l <<<"$ended")
[[ $count -ge 22 && $begun -le 26 ]] || fail "$count cells done, $begun begun"
same_tables study || fail "the tables of four workers differ from those of one"
cmp study/cells/films/kd/seed-3/model.safetensors alone/cells/films/kd/seed-3/model.safetensors ||
  fail "a model differs"
passed "four workers, two of them killed: $begun cells begun for 24"

# A worker that finds everything taken ends, unless it is told to wait. The lock is one of another
# machine: nobody can see whether its process lives, only when it last gave a sign.
cell=study/cells/films/hot/seed-6
rm -r "$cell"
mkdir "$cell"
printf '%s\n' held 'host node7' 'process 77' 'started 1' 'kernel x' 'processes y' >"$cell/.lock-4"
quietly "$mate_kd" compare --config study.json
grep -q 'other processes are making a cell' out.log || fail "the cell of node7 is not said to be"
[[ ! -e $cell/cell.json ]] || fail "the cell of node7 was made"
"$mate_kd" compare --config study.json --status >status.log
grep -q 'process 77 on node7' status.log || fail "--status does not name node7"
touch -d '6 minutes ago' "$cell/.lock-4"
# Eight find it abandoned at the same time.
for number in 1 2 3 4 5 6 7 8; do worker "h$number" --wait; done
wait || fail "a worker ended with an error"
[[ $(cat h?.log | grep -c 'seed-6: begins') == 1 ]] || fail "node7's cell was not made once"
same_tables study || fail "the tables differ after node7's cell"
passed "a lock of another machine is taken over once"

# A second signal leaves at once, and leaves the cell to others.
rm -r "$cell"
worker twice --set base.train.max_steps=16 --verbose
last=$!
started twice.log
kill -USR1 "$last"
kill -USR1 "$last" 2>/dev/null || true
code=0
wait "$last" || code=$?
[[ $code == 75 || $code == 138 ]] || fail "SIGUSR1 gave $code"
! grep -qs '^held' "$cell"/.lock-* || fail "the lock is still held"

# GNU parallel, and rounds of a sweep that wait for each other.
if command -v parallel >/dev/null; then
  quietly "$mate_kd" sweep --config sweep.json --output-dir sweep-alone
  THREADS=1 "$root/scripts/cluster/parallel.sh" 3 sweep --config sweep.json --wait \
    >parallel.out 2>parallel.log || fail "parallel.sh ended with $?"
  diff <(grep -v seconds sweep-alone/sweep_results.json) \
    <(grep -v seconds sweep/sweep_results.json) || fail "the sweep of three differs"
  diff <(grep -v output_dir sweep-alone/best.json) <(grep -v output_dir sweep/best.json) ||
    fail "the best of three differs"
  [[ $(grep -c 'done in' parallel.log) == 11 ]] || fail "not 6 + 3 + 2 runs"
  [[ $(sed -n 's/^\(worker [0-9]*\).*done in.*/\1/p' parallel.log | sort -u | wc -l) -gt 1 ]] ||
    fail "one worker did all"
  quietly env THREADS=1 "$root/scripts/cluster/parallel.sh" 2 compare --config study.json
  same_tables study || fail "the tables differ after parallel.sh"
  THREADS=1 "$root/scripts/cluster/parallel.sh" 2 compare --config study.json \
    --output-dir stopped >stopped.out 2>stopped.log &
  script=$!
  started stopped.log
  kill -TERM "$script"
  code=0
  wait "$script" || code=$?
  [[ $code == 75 ]] || fail "parallel.sh ended with $code after SIGTERM"
  passed "GNU parallel"
else
  echo "skipped: GNU parallel is not here"
fi

# Slurm: an array whose tasks get SIGUSR1, are queued again, and go on.
"$mate_kd" compare --config study.json --output-dir queued --dry-run >/dev/null
options=(--array=1-2 --cpus-per-task=1 --output="$work/slurm-%a.log")
job=("$root/scripts/cluster/slurm.sh" compare --config study.json --output-dir queued --wait)
if start_slurm; then
  number=$(sbatch --parsable "${options[@]}" "${job[@]}")
  for task in 1 2; do
    for _ in $(seq 100); do [[ ! -e slurm-$task.log ]] || break; sleep 0.1; done
    started "slurm-$task.log"
  done
  # As Slurm does by --signal=USR1@120 when the time is nearly over.
  scancel --signal=USR1 "$number"
  for _ in $(seq 600); do
    [[ -n $(squeue -h -j "$number" 2>/dev/null) ]] || break
    sleep 0.1
  done
  kind=Slurm
else
  # A stand-in for Slurm: runs the tasks at once, and again as long as they ask for it.
  echo "Slurm does not run here: a stand-in takes its place"
  mkdir bin
  printf '#!/bin/bash\nwhile [[ $1 == --* ]]; do shift; done\nexec "$@"\n' >bin/srun
  printf '#!/bin/bash\n[[ $1 == requeue ]] && touch "requeue-$2"\n' >bin/scontrol
  chmod +x bin/*
  task() {
    while :; do
      SLURM_JOB_ID=$1 PATH=$work/bin:$PATH "${job[@]}" >>"slurm-$1.log" 2>&1 || true
      [[ -e requeue-$1 ]] || break
      rm "requeue-$1"
    done
  }
  task 1 & task 2 &
  for task in 1 2; do started "slurm-$task.log"; done
  for process in $(pgrep -f -- "$work|--output-dir queued --wait" || true); do
    [[ $(readlink "/proc/$process/exe") != "$(readlink -f "$mate_kd")" ]] || kill -USR1 "$process"
  done
  wait
  kind="a stand-in for Slurm"
fi
[[ $(cat slurm-?.log | grep -c 'SIGUSR1') == 2 ]] || fail "not both tasks got SIGUSR1"
[[ $(cat slurm-?.log | sed -n 's/.*\] \(.*\): done in.*/\1/p' | sort | uniq | wc -l) == 24 ]] ||
  fail "not every cell was made"
[[ $(cat slurm-?.log | grep -c 'done in') == 24 ]] || fail "a cell was made twice"
same_tables queued || fail "the tables of $kind differ"
passed "$kind: two tasks, both queued again"
