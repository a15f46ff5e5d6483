#!/usr/bin/env bash
# From a bare Debian 12 with Swift to a comparison of distillation methods: installs the packages,
# builds a release, and runs the main job end to end on a small data set that it makes itself.
# Everything it writes is in runs/quickstart.
#
# usage: scripts/quickstart.sh [--no-install | --program FILE]
#   --program FILE  an installed mate-kd; nothing is installed or built
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
began=$SECONDS

say() {
  printf '\n==> %s\n' "$*"
}

case ${1:-} in
  --program)
    mate_kd=$(command -v "${2:?--program needs a file}") || {
      echo "quickstart.sh: there is no program $2" >&2
      exit 66
    }
    ;;
  '' | --no-install)
    [[ $# -gt 0 ]] || scripts/install-deps.sh
    say "Building (release)"
    swift build -c release --product mate-kd
    mate_kd=$(swift build -c release --show-bin-path)/mate-kd
    ;;
  *)
    echo "quickstart.sh: unknown argument '$1'" >&2
    exit 64
    ;;
esac
built=$SECONDS

out=runs/quickstart
rm -rf "$out"
say "A labelled data set from a seeded grammar, in GLUE's SST-2 format"
"$mate_kd" synthesize --output "$out/data" --seed 42 --dev-rows 1000
say "Masked-language-model pretraining of the teacher's body and of the generator"
"$mate_kd" pretrain --config configs/demo/pretrain-teacher.json
"$mate_kd" pretrain --config configs/demo/pretrain-generator.json
say "Fine-tuning the teacher"
"$mate_kd" teacher-finetune --config configs/demo/teacher.json
# The students see a quarter of the labelled rows; with all of them, the three end up alike here.
for method in none kd mate-kd; do
  say "The student, half the teacher's layers and 1,000 of its 4,000 texts, method $method"
  "$mate_kd" distill --config "configs/demo/distill-$method.json"
done

field() { # field NAME FILE: a number in a flat JSON object
  sed -n "s/.*\"$1\": *\([-0-9.e+]*\).*/\1/p" "$2" | head -n 1
}
row() { # row TITLE FOLDER
  local report=$out/$2.eval.json
  "$mate_kd" evaluate --model "$out/$2" --task sst-2 --data "$out/data/SST-2" --json >"$report"
  LC_ALL=C printf '%-28s %12.4f %12d %12.0f\n' "$1" "$(field accuracy "$report")" \
    "$(field num_parameters "$report")" "$(field samples_per_second "$report")"
}

say "Result: accuracy on the 1,000 dev rows; the students after the same number of updates"
{
  printf '%-28s %12s %12s %12s\n' model accuracy parameters samples/s
  row "teacher" teacher
  row "student, labels only" student-none
  row "student, KD" student-kd
  row "student, MATE-KD" student-mate-kd
} | tee "$out/table.txt"
printf '\nBuild %d s, the rest %d s. Models, logs and this table are in %s.\n' \
  "$((built - began))" "$((SECONDS - built))" "$out"
