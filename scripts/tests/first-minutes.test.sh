#!/usr/bin/env bash
# What a newcomer does: init on a CSV of their own, a dry run, teacher, student, predictions; and
# what they get wrong. Expects the release build; MATE_KD names another program.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mate_kd=${MATE_KD:-$(cd "$root" && swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || { echo "first-minutes.test.sh: no $mate_kd" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HF_HOME=$work/no-cache
unset HF_HUB_CACHE HUGGINGFACE_HUB_CACHE XDG_CACHE_HOME

fail() {
  echo "FAILED: $*" >&2
  [[ ! -f out ]] || sed 's/^/    /' out >&2
  exit 1
}
run() { "$mate_kd" "$@" >out 2>&1 || fail "$* ends with $?"; }
refused() { # refused CODE TEXT COMMAND...
  local code=$1 text=$2 found=0
  shift 2
  "$mate_kd" "$@" >out 2>&1 || found=$?
  [[ $found -eq $code ]] || fail "$* ends with $found, not $code"
  grep -qF -- "$text" out || fail "$* does not say: $text"
}

run synthesize --output data --train-rows 400 --dev-rows 20 --corpus-rows 200
awk -F '\t' 'NR == 1 { print "review,verdict" }
  NR > 1 { print "\"" $1 "\"," ($2 == 1 ? "good" : "bad") }' data/SST-2/train.tsv >reviews.csv
cat >body.json <<'JSON'
{
  "output_dir": "body", "corpus": {"files": ["data/corpus.txt"]},
  "model": {
    "config": {
      "hidden_size": 24, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 32,
      "max_position_embeddings": 128
    },
    "vocab": "data/vocab.txt"
  },
  "train": {"max_steps": 20, "per_device_train_batch_size": 32, "learning_rate": 1e-3}
}
JSON
run pretrain --config - <body.json

run init --data reviews.csv --teacher body
grep -q 'CSV with "," between fields, the first line names the columns, 400 rows' out || fail summary
grep -q 'written: reviews-teacher.json, reviews.json' out || fail "no files named"
for name in teacher-finetune:reviews-teacher distill:reviews; do
  schema=.mate-kd/${name%:*}.schema.json
  grep -qF "\"\$schema\": \"$schema\"" "${name#*:}.json" || fail "${name#*:}.json names no schema"
  "$mate_kd" schema "${name%:*}" | cmp - "$schema" || fail "$schema is another schema"
done
refused 73 'reviews-teacher.json: cannot be written: it is there already' init --data reviews.csv
rm reviews.json
refused 73 'reviews-teacher.json: cannot be written: it is there already' init --data reviews.csv
run init --data reviews.csv --teacher body --out other.json
cmp -s reviews-teacher.json other-teacher.json || fail "the second configuration differs"
mv other.json reviews.json

run teacher-finetune --config reviews-teacher.json --dry-run --quiet
grep -q 'time of all updates' out || fail "no time estimate"
[[ ! -e runs ]] || fail "a dry run wrote something"
run teacher-finetune --config reviews-teacher.json --quiet --set train.learning_rate=2e-3
run distill --config reviews.json --dry-run --quiet
grep -q 'teacher accuracy' out || fail "the teacher was not measured"
run distill --config reviews.json --quiet --set train.learning_rate=2e-3
run predict --model runs/reviews-kd --input reviews.csv --output predictions.jsonl
[[ $(wc -l <predictions.jsonl) -eq 400 ]] || fail "not a line for each row"
refused 73 'give --overwrite' predict --model runs/reviews-kd --input reviews.csv \
  --output predictions.jsonl
run predict --model runs/reviews-kd --input reviews.csv --output predictions.jsonl --overwrite
# A dollar sign in a name is no variable.
mkdir '$HOME'
cp reviews.csv '$HOME/a $HOME.csv'
run init --data '$HOME/a $HOME.csv' --teacher body --out dollar.json
run teacher-finetune --config dollar-teacher.json --quiet --set train.max_steps=1
[[ -f runs/'a $HOME-teacher/model.safetensors' ]] || fail "the output lies elsewhere"
rm -r 'runs/a $HOME-teacher' dollar.json dollar-teacher.json '$HOME'

# Nothing replaces what it is made from, whatever it is called.
cp reviews.csv kept.csv
ln -s reviews.csv linked.csv
for name in ./reviews.csv linked.csv; do
  refused 73 'it is the file of --input' predict --model runs/reviews-kd --input reviews.csv \
    --output "$name" --overwrite
done
refused 73 'it is the file of --input' predict --model runs/reviews-kd --input - \
  --output reviews.csv --overwrite <reviews.csv
cmp -s reviews.csv kept.csv || fail "the input was replaced"
rm kept.csv linked.csv
run export --model runs/reviews-kd --output reviews.onnx
grep -q '^mate-kd: written to reviews.onnx: [0-9.]* MB$' out || fail "no size of the file"
run export --model runs/reviews-kd --quantize int8 --output reviews.onnx --overwrite
grep -q '^mate-kd: written to reviews.onnx: [0-9.]* MB (in float32 [0-9.]* MB)$' out ||
  fail "no size in float32"
grep -q 'int8 changes the weights by up to [0-9.]* % of' out || fail "no word about int8"
"$mate_kd" export --model runs/reviews-kd --quantize int8 --output - 2>err | cmp - reviews.onnx ||
  fail "another file on standard output"
rm reviews.onnx err
refused 73 'it is a file of the model itself' export --model runs/reviews-kd --overwrite \
  --output ./runs/reviews-kd/model.safetensors
echo kept >appended.jsonl
cut -d, -f1 reviews.csv | tail -n +2 | tr -d '"' |
  "$mate_kd" predict --model runs/reviews-kd --input - --input-format text --output - \
    2>/dev/null >>appended.jsonl || fail "standard input as texts"
[[ $(head -1 appended.jsonl) == kept && $(wc -l <appended.jsonl) -eq 401 ]] \
  || fail "standard input and output"

# A teacher that is fine-tuned already needs one file only.
run init --data reviews.csv --teacher runs/reviews-teacher --out again.json
[[ -f again.json && ! -f again-teacher.json ]] || fail "the teacher was not seen to be one"

# Without a model the configurations are written, with the line that gets it.
run init --data reviews.csv --out nowhere.json
grep -q 'hf download google-bert/bert-base-uncased' out || fail "no advice"

awk -F, 'NR == 1 { print $0 ",source" } NR > 1 { print $0 ",web" NR % 2 }' reviews.csv >two.csv
refused 64 'could be the label; name it, as in --label' init --data two.csv
refused 64 'has no column "verdit"; did you mean "verdict"?' init --data two.csv --label verdit
refused 66 'there is no such file' init --data none.csv
refused 64 'did you mean distill?' distil --config reviews.json
refused 64 'did you mean --config?' distill --confg reviews.json
refused 78 'did you mean "learning_rate"?' distill --config reviews.json --set train.learning_rat=1
refused 78 '"precision": "bf16"' distill --config reviews.json --set train.fp16=true
refused 78 'it belongs to the section train' distill --config reviews.json --set learning_rate=1
"$mate_kd" help distill | sed -n 3p | grep -q '^USAGE: ' || fail "help does not begin with usage"
echo "first-minutes: a newcomer's way works, and mistakes are answered"
