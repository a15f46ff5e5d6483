#!/usr/bin/env bash
# Runs every subcommand once with the configurations of configs/smoke in runs/smoke; each takes
# seconds. Expects the release build (made by scripts/test.sh or swift build -c release).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
mate_kd=$(swift build -c release --show-bin-path)/mate-kd
[[ -x $mate_kd ]] || { echo "smoke.sh: no $mate_kd; run swift build -c release" >&2; exit 1; }

out=runs/smoke
rm -rf "$out"
step() {
  echo
  echo "--> $*"
  "$@"
}

fail() {
  echo "smoke.sh: FAILED: $1" >&2
  exit 1
}

step "$mate_kd" synthesize --output "$out/data" --seed 7
for name in pretrain-teacher pretrain-generator; do
  step "$mate_kd" pretrain --config "configs/smoke/$name.json"
done
step "$mate_kd" teacher-finetune --config configs/smoke/teacher.json
for method in none kd mate-kd cilda tinybert tinybert-augmentation; do
  step "$mate_kd" distill --config "configs/smoke/distill-$method.json" --dry-run
  step "$mate_kd" distill --config "configs/smoke/distill-$method.json"
done

# Every run has left its records and a folder that transformers would load.
for run in teacher-body generator teacher student-none student-kd student-mate-kd student-cilda \
  student-tinybert student-tinybert-augmentation; do
  for file in config.json model.safetensors vocab.txt trainer_state.json all_results.json; do
    [[ -s $out/$run/$file ]] || fail "$out/$run/$file is missing or empty"
  done
done

step "$mate_kd" evaluate --model "$out/student-mate-kd" --task sst-2 --data "$out/data/SST-2" --json
step "$mate_kd" predict --model "$out/student-mate-kd" --task sst-2 \
  --input "$out/data/SST-2/test.tsv" --output "$out/predictions.jsonl"
rows=$(($(wc -l <"$out/data/SST-2/test.tsv") - 1))
[[ $(wc -l <"$out/predictions.jsonl") -eq $rows ]] || fail "predict did not write $rows lines"
step "$mate_kd" evaluate --model "$out/teacher" --model "$out/student-kd" --task sst-2 \
  --data "$out/data" --bootstrap 100 --confusion | tee "$out/evaluations.txt"
# The name of each model is above its own counts, even if the output is not a terminal.
[[ $(grep -c "^data" <(grep -A1 -E "^$out/(teacher|student-kd), sst-2" "$out/evaluations.txt")) -eq 2 ]] \
  || fail "evaluate --confusion wrote $(cat "$out/evaluations.txt")"
step "$mate_kd" inspect --model "$out/teacher"
step "$mate_kd" inspect --task sst-2 --data "$out/data" --model "$out/teacher" --max-seq-length 8
ids=$(echo 'a good film' | "$mate_kd" tokenize --model "$out/student-mate-kd")
[[ $ids =~ ^\[[0-9]+(,\ ?[0-9]+)*\]$ ]] || fail "tokenize wrote '$ids'"

# Students of other families than teacher and generator.
for family in roberta distilbert; do
  step "$mate_kd" distill --config configs/smoke/distill-mate-kd.json \
    --set "student.config.model_type=$family" --output-dir "$out/student-$family"
  grep -q "\"model_type\": \"$family\"" "$out/student-$family/config.json" \
    || fail "the student of family $family is none"
  step "$mate_kd" evaluate --model "$out/student-$family" --task sst-2 --data "$out/data/SST-2"
done

# A study: a deleted cell is run again, the others are not; the tables are written.
step "$mate_kd" compare --config configs/smoke/study.json
rm "$out/study/cells/synthetic/kd/seed-2/all_results.json"
"$mate_kd" compare --config configs/smoke/study.json >"$out/study.md" 2>"$out/study.log" \
  || fail "the second compare: $(cat "$out/study.log")"
cat "$out/study.log"
[[ $(grep -c 'finished before' "$out/study.log") -eq 5 ]] || fail "compare did not skip 5 cells"
[[ $(grep -c 'done in' "$out/study.log") -eq 1 ]] || fail "compare did not make 1 cell again"
cmp "$out/study.md" "$out/study/results.md" || fail "compare printed another table than it wrote"
for file in results.csv results.tex cells.csv; do
  [[ -s $out/study/$file ]] || fail "$out/study/$file is missing or empty"
done

# A sweep goes on after an interruption, and its best configuration runs as it is.
step "$mate_kd" sweep --config configs/smoke/sweep.json
"$mate_kd" sweep --config configs/smoke/sweep.json 2>"$out/sweep.log" >"$out/sweep.txt" \
  || fail "the second sweep: $(cat "$out/sweep.log")"
[[ $(grep -c 'finished before' "$out/sweep.log") -eq 7 ]] || fail "sweep did not skip 7 runs"
step "$mate_kd" distill --config "$out/sweep/best.json"
step "$mate_kd" report "$out/student-mate-kd" "$out/study" "$out/sweep" \
  --output "$out/report.html"

# The same configuration, seed and machine give the same bits, even with more threads.
step "$mate_kd" distill --config configs/smoke/distill-mate-kd.json \
  --output-dir "$out/student-again" --threads 1
cmp "$out/student-mate-kd/model.safetensors" "$out/student-again/model.safetensors" \
  || fail "a second run, on one thread, gave another model"

# The same holds with other kernels of OpenBLAS, and if an update is processed in pieces.
for threads in 1 2; do
  OPENBLAS_CORETYPE=Haswell step "$mate_kd" distill --config configs/smoke/distill-mate-kd.json \
    --set train.max_tokens_per_batch=64 --output-dir "$out/haswell-$threads" --threads "$threads"
done
cmp "$out/haswell-1/model.safetensors" "$out/haswell-2/model.safetensors" \
  || fail "with Haswell kernels one thread and two gave different models"
grep -q '"openblas_core": "Haswell"' "$out/haswell-2/run.json" \
  || echo "smoke.sh: OPENBLAS_CORETYPE had no effect on this machine" >&2

# A mistake in a configuration gives one line with file, line and column, and exit code 78.
sed 's/"learning_rate"/"learning_rat"/' configs/smoke/teacher.json >"$out/typo.json"
code=0
"$mate_kd" teacher-finetune --config "$out/typo.json" 2>"$out/typo.log" || code=$?
[[ $code -eq 78 ]] || fail "a typo in a key gave exit code $code instead of 78"
grep -q "typo.json:[0-9]*:[0-9]*: error: .*learning_rate" "$out/typo.log" \
  || fail "a typo in a key gave: $(cat "$out/typo.log")"

echo
echo "smoke: all passed"
