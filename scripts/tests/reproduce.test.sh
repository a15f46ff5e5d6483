#!/usr/bin/env bash
# reproduce.sh --quick on made-up data and a tiny body: it finishes, a second call repeats nothing,
# and wrong arguments are reported. Expects the release build.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mate_kd=$(cd "$root" && swift build -c release --show-bin-path)/mate-kd
[[ -x $mate_kd ]] || { echo "reproduce.test.sh: no $mate_kd" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "reproduce.test.sh: FAILED: $1" >&2
  sed 's/^/    /' "$work/log" >&2
  exit 1
}

"$mate_kd" synthesize --output made --train-rows 60 --dev-rows 30 --corpus-rows 60 >"$work/log" 2>&1
mkdir -p glue/CoLA glue/RTE
for split in train dev; do
  awk -F '\t' 'NR > 1 { printf "x\t%s\t\t%s\n", $2, $1 }' "made/SST-2/$split.tsv" \
    >"glue/CoLA/$split.tsv"
  awk -F '\t' 'BEGIN { print "index\tsentence1\tsentence2\tlabel" }
    NR > 1 { print NR - 2 "\t" $1 "\t" $1 "\t" ($2 == 1 ? "entailment" : "not_entailment") }' \
    "made/SST-2/$split.tsv" >"glue/RTE/$split.tsv"
done
cat >body.json <<JSON
{
  "output_dir": "body",
  "corpus": {"files": ["made/corpus.txt"]},
  "model": {
    "config": {
      "hidden_size": 8, "num_hidden_layers": 6, "num_attention_heads": 2, "intermediate_size": 16,
      "max_position_embeddings": 128
    },
    "vocab": "made/vocab.txt"
  },
  "train": {"max_steps": 1}
}
JSON
"$mate_kd" pretrain --config body.json >"$work/log" 2>&1 || fail "no body"

run() { # run EXPECTED_CODE ARGUMENT...
  local expected=$1 code=0
  shift
  "$root/scripts/reproduce.sh" "$@" >"$work/table.md" 2>"$work/log" || code=$?
  cat "$work/table.md" >>"$work/log"
  [[ $code -eq $expected ]] || fail "reproduce.sh $* gave exit code $code instead of $expected"
}
quick=(--glue glue --body body --out out --quick --method none --method kd)
run 0 "${quick[@]}"
grep -q '^| kd | .*[0-9]' out/study/results.md || fail "the table has no scores of kd"
[[ $(wc -l <out/corpus.txt) -eq 180 ]] || fail "the corpus has $(wc -l <out/corpus.txt) lines"
run 0 "${quick[@]}"
[[ $(grep -c 'is there' "$work/log") -eq 3 ]] || fail "a second call made models again"
[[ $(grep -c 'finished before' "$work/log") -eq 8 ]] || fail "a second call made cells again"

run 64 --body body
grep -q -- '--glue DIR is missing' "$work/log" || fail "a missing --glue was not named"
run 66 --glue glue --body nowhere
run 66 --glue glue --body body --task mrpc
run 64 --glue glue --body body --task wnli
run 64 --glue glue --body body --seeds 1,x
run 64 --glue glue --body body --updates

echo "reproduce: all passed"
