#!/usr/bin/env bash
# A study or a sweep by several processes of GNU parallel, which share the cells: each takes those
# that no other has, with its share of the processors.
#
# usage: scripts/cluster/parallel.sh WORKERS compare --config study.json
#        scripts/cluster/parallel.sh WORKERS sweep --config sweep.json --wait
#
# MATE_KD names the program, by default mate-kd, and THREADS the threads of a worker. Options of
# parallel go into its variable PARALLEL; with those below, workers run on other machines that see
# the same files:
#
#   export PARALLEL='--sshlogin node1,node2 --workdir .'
#   THREADS=8 scripts/cluster/parallel.sh 2 compare --config study.json
#
# Ends with 0, with 75 if a signal ended a worker (the same command goes on), or with the code of a
# worker that failed.
set -euo pipefail

if [[ $# -lt 2 || ! $1 =~ ^[1-9][0-9]*$ ]]; then
  sed -n '2,17s/^# \{0,1\}//p' "$0" >&2
  exit 64
fi
workers=$1
shift
threads=${THREADS:-$(($(nproc) / workers))}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A worker that must end gets two minutes to save its run.
seq "$workers" | parallel --jobs "$workers" --max-replace-args 0 --quote --line-buffer \
  --tagstring 'worker {#}' --termseq TERM,120000,KILL --joblog "$log" \
  "${MATE_KD:-mate-kd}" "$@" --threads "$((threads > 0 ? threads : 1))" &
# Signals that end this script end the workers; parallel itself waits for them at the first one.
child=$!
trap 'kill -TERM $child; kill -TERM $child' TERM INT HUP USR1
status=0
while kill -0 "$child" 2>/dev/null; do
  wait "$child" && status=0 || status=$?
done
# Columns 7 and 8: exit code, and the signal that ended the worker.
awk 'NR > 1 { code = $8 > 0 ? 128 + $8 : $7
              if (code == 75 && !worst) worst = 75
              else if (code && code != 75) worst = code }
     END { exit worst }' "$log" || exit
exit "$((status == 0 ? 0 : 75))"
