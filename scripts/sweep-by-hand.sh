#!/usr/bin/env bash
# An example of a sweep as a shell script, for those who want their own loop: tries learning rates,
# each on rows held out of the training data, and prints one line for each, the best one first.
# `mate-kd sweep` does this and more.
#
# usage: scripts/sweep-by-hand.sh CONFIG OUT RATE...      CONFIG is a configuration of distill
set -euo pipefail

[[ $# -ge 3 ]] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64; }
config=$1
out=$2
shift 2
mate_kd=${MATE_KD:-mate-kd}

for rate in "$@"; do
  # A run that is finished is not made again, and one that was interrupted goes on.
  "$mate_kd" distill --config "$config" --output-dir "$out/$rate" --resume --quiet \
    --set "train.learning_rate=$rate" --set task.validation_split=0.1 --set task.draw_seed=1 \
    >/dev/null
done
for rate in "$@"; do
  python3 - "$out/$rate" <<'PYTHON'
import json, sys
results = json.load(open(f"{sys.argv[1]}/all_results.json"))
print(f"{results['eval_accuracy']:.4f}\t{sys.argv[1]}")
PYTHON
done | sort -rn
