#!/usr/bin/env bash
# Under limits on memory, from far too little to enough, every command ends by itself: with its
# result, or with one sentence and an exit code. Expects the release build; MATE_KD names another
# program. Control groups are tried where this user may make them.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
mate_kd=${MATE_KD:-$(swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || { echo "memory.test.sh: no $mate_kd" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
problems=0
problem() {
  echo "FAILED: $*" >&2
  problems=$((problems + 1))
}

"$mate_kd" synthesize --output "$work/data" --train-rows 64 --dev-rows 16 --corpus-rows 8
cat >"$work/run.json" <<JSON
{
  "output_dir": "$work/model", "shards": 2, "threads": 2,
  "task": {"name": "sst-2", "data_dir": "$work/data/SST-2", "max_seq_length": 32},
  "model": {
    "config": {
      "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128,
      "max_position_embeddings": 64
    },
    "vocab": "$work/data/vocab.txt"
  },
  "train": {"max_steps": 2}
}
JSON
"$mate_kd" teacher-finetune --config "$work/run.json" --quiet >/dev/null
cat >"$work/distill.json" <<JSON
{
  "output_dir": "$work/student", "shards": 2, "threads": 2, "allow_weak_teacher": true,
  "overwrite_output_dir": true,
  "task": {"name": "sst-2", "data_dir": "$work/data/SST-2", "max_seq_length": 32},
  "teacher": {"model_name_or_path": "$work/model"},
  "student": {"from_teacher_layers": [0]},
  "method": {"name": "kd"},
  "train": {"max_steps": 2}
}
JSON
# A model whose weights alone take a gigabyte.
sed -e "s|$work/model|$work/large|" -e 's/"hidden_size": 64/"hidden_size": 4096/' \
  -e 's/"intermediate_size": 128/"intermediate_size": 16384/' "$work/run.json" >"$work/large.json"

commands=(
  "--help"
  "evaluate --model $work/model --task sst-2 --data $work/data/SST-2"
  "distill --config $work/distill.json --quiet"
)
codes=
for ((megabytes = 100; megabytes <= 1000; megabytes += 50)); do
  for command in "${commands[@]}"; do
    code=0
    # shellcheck disable=SC2086
    (ulimit -v $((megabytes * 1000)) && exec timeout -k 1 10 "$mate_kd" $command) \
      >"$work/out" 2>"$work/err" || code=$?
    codes+="$megabytes ${command%% *} $code"$'\n'
    case $code in
      0) ;;
      # The loader's own: the program has not begun.
      127) grep -q 'shared librar' "$work/err" || problem "$megabytes MB, $command: $(cat "$work/err")" ;;
      71) [[ $(wc -l <"$work/err") -eq 1 ]] || problem "$megabytes MB, $command: $(cat "$work/err")" ;;
      *) problem "$megabytes MB, $command: exit code $code: $(tail -n 3 "$work/err")" ;;
    esac
  done
done
[[ -z ${VERBOSE:-} ]] || printf '%s' "$codes"

expect() { # expect CODE PATTERN COMMAND...: COMMAND ends with CODE and one line that has PATTERN
  local wanted=$1 pattern=$2 code=0
  shift 2
  "$@" >"$work/out" 2>"$work/err" || code=$?
  [[ $code -eq $wanted ]] || problem "$*: exit code $code instead of $wanted: $(cat "$work/err")"
  [[ $(grep -c "error:.*$pattern" "$work/err") -eq 1 ]] || problem "$*: $(cat "$work/err")"
}
(
  ulimit -v 1500000
  expect 71 'ulimit -v' "$mate_kd" teacher-finetune --config "$work/large.json" --quiet
  [[ $problems -eq 0 ]]
) || problems=$((problems + 1))

# Where the first thread's stack ends, the system ends the process without a word.
for kilobytes in 64 256 1000 1024; do
  (
    ulimit -s "$kilobytes"
    if [[ $kilobytes -lt 1024 ]]; then
      expect 71 'ulimit -s' "$mate_kd" distill --config "$work/distill.json" --quiet
    else
      "$mate_kd" distill --config "$work/distill.json" --quiet >/dev/null || problem "1 MiB of stack"
    fi
    [[ $problems -eq 0 ]]
  ) || problems=$((problems + 1))
done

# A control group of 400 MB, in either version.
for groups in /sys/fs/cgroup/memory /sys/fs/cgroup; do
  group=$groups/mate-kd-test-$$
  limit=memory.max
  [[ $groups == */memory ]] && limit=memory.limit_in_bytes
  mkdir "$group" 2>/dev/null || continue
  trap 'rm -rf "$work"; rmdir "$group" 2>/dev/null || true' EXIT
  if echo 400000000 2>/dev/null >"$group/$limit"; then
    (
      echo "$BASHPID" >"$group/cgroup.procs"
      expect 71 "control group's limit of 400 MB" \
        "$mate_kd" teacher-finetune --config "$work/large.json" --quiet
      [[ $problems -eq 0 ]]
    ) || problems=$((problems + 1))
    echo "memory: tried a control group ($limit)"
  fi
  rmdir "$group" 2>/dev/null || true
  break
done

[[ $problems -eq 0 ]] || exit 1
echo "memory: every command ends by itself under 19 limits on its address space"
