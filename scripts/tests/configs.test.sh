#!/usr/bin/env bash
# Every sample configuration passes --dry-run of its subcommand, in a folder with stand-ins for the
# data and the models at the paths that it names. Expects the release build.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mate_kd=${MATE_KD:-$(cd "$root" && swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || { echo "configs.test.sh: no $mate_kd" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

quietly() {
  "$@" >"$work/out" 2>&1 || { echo "FAILED: $*" >&2; sed 's/^/    /' "$work/out" >&2; exit 1; }
}

for folder in data/glue runs/smoke/data runs/quickstart/data; do
  quietly "$mate_kd" synthesize --output "$folder" --train-rows 40 --dev-rows 20 --corpus-rows 40
done
model() { # model LAYERS FOLDER: a tiny untrained masked language model
  cat >model.json <<JSON
{
  "output_dir": "$2",
  "corpus": {"files": ["data/glue/corpus.txt"]},
  "model": {
    "config": {
      "hidden_size": 24, "num_hidden_layers": $1, "num_attention_heads": 2, "intermediate_size": 16,
      "max_position_embeddings": 128
    },
    "vocab": "data/glue/vocab.txt"
  },
  "train": {"max_steps": 1}
}
JSON
  quietly "$mate_kd" pretrain --config model.json
}
classifier() { # classifier BODY FOLDER [TASK DATA]
  cat >classifier.json <<JSON
{
  "output_dir": "$2",
  "task": {"name": "${3:-sst-2}", "data_dir": "${4:-data/glue/SST-2}"},
  "model": {"model_name_or_path": "$1"},
  "train": {"max_steps": 1}
}
JSON
  quietly "$mate_kd" teacher-finetune --config classifier.json
}
model 12 models/bert-base-uncased
mkdir -p google-bert
cp -r models/bert-base-uncased google-bert/
classifier models/bert-base-uncased models/bert-base-uncased-sst2
classifier models/bert-base-uncased runs/sst2-teacher
classifier models/bert-base-uncased runs/sst2-takd-assistant
for folder in models/distilbert-base-uncased models/distilroberta-base \
  models/uncased_L-6_H-768_A-12; do
  model 6 "$folder"
done
classifier models/bert-base-uncased models/roberta-large-sst2
for folder in google/bert_uncased_L-4_H-256_A-4 models/uncased_L-4_H-256_A-4 runs/sst2-generator; do
  model 4 "$folder"
done
for runs in runs/smoke runs/quickstart; do
  model 4 "$runs/teacher-body"
  model 2 "$runs/generator"
  classifier "$runs/teacher-body" "$runs/teacher"
done
mkdir -p data/ag_news
for class in 1 2 3 4; do echo "\"$class\",\"a film\",\"good\""; done >data/ag_news/train.csv
cp data/ag_news/train.csv data/ag_news/test.csv
model 3 models/paraphrase-MiniLM-L3-v2
classifier models/paraphrase-MiniLM-L3-v2 runs/ag-news-teacher ag-news data/ag_news

# The files that configs/studies name; data only if a run opens them.
model 6 models/all-MiniLM-L6-v2
model 3 runs/glue-small/generator
cp -r runs/sst2-teacher runs/sst2-minilm-teacher
mkdir -p runs/sst2-minilm
mv runs/sst2-minilm-teacher runs/sst2-minilm/teacher
cp -r runs/glue-small/generator runs/sst2-minilm/generator
cp data/glue/corpus.txt runs/glue-small/corpus.txt
for task in CoLA MRPC RTE STS-B QNLI QQP; do mkdir -p "data/glue/$task"; done
for split in train dev; do
  awk -F '\t' 'NR > 1 { printf "x\t%s\t\t%s\n", $2, $1 }' "data/glue/SST-2/$split.tsv" \
    >"data/glue/CoLA/$split.tsv"
done
for task in cola sst-2 mrpc rte sts-b qnli qqp; do
  mkdir -p runs/glue-small/teachers
  cp -r runs/sst2-teacher "runs/glue-small/teachers/$task"
done
mkdir -p runs/proof
cp -r runs/glue-small/teachers runs/glue-small/generator runs/glue-small/corpus.txt runs/proof/
cp -r runs/glue-small/generator runs/proof/smoothing-generator
cp -r runs/glue-small/generator runs/proof/generator-long
cp -r runs/glue-small/teachers/sst-2 runs/proof/teachers/sst-2-1500
cp -r runs/ag-news-teacher runs/proof/teachers/ag-news
mkdir -p runs/as-dfd
cp -r runs/ag-news-teacher runs/as-dfd/teacher
classifier models/paraphrase-MiniLM-L3-v2 runs/as-dfd/teacher-sst-2
mkdir runs/as-dfd/imdb-data
cp data/glue/SST-2/{train,dev}.tsv runs/as-dfd/imdb-data
classifier models/paraphrase-MiniLM-L3-v2 runs/as-dfd/teacher-imdb imdb runs/as-dfd/imdb-data
mkdir -p runs/narrow-students
cp -r runs/glue-small/teachers runs/narrow-students/teachers

count=0
while IFS= read -r config; do
  name=${config#"$root/"}
  command=$(sed -nE '/"\$schema"/ { s|.*/([a-z-]+)\.json".*|\1|p; q }' "$config")
  [[ -n $command ]] || { echo "FAILED: $name names no schema" >&2; exit 1; }
  # The stand-ins know nothing, which a dry run finds out.
  changes=()
  [[ $command != distill ]] || changes=(--set allow_weak_teacher=true)
  # Nor need WordNet be installed.
  if grep -q '"name": "eda"' "$config"; then
    key=method.wordnet
    [[ $command == distill ]] || key=methods.eda.$key
    changes+=(--set "$key=\"$root/Tests/Goldens/wordnet\"")
  fi
  quietly "$mate_kd" "$command" --config "$config" --dry-run --output-dir "runs/dry" \
    "${changes[@]}"
  [[ ! -e runs/dry ]] || { echo "FAILED: $name --dry-run wrote its output folder" >&2; exit 1; }
  count=$((count + 1))
done < <(find "$root/configs" -name '*.json' | sort)

echo "configs: $count dry runs passed"
