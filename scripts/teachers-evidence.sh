#!/usr/bin/env bash
# Teachers on real data: one with another vocabulary, predictions of scikit-learn, and texts without
# labels. Prints a line a run and the table of docs/teachers.md. Hours, if it has one thread.
#
#   MATE_KD=.build/release/mate-kd PYTHON=python3 scripts/teachers-evidence.sh DATA MODEL TOKENIZER
#   OUT
#
# DATA has SST-2 and ag_news, MODEL is a small BERT encoder, such as paraphrase-MiniLM-L3-v2, and
# TOKENIZER a folder with RoBERTa's vocab.json and merges.txt. PYTHON has scikit-learn. SEEDS and
# SCALE (a factor on the updates of the students) may be set.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[[ $# -eq 4 ]] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 64; }
data=$(realpath "$1") model=$(realpath "$2") tokenizer=$(realpath "$3")
mkdir -p "$4"
cd "$4"
mate_kd=$(realpath "${MATE_KD:-$root/.build/release/mate-kd}")
python=${PYTHON:-python3} seeds=${SEEDS:-1 2 3} scale=${SCALE:-1}

steps() { echo $(($1 * ${scale%%/*} / $([[ $scale == */* ]] && echo "${scale##*/}" || echo 1))); }

# The labelled and the unlabelled part of AG News, drawn by a seed, with the test rows to measure
# on.
"$python" - "$data/ag_news" <<'PYTHON'
import os, random, shutil, sys

folder = sys.argv[1]
lines = open(f"{folder}/train_sample.tsv", encoding="utf-8").read().rstrip("\n").split("\n")
header, rows = lines[0], lines[1:]
random.Random(1).shuffle(rows)
os.makedirs("ag", exist_ok=True)
with open("ag/train_sample.tsv", "w", encoding="utf-8") as file:
    file.write("\n".join([header] + rows[:1000]) + "\n")
column = header.split("\t").index("text")
with open("ag/more.txt", "w", encoding="utf-8") as file:
    file.write("\n".join(row.split("\t")[column] for row in rows[1000:10000]) + "\n")
shutil.copy(f"{folder}/test.csv", "ag/test.csv")
PYTHON

# Bags of words and pairs, by scikit-learn: probabilities for the labelled and the unlabelled texts.
"$python" - <<'PYTHON'
import csv
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

lines = open("ag/train_sample.tsv", encoding="utf-8").read().rstrip("\n").split("\n")
columns = lines[0].split("\t")
rows = [dict(zip(columns, line.split("\t"))) for line in lines[1:]]
more = open("ag/more.txt", encoding="utf-8").read().rstrip("\n").split("\n")
test = []
with open("ag/test.csv", encoding="utf-8", newline="") as file:
    for row in csv.reader(file):
        test.append((row[0], f"{row[1]} {row[2]}"))
names = {"1": "World", "2": "Sports", "3": "Business", "4": "Sci/Tech"}
words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
model = LogisticRegression(C=10, max_iter=1000)
model.fit(words.fit_transform([row["text"] for row in rows]), [row["label"] for row in rows])


def write(path, texts):
    with open(path, "w", encoding="utf-8") as file:
        file.write("index," + ",".join(names[c] for c in model.classes_) + "\n")
        for index, values in enumerate(model.predict_proba(words.transform(texts))):
            file.write(f"{index}," + ",".join(f"{v:.6f}" for v in values) + "\n")


write("soft.csv", [row["text"] for row in rows])
write("soft-more.csv", more)
write("soft-test.csv", [text for _, text in test])
PYTHON

shape='"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 512, "max_position_embeddings": 130'
bert="{\"config\": {$shape}, \"vocab\": \"$model\"}"
roberta="{\"config\": {\"model_type\": \"roberta\", $shape}, \"vocab\": \"$tokenizer\"}"
cat >sst2.json <<JSON
{"output_dir": "x", "threads": 1, "shards": 1, "overwrite_output_dir": true,
 "task": {"name": "sst-2", "data_dir": "$data/glue", "max_seq_length": 64},
 "train": {"per_device_train_batch_size": 32, "warmup_ratio": 0.1, "eval_strategy": "no"}}
JSON
cat >ag.json <<JSON
{"output_dir": "x", "threads": 1, "shards": 1, "overwrite_output_dir": true,
 "task": {"name": "ag-news", "data_dir": "$PWD/ag", "max_seq_length": 64},
 "train": {"per_device_train_batch_size": 32, "warmup_ratio": 0.1, "eval_strategy": "no",
           "max_eval_samples": 2000}}
JSON

run() { # name, command, file, settings...
  local name=$1 command=$2 file=$3
  shift 3
  # An interrupted run has results, too, but not those of its end.
  if ! grep -qs eval_accuracy "$name/all_results.json" \
    || grep -q '"interrupted": true' "$name/all_results.json"; then
    "$mate_kd" "$command" --config "$file" --set "output_dir=$name" "${@/#/--set=}" \
      >"$name.log" 2>&1 || { tail -3 "$name.log" >&2; exit 1; }
  fi
  "$python" -c 'import json, sys
found = json.load(open(sys.argv[1] + "/all_results.json"))
teacher = [k for k in ("teacher_accuracy", "teacher_train_accuracy") if k in found]
print("%-24s %.4f" % (sys.argv[1], found["eval_accuracy"])
      + "".join(f"  {k} {found[k]:.4f}" for k in teacher))' "$name" | tee -a results.txt
}

: >results.txt
tune=("train.learning_rate=3e-5")
run sst2-teacher teacher-finetune sst2.json "model={\"model_name_or_path\": \"$model\"}" \
  "${tune[@]}" "train.max_steps=1000"
run ag-teacher teacher-finetune ag.json "model={\"model_name_or_path\": \"$model\"}" \
  "${tune[@]}" "train.max_steps=300"
for seed in $seeds; do
  # The same teacher for a student with its vocabulary and for one with RoBERTa's.
  for student in bert roberta; do
    for method in none kd; do
      run "sst2-$student-$method-$seed" distill sst2.json "seed=$seed" "student=${!student}" \
        "method.name=$method" 'teacher.model_name_or_path=sst2-teacher' \
        "train.learning_rate=5e-4" "train.max_steps=$(steps 1000)" "teacher_cache_dir=cache"
    done
  done
  ag=("seed=$seed" "student=$bert" "train.learning_rate=5e-4" "train.max_steps=$(steps 1000)")
  here='teacher.model_name_or_path=ag-teacher'
  soft='teacher={"predictions": "soft.csv", "validation_predictions": "soft-test.csv"}'
  run "ag-labels-$seed" distill ag.json "${ag[@]}" method.name=none "$here"
  run "ag-kd-$seed" distill ag.json "${ag[@]}" method.name=kd "$here"
  run "ag-kd-transfer-$seed" distill ag.json "${ag[@]}" method.name=kd "$here" \
    'transfer={"files": ["ag/more.txt"]}'
  run "ag-sklearn-$seed" distill ag.json "${ag[@]}" method.name=kd "$soft"
  run "ag-sklearn-transfer-$seed" distill ag.json "${ag[@]}" method.name=kd \
    "teacher={\"predictions\": \"soft.csv\", \"validation_predictions\": \"soft-test.csv\", \"transfer_predictions\": [\"soft-more.csv\"]}" \
    'transfer={"files": ["ag/more.txt"]}'
done

"$python" - <<'PYTHON'
import re, statistics

found = {}
for line in open("results.txt"):
    name, value = line.split()[:2]
    found.setdefault(re.sub(r"-\d+$", "", name), []).append(100 * float(value))
for name, values in found.items():
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    print(f"| {name} | {statistics.mean(values):.1f}{spread} |")
PYTHON
