#!/usr/bin/env bash
# Read by scripts/crash-test.sh and scripts/fault-test.sh: small models and data in a scratch
# folder, runs of real methods on them, and the library that counts and spoils file operations.
# Expects $mate_kd (the program) and $root (this repository).

world=$(mktemp -d)
trap 'rm -rf "$world"' EXIT
faults=$world/faults.so
cc -O1 -shared -fPIC -o "$faults" "$root/scripts/crash/faults.c" -ldl
cd "$world"

failures=0
problem() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

small=(--set train.per_device_train_batch_size=8 --set train.max_eval_samples=40)
{
  "$mate_kd" synthesize --output runs/smoke/data --seed 7 --train-rows 200 --dev-rows 60 \
    --corpus-rows 200
  for name in teacher generator; do
    "$mate_kd" pretrain --config "$root/configs/smoke/pretrain-$name.json" --quiet \
      --set train.max_steps=2
  done
  "$mate_kd" teacher-finetune --config "$root/configs/smoke/teacher.json" "${small[@]}" \
    --set train.max_steps=10
} >setup.log 2>&1 || { cat setup.log >&2; exit 1; }

# The arguments of a run: method, output folder, updates.
arguments() {
  local method=$1 output=$2 steps=$3 config=distill-$1
  local own=()
  case $method in
    mate-kd | cilda) own=(--set method.student_steps=3) ;;
    as-dfd)
      config=distill-none
      # Teacher and student see the same word vectors, so these must be equally wide.
      own=(--set 'method={"name": "as-dfd", "texts": {"rows": 40}}'
        --set 'student={"from_teacher_layers": [0]}'
        --set method.construction_steps=2 --set method.student_steps=2)
      ;;
  esac
  run=(distill --config "$root/configs/smoke/$config.json" "${small[@]}" "${own[@]}"
    --set allow_weak_teacher=true --set overwrite_output_dir=false --set train.logging_steps=1
    --set train.eval_steps=3 --set train.save_steps=2 --set train.save_total_limit=1
    --set "train.max_steps=$steps" --output-dir "$output")
}

# What must not differ between an interrupted run and one that was not.
same() {
  local file
  for file in model.safetensors log.jsonl eval_predictions.tsv; do
    cmp -s "$1/$file" "$2/$file" || return 1
  done
}

# Runs the program with a fault: kind, number, action.
with_fault() {
  local kind=$1 number=$2 action=$3
  shift 3
  env LD_PRELOAD="$faults" FAULT_PATH="${fault_path:-spoiled}" FAULT_KIND="$kind" \
    FAULT_AT="$number" FAULT_ACTION="$action" "$@"
}

# How many operations of a kind a run makes.
operations() {
  local kind=$1
  shift
  rm -f counted.log
  with_fault "$kind" 0 none env FAULT_LOG="$world/counted.log" "$@" >/dev/null 2>&1
  wc -l <counted.log
}
