#!/usr/bin/env bash
# The papers' comparison at a scale for CPUs: a 6-layer teacher is fine-tuned on six GLUE tasks, a
# generator is adapted to their texts, and configs/studies/glue-small.json compares the methods on
# 3-layer students. The results are in docs/first-study.md.
#
# usage: scripts/reproduce.sh --glue DIR --body DIR [options]
#   --glue DIR            folder with CoLA, SST-2, MRPC, RTE, STS-B and QNLI in GLUE's layout
#   --body DIR            the teacher's pretrained body, a Hugging Face folder (6 layers; MiniLM)
#   --generator-body DIR  the body of the generator; layers 0, 2 and 5 of --body unless given
#   --general FILE        more text for the generator, one text per line
#   --out DIR             where everything goes (runs/glue-small)
#   --study FILE          another study (configs/studies/glue-small.json)
#   --task NAME           only this task; may be repeated
#   --method NAME         only this method; may be repeated
#   --updates N           number of updates of every student, instead of the study's
#   --seeds LIST          for example 1,2,3
#   --threads N           worker threads
#   --precision NAME      float32 or bf16
#   --quick               a few updates of everything on two tasks: does it all run?
#
# Every step runs only once: after an interruption the same command continues where it stopped.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/usage.sh"

glue='' body='' generator_body='' general='' out=runs/glue-small quick='' updates='' seeds=''
study=$root/configs/studies/glue-small.json
tasks=() methods=() common=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --quick) quick=yes; shift; continue ;;
    --help | -h) usage ;;
    --glue | --body | --generator-body | --general | --out | --study | --task | --method | \
      --updates | --seeds | --threads | --precision)
      [[ $# -ge 2 && -n $2 ]] || die "$1 needs a value" ;;
    *) die "unknown option $1; scripts/reproduce.sh --help lists the options" ;;
  esac
  case $1 in
    --glue) glue=$2 ;;
    --body) body=$2 ;;
    --generator-body) generator_body=$2 ;;
    --general) general=$2 ;;
    --out) out=$2 ;;
    --study) study=$2 ;;
    --task) tasks+=("$2") ;;
    --method) methods+=("$2") ;;
    --updates) updates=$2 ;;
    --seeds) seeds=$2 ;;
    --threads) common+=(--set "threads=$2") ;;
    --precision) common+=(--set "precision=$2") ;;
  esac
  shift 2
done
[[ -n $glue ]] || die "--glue DIR is missing: the folder with CoLA, SST-2, ..."
[[ -n $body ]] || die "--body DIR is missing: the teacher's pretrained body"
[[ -f $body/config.json ]] || die "$body/config.json is not there; --body names a model folder" 66
[[ -z $general || -f $general ]] || die "there is no file $general (--general)" 66
[[ -f $study ]] || die "there is no file $study (--study)" 66
[[ -z $updates || $updates =~ ^[1-9][0-9]*$ ]] || die "--updates must be a number, found $updates"
[[ -z $seeds || $seeds =~ ^[0-9]+(,[0-9]+)*$ ]] || die "--seeds must be like 1,2,3, found $seeds"

declare -A folders=(
  [cola]=CoLA [sst-2]=SST-2 [mrpc]=MRPC [rte]=RTE [sts-b]=STS-B [qnli]=QNLI)
all=(cola sst-2 mrpc rte sts-b qnli)
if [[ ${#tasks[@]} -eq 0 ]]; then
  tasks=("${all[@]}")
  [[ -z $quick ]] || tasks=(rte cola)
fi
for task in "${tasks[@]}"; do
  [[ -n ${folders[$task]:-} ]] || die "--task $task: the tasks are ${all[*]}"
  [[ -f $glue/${folders[$task]}/train.tsv ]] \
    || die "there is no file $glue/${folders[$task]}/train.tsv" 66
done

mate_kd=$(cd "$root" && swift build -c release --show-bin-path)/mate-kd
if [[ ! -x $mate_kd ]]; then
  (cd "$root" && swift build -c release --product mate-kd)
fi
mkdir -p "$out"

# made FOLDER COMMAND...: runs the command unless a file .done says that it has finished before.
made() {
  local folder=$1
  shift
  if [[ -f $folder/.done ]]; then
    echo "==> $folder is there"
    return
  fi
  echo "==> $folder"
  "$mate_kd" "$@" --output-dir "$folder" --overwrite-output-dir "${common[@]}"
  touch "$folder/.done"
}

# The texts of the six tasks' training rows, and of --general. A second text has its own line.
columns() { # columns TASK SKIPPED_LINES COLUMN...
  local file=$glue/${folders[$1]}/train.tsv skip=$2
  shift 2
  [[ -f $file ]] || return 0
  awk -F '\t' -v skip="$skip" -v list="$*" \
    'BEGIN { n = split(list, c, " ") }
     NR > skip { sub(/\r$/, ""); for (i = 1; i <= n; i++) if ($c[i] != "") print $c[i] }' "$file"
}
if [[ ! -s $out/corpus.txt ]]; then
  {
    columns cola 0 4
    columns sst-2 1 1
    columns mrpc 1 4 5
    columns rte 1 2 3
    columns sts-b 1 8 9
    columns qnli 1 2 3
    [[ -z $general ]] || cat "$general"
  } >"$out/corpus.txt.part"
  mv "$out/corpus.txt.part" "$out/corpus.txt"
fi

generator=(--set "corpus={\"files\": [\"$out/corpus.txt\"]}")
if [[ -n $generator_body ]]; then
  generator+=(--set "model={\"model_name_or_path\": \"$generator_body\"}")
else
  generator+=(--set "model.model_name_or_path=$body")
fi
[[ -z $quick ]] || generator+=(--set train.max_steps=20)
made "$out/generator" pretrain --config "$root/configs/studies/generator.json" "${generator[@]}"

# Passes over the training rows, so that each teacher gets about as many updates as it needs.
declare -A epochs=([cola]=5 [sst-2]=1 [mrpc]=5 [rte]=8 [sts-b]=4 [qnli]=2)
for task in "${tasks[@]}"; do
  teacher=(
    --set "task.name=$task" --set "task.data_dir=$glue/${folders[$task]}"
    --set "model.model_name_or_path=$body" --set "train.num_train_epochs=${epochs[$task]}")
  [[ -z $quick ]] || teacher+=(
    --set train.max_steps=20 --set train.eval_strategy=no --set train.load_best_model_at_end=false
    --set train.max_eval_samples=200)
  made "$out/teachers/$task" teacher-finetune --config "$root/configs/studies/teacher.json" \
    "${teacher[@]}"
done

# Tasks that were left out are removed from the study, so that averages are over the others.
options=(--output-dir "$out/study" --set "base.generator.model_name_or_path=$out/generator")
for task in "${all[@]}"; do
  if [[ " ${tasks[*]} " == *" $task "* ]]; then
    options+=(
      --set "tasks.$task.task.data_dir=$glue/${folders[$task]}"
      --set "tasks.$task.teacher.model_name_or_path=$out/teachers/$task")
    [[ -z $updates ]] || options+=(--set "tasks.$task.train.max_steps=$updates")
  else
    options+=(--set "tasks.$task=null")
  fi
done
for method in "${methods[@]}"; do options+=(--method "$method"); done
[[ -z $seeds ]] || options+=(--set "seeds=[$seeds]")
for ((i = 1; i < ${#common[@]}; i += 2)); do options+=(--set "base.${common[$i]}"); done
if [[ -n $quick ]]; then
  [[ -n $seeds ]] || options+=(--set "seeds=[1,2]")
  [[ -n $updates ]] || options+=(--set base.train.max_steps=12)
  options+=(
    --set base.train.max_eval_samples=200 --set base.allow_weak_teacher=true
    --set bootstrap.resamples=200)
fi
echo "==> $out/study"
exec "$mate_kd" compare --config "$study" "${options[@]}"
