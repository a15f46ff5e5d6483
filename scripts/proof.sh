#!/usr/bin/env bash
# The second study (docs/protocol.md): makes the generator's corpus, the generator and the teachers,
# then runs the cells that records/proof does not have yet, seed by seed, and keeps their records
# there. Can be interrupted at any time; the same command continues.
#
# usage: scripts/proof.sh --data DIR --body DIR --student DIR [options]
#   --data DIR          folder with glue/, ag_news/, snli/, imdb/ and squad2/
#   --body DIR          all-MiniLM-L6-v2 as a Hugging Face folder
#   --student DIR       paraphrase-MiniLM-L3-v2 as a Hugging Face folder
#   --work DIR          where models and runs go (runs/proof-work)
#   --study NAME        a study of configs/studies/proof/NAME.json; docs/results.md tells what each
#                       is for (study)
#   --seeds LIST        for example 1,2,3 (1,2,3)
#   --precision NAME    float32 or bf16 (bf16 where the processor has it)
#   --program FILE      mate-kd, instead of a release build of this repository
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/usage.sh"

data='' body='' student='' work=$root/runs/proof-work study=study seeds=1,2,3 precision='' program=''
while [[ $# -gt 0 ]]; do
  case $1 in
    --help | -h) usage ;;
    --data | --body | --student | --work | --study | --seeds | --precision | --program)
      [[ $# -ge 2 && -n $2 ]] || die "$1 needs a value"
      declare "${1#--}=$2"
      shift 2
      ;;
    *) die "unknown option $1; scripts/proof.sh --help lists the options" ;;
  esac
done
[[ -d $data/glue ]] || die "--data DIR: there is no folder $data/glue" 66
[[ -f $body/config.json ]] || die "--body DIR: there is no $body/config.json" 66
[[ -f $student/config.json ]] || die "--student DIR: there is no $student/config.json" 66
[[ $seeds =~ ^[0-9]+(,[0-9]+)*$ ]] || die "--seeds must be like 1,2,3, found $seeds"
configs=$root/configs/studies/proof
[[ -f $configs/$study.json ]] || die "--study: there is no $configs/$study.json" 66

if [[ -z $program ]]; then
  program=$(cd "$root" && swift build -c release --show-bin-path)/mate-kd
  [[ -x $program ]] || (cd "$root" && swift build -c release --product mate-kd)
fi
program=$(realpath "$program")
if [[ -z $precision ]]; then
  precision=float32
  ! grep -qsw avx512_bf16 /proc/cpuinfo || precision=bf16
fi

# The paths in the configurations are relative to the working folder.
mkdir -p "$work/models" "$work/runs/proof" "$root/records"
ln -sfn "$(realpath "$data")" "$work/data"
ln -sfn "$(realpath "$body")" "$work/models/all-MiniLM-L6-v2"
ln -sfn "$(realpath "$student")" "$work/models/paraphrase-MiniLM-L3-v2"
ln -sfn "$root/records" "$work/records"
cd "$work"

# made FOLDER COMMAND...: runs the command unless a file .done says that it has finished before.
made() {
  local folder=$1
  shift
  [[ ! -f $folder/.done ]] || return 0
  echo "==> $folder"
  "$program" "$@" --output-dir "$folder" --precision "$precision" --resume
  touch "$folder/.done"
}

# Which needs neither corpus nor generator.
case $study in
  as-dfd*)
    made runs/as-dfd/teacher teacher-finetune --config "$root/configs/methods/ag-news-teacher.json" \
      --set task.validation_split=0.2
    [[ $study != as-dfd-sst-2 ]] || made runs/as-dfd/teacher-sst-2 teacher-finetune \
      --config "$root/configs/methods/ag-news-teacher.json" --set task.name=sst-2 \
      --set task.data_dir=data/glue/SST-2 --set train.max_steps=600
    if [[ $study == as-dfd-imdb ]]; then
      # The sample has no training file, so one half of it trains the teacher.
      mkdir -p runs/as-dfd/imdb-data
      ln -sfn "$(realpath data/imdb/test.tsv)" runs/as-dfd/imdb-data/train.tsv
      ln -sfn "$(realpath data/imdb/dev.tsv)" runs/as-dfd/imdb-data/dev.tsv
      made runs/as-dfd/teacher-imdb teacher-finetune \
        --config "$root/configs/methods/ag-news-teacher.json" --set task.name=imdb \
        --set task.data_dir=runs/as-dfd/imdb-data --set task.max_seq_length=128 \
        --set train.num_train_epochs=5
    fi
    "$program" compare --config "$configs/$study.json" --set "base.precision=$precision"
    exit
    ;;
esac
if [[ ! -s runs/proof/corpus.txt ]]; then
  "$root/scripts/proof-corpus.py" data >runs/proof/corpus.part
  mv runs/proof/corpus.part runs/proof/corpus.txt
fi
teacher() { # teacher NAME TASK FOLDER SETTING...
  local name=$1 task=$2 folder=$3 settings=()
  shift 3
  for setting in "$@"; do settings+=(--set "$setting"); done
  made "runs/proof/teachers/$name" teacher-finetune --config "$configs/teacher.json" \
    --set "task.name=$task" --set "task.data_dir=data/$folder" "${settings[@]}"
}
# A twin of the generator that is used to unmasked text.
smoothing_generator() {
  made runs/proof/smoothing-generator pretrain --config "$configs/generator.json" \
    --set mlm.masking=80-10-10 --set mlm.mlm_probability=0.15
}
case $study in
  few-shot*)
    smoothing_generator
    teacher sst-2 sst-2 glue/SST-2 train.max_steps=500
    teacher ag-news ag-news ag_news train.max_steps=300
    # Its seeds are those of the draws.
    "$program" compare --config "$configs/$study.json" --set "base.precision=$precision"
    exit
    ;;
esac
teacher cola cola glue/CoLA
case $study in
  small-methods) smoothing_generator ;;&
  small*)
    made runs/proof/generator-long pretrain --config "$configs/generator-long.json"
    teacher sts-b sts-b glue/STS-B task.max_seq_length=128
    teacher mrpc mrpc glue/MRPC task.max_seq_length=128
    teacher qnli qnli glue/QNLI task.max_seq_length=128 train.max_steps=600
    teacher qqp qqp glue/QQP task.max_seq_length=128 train.max_steps=800
    teacher sst-2-1500 sst-2 glue/SST-2 train.max_steps=1500
    # Its seeds are those of the draws.
    "$program" compare --config "$configs/$study.json" --set "base.precision=$precision"
    exit
    ;;
esac
case $study in
  full*)
    made runs/proof/generator pretrain --config "$configs/generator.json"
    made runs/proof/generator-long pretrain --config "$configs/generator-long.json"
    teacher sts-b sts-b glue/STS-B task.max_seq_length=128
    teacher mrpc mrpc glue/MRPC task.max_seq_length=128
    teacher qqp qqp glue/QQP task.max_seq_length=128 train.max_steps=800
    ;;
  *) made runs/proof/generator pretrain --config "$configs/generator.json" ;;
esac
# Seed by seed, so that what is finished can be compared.
IFS=, read -ra list <<<"$seeds"
for seed in "${list[@]}"; do
  echo "==> $study, seed $seed"
  "$program" compare --config "$configs/$study.json" --set "base.precision=$precision" \
    --set "seeds=[$seed]" >/dev/null
done
"$program" compare --config "$configs/$study.json" --report
