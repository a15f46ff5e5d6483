#!/usr/bin/env bash
# Runs the inputs of ../shared/cases (or of MATE_KD_SHARED) on which earlier versions went wrong,
# and prints for each what is expected, what came out, and whether that is right. Cases whose folder
# is not there are skipped with a line that says so. Expects the release build.
# Usage: scripts/tests/cases.test.sh [CASE...]
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cases=${MATE_KD_SHARED:-$root/../shared}/cases
mate_kd=${MATE_KD:-$(cd "$root" && swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || { echo "cases.test.sh: no $mate_kd" >&2; exit 1; }
[[ -d $cases ]] || { echo "skipped: $cases is not here"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wanted=("$@")
wrong=0

# row CASE EXPECTED GOT: right if GOT is what EXPECTED says.
row() {
  local verdict=right
  if [[ $2 != "$3" ]]; then
    verdict=WRONG
    wrong=$((wrong + 1))
  fi
  printf '| %s | %s | %s | %s |\n' "$1" "$2" "$3" "$verdict"
}

# enter CASE: true with a fresh copy of the case as working folder.
enter() {
  local name
  if ((${#wanted[@]})); then
    for name in "${wanted[@]}"; do [[ $name == "$1" ]] && break; done
    [[ $name == "$1" ]] || return 1
  fi
  if [[ ! -d $cases/$1 ]]; then
    echo "skipped: $cases/$1 is not here"
    return 1
  fi
  rm -rf "${work:?}/$1"
  cp -r "$cases/$1" "$work/$1"
  cd "$work/$1" || exit 1
}

# run COMMAND...: output in out.log and err.log, exit code in $code, last line of errors in $last.
run() {
  timeout -k 2 120 "$@" >out.log 2>err.log
  code=$?
  last=$(grep -v '^$' err.log | tail -1)
}

# refusal WORD...: "refused" if the run failed with one sentence that has every word.
refusal() {
  local word
  if ((code == 0 || code > 128)); then echo "exit $code"; return; fi
  for word in "$@"; do
    [[ $last == *"$word"* ]] || { echo "exit $code without \"$word\": $last"; return; }
  done
  echo "refused"
}

json() { python3 -c "import json, sys; d = [json.loads(l) for l in open('$1')]; print($2)" 2>&1; }
both() { if [[ $1 == "$2" ]]; then echo "$1"; else echo "$1, then $2"; fi; }
accuracy() { # accuracy FILE KEY...
  python3 -c "
import json, sys
found = json.load(open(sys.argv[1]))
for key in sys.argv[2:]: found = found[key]
print(round(found, 4))" "$@" 2>&1 | tail -1
}

echo '| case | expected | got | |'
echo '| --- | --- | --- | --- |'

if enter absurd-sizes; then
  run "$mate_kd" predict --model width --task sst-2 --input sst.tsv --output out.jsonl
  first=$(refusal)
  run "$mate_kd" teacher-finetune --config finetune.json \
    --set train.gradient_accumulation_steps=9223372036854775807
  row absurd-sizes refused "$(both "$first" "$(refusal)")"
fi
if enter added-tokens-refused; then
  "$mate_kd" tokenize --model normalized <texts.txt >out.log 2>err.log
  row added-tokens-refused \
    "$(printf '%s' '125 125 126 126')" \
    "$(tr -dc '0-9, \n' <out.log | head -1 | tr ',' '\n' | grep -oE '12[56]' | xargs)"
fi
if enter bad-rows-skip-evaluate; then
  run "$mate_kd" teacher-finetune --config finetune.json
  run "$mate_kd" evaluate --model out --data data
  first=$code
  run "$mate_kd" evaluate --model out --data data --task-config finetune.json
  row bad-rows-skip-evaluate "exit 0" "exit $(both "$first" "$code")"
fi
if enter blank-last-line; then
  run "$mate_kd" evaluate --model model --task-config task.json --data data --bootstrap 0 --json
  first=$(python3 -c "import json; print(json.load(open('out.log'))['samples'])" 2>&1 | tail -1)
  run "$mate_kd" predict --model sst2 --task sst-2 --input sst.tsv --output out.jsonl
  row blank-last-line "2 rows" "$(both "$first" "$(json out.jsonl 'len(d)')") rows"
fi
if enter early-stopping-undefined-metric; then
  run "$mate_kd" teacher-finetune --config finetune.json
  said=$(grep -c 'undefined' err.log | sed 's/^[1-9].*/said/; s/^0$/silent/')
  row early-stopping-undefined-metric "3 evaluations, said" \
    "$(grep -c '"eval_loss"' out/log.jsonl) evaluations, $said"
fi
if enter extra-fields; then
  run "$mate_kd" evaluate --model model --task-config task.json --data data
  first=$(refusal ":2: ")
  run "$mate_kd" predict --model sst2 --task sst-2 --input test.tsv --output out.jsonl
  row extra-fields refused "$(both "$first" "$(refusal "test.tsv")")"
fi
if enter kd-regression-temperature; then
  run "$mate_kd" distill --config kd.json
  row kd-regression-temperature "loss 9.9893" "loss $(head -1 out/log.jsonl |
    python3 -c "import json, sys; print('%.4f' % json.loads(sys.stdin.readline())['loss'])")"
fi
for name in label-names-0-1 label-names-integers; do
  if enter $name; then
    model=names-0-1
    [[ -d $model ]] || model=model
    run "$mate_kd" predict --model $model --task sst-2 --input sst.tsv --output out.jsonl
    row $name "2 rows of negative, positive" "$(json out.jsonl \
      'f"{len(d)} rows of " + ", ".join(d[0]["label_names"])')"
  fi
done
if enter memory-limit-hang; then
  (ulimit -v 300000; timeout -k 1 20 "$mate_kd" predict --model model --task sst-2 \
    --input in.txt --output out.jsonl >out.log 2>err.log)
  code=$? last=$(tail -1 err.log)
  row memory-limit-hang refused "$( ((code == 124 || code == 137)) && echo hangs || refusal)"
fi
if enter nan-weights; then
  run "$mate_kd" predict --model model --task sst-2 --input sst.tsv --output out.jsonl
  first=$(refusal)
  run "$mate_kd" evaluate --model model --task sst-2 --data data --bootstrap 0
  row nan-weights refused "$(both "$first" "$(refusal)")"
fi
if enter no-segments-in-tokenizer; then
  run "$mate_kd" predict --model model --task rte --input rte.tsv --output out.jsonl
  row no-segments-in-tokenizer "-0.3450, -2.5310" \
    "$(json out.jsonl '", ".join("%.4f" % x for x in d[0]["logits"])')"
fi
if enter order-of-logits; then
  run "$mate_kd" predict --model model --task sst-2 --input sst.tsv --output out.jsonl
  row order-of-logits "negative -2.5448, positive -0.3824" "$(json out.jsonl \
    '", ".join("%s %.4f" % p for p in zip(d[0]["label_names"], d[0]["logits"]))')"
fi
if enter other-tokenizer-class; then
  "$mate_kd" tokenize --model japanese <texts.txt >out.log 2>err.log
  code=$? last=$(tail -1 err.log)
  row other-tokenizer-class refused "$(refusal tokenizer_class BertJapaneseTokenizer)"
fi
if enter pipes-as-input; then
  run "$mate_kd" predict --model model --task sst-2 --input <(cat in.txt) --output out.jsonl
  first=$code
  run "$mate_kd" predict --model model --task sst-2 --input /dev/stdin --output out.jsonl \
    --overwrite <in.txt
  row pipes-as-input "exit 0" "exit $(both "$first" "$code")"
fi
if enter read-as-plain-text; then
  run "$mate_kd" predict --model model --task sst-2 --input one-column.tsv --output out.jsonl
  first="$(json out.jsonl 'len(d)') rows"
  grep -q 'is read as' err.log || first="$first, unsaid"
  run "$mate_kd" predict --model model --task sst-2 --input table.csv --output out.jsonl \
    --overwrite
  second="$(json out.jsonl 'len(d)') rows"
  grep -q 'is read as' err.log || second="$second, unsaid"
  row read-as-plain-text "2 rows" "$(both "$first" "$second")"
fi
if enter same-vocabulary-other-case; then
  # What distill reports is what evaluate finds: the student keeps the tokenizer it was trained
  # with.
  for name in same-vocabulary-other-case "same-vocabulary-other-case, mended"; do
    run "$mate_kd" distill --config distill.json
    first=$(accuracy out/eval_results.json eval_accuracy)
    run "$mate_kd" evaluate --model out --task sst-2 --data data --bootstrap 0 --json
    second=$(accuracy out.log accuracy)
    row "$name" "$first" "$second"
    cp teacher/tokenizer_config.json student/
  done
fi
if enter score-notation; then
  run "$mate_kd" evaluate --model model --task-config jsonl.json --data jsonl --bootstrap 0
  row score-notation "exit 0" "exit $code"
fi
if enter segment-out-of-range; then
  run "$mate_kd" predict --model model --task rte --input rte.tsv --output out.jsonl
  row segment-out-of-range refused "$(refusal)"
fi
if enter special-tokens-in-text; then
  "$mate_kd" tokenize --model markers <texts.txt >out.log 2>err.log
  row special-tokens-in-text "2 5 125 44 126 37 5 45 3, said" \
    "$(head -1 out.log | tr -d '[],'), $(grep -q notice err.log && echo said || echo silent)"
  "$mate_kd" tokenize --model markers --special-tokens-in-text <texts.txt >out.log 2>err.log
  row "special-tokens-in-text, --special-tokens-in-text" "2 times [SEP]" \
    "$(sed -n 3p out.log | tr -d '[],' | tr ' ' '\n' | grep -cx 3) times [SEP]"
  "$mate_kd" tokenize --model markers --no-special-tokens-in-text <texts.txt >out.log 2>err.log
  row "special-tokens-in-text, --no-special-tokens-in-text" "no marker" \
    "$(grep -qE '\b12[56]\b' out.log && echo markers || echo "no marker")"
fi
if enter standard-output-full; then
  "$mate_kd" evaluate --model model --task sst-2 --data data --json >/dev/full 2>err.log
  row standard-output-full "exit 74" "exit $?"
fi
if enter vocabulary-with-holes; then
  "$mate_kd" tokenize --model model <texts.txt >out.log 2>err.log
  row vocabulary-with-holes "exit 0" "exit $?"
fi

if ((wrong > 0)); then
  echo "$wrong cases are wrong" >&2
  exit 1
fi
