#!/usr/bin/env bash
# Students of 256 from teachers of 384: cut from their teacher by principal directions or by
# selection beside fresh ones, at equal updates (configs/studies/narrow-students.json), the same
# before any update, and how alike the layers of both teachers are. The results are in
# docs/students.md.
#
# usage: scripts/narrow-students.sh --glue DIR --body DIR [options]
#   --glue DIR      folder with CoLA and SST-2 in GLUE's layout
#   --body DIR      the teachers' pretrained body, a Hugging Face folder (6 layers of 384; MiniLM)
#   --out DIR       where everything goes (runs/narrow-students)
#   --program FILE  mate-kd (.build/release/mate-kd)
#   --updates N     updates of every student (150)
#   --threads N     worker threads (1)
#   --precision P   of every run: float32 or bf16 (float32)
#   --methods LIST  only these methods of the study, such as "fresh pca" (all)
#
# Every step runs only once: after an interruption the same command continues where it stopped.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
die() {
  echo "narrow-students.sh: $1" >&2
  exit 64
}
glue='' body='' out=runs/narrow-students program=$root/.build/release/mate-kd updates=150 threads=1
precision=float32 methods=''
while [[ $# -gt 0 ]]; do
  case $1 in
    --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    --glue | --body | --out | --program | --updates | --threads | --precision | --methods)
      [[ $# -ge 2 && -n $2 ]] || die "$1 needs a value" ;;
    *) die "unknown option $1" ;;
  esac
  declare "${1#--}=$2"
  shift 2
done
[[ -n $glue && -n $body ]] || die "give --glue and --body"
mkdir -p "$out"

teacher() { # teacher TASK FOLDER UPDATES LEARNING_RATE
  [[ -f $out/teachers/$1/config.json ]] && return
  cat >"$out/teacher-$1.json" <<JSON
{"output_dir": "$out/teachers/$1", "precision": "$precision",
 "task": {"name": "$1", "data_dir": "$glue/$2", "max_seq_length": 64},
 "model": {"model_name_or_path": "$body"},
 "train": {"per_device_train_batch_size": 32, "learning_rate": $4, "max_steps": $3,
           "warmup_ratio": 0.1, "max_grad_norm": 5.0, "logging_steps": 100}}
JSON
  "$program" teacher-finetune --config "$out/teacher-$1.json" --threads "$threads"
}
teacher cola CoLA 800 2e-4
teacher sst-2 SST-2 500 1e-4

study() { # study FOLDER SETTING...
  local folder=$1 settings=()
  shift
  for setting in "$@"; do settings+=(--set "$setting"); done
  for method in $methods; do settings+=(--method "$method"); done
  "$program" compare --config "$root/configs/studies/narrow-students.json" \
    --output-dir "$out/$folder" --threads "$threads" "${settings[@]}" \
    --set "base.precision=$precision" \
    --set "tasks.cola.task.data_dir=$glue/CoLA" --set "tasks.sst-2.task.data_dir=$glue/SST-2" \
    --set "tasks.cola.teacher.model_name_or_path=$out/teachers/cola" \
    --set "tasks.sst-2.teacher.model_name_or_path=$out/teachers/sst-2"
}
# An update with a learning rate of 0 changes nothing: how good the students are to begin with.
study start base.train.max_steps=1 base.train.learning_rate=0 'seeds=[1]'
study trained "base.train.max_steps=$updates"

"$program" inspect --model "$out/teachers/sst-2" --compare "$out/teachers/cola" \
  --task sst-2 --data "$glue" --threads "$threads"
"$program" inspect --model "$body" --compare "$out/teachers/sst-2" \
  --task sst-2 --data "$glue" --threads "$threads"
