#!/usr/bin/env bash
# Measures mate-kd against PyTorch, ONNX Runtime and tokenizers, taking turns in one run on the same
# token ids, and prints the tables of docs/performance.md. A full run takes about 55 minutes on an
# otherwise idle machine.
#
# usage: scripts/bench-peers.sh --peers DIR [options] [WORK ...]
#   --peers DIR       folder with the PyTorch scripts (common.py, train_step.py, infer.py, c/)
#   --python PROGRAM  an interpreter with torch, transformers, onnx and onnxruntime; by default a
#                     virtual environment is made in .build-bench and they are installed into it
#   --data DIR        GLUE folder, --vocabulary DIR a model folder with a WordPiece tokenizer: both
#                     for the work `tokenizing`
#   --output FILE     raw measurements, one JSON object per line (default bench-peers.jsonl)
#   --resume FILE     continue an interrupted run: finished works are not repeated
#   --report          with --resume: only print the tables
#   --quick           one round of short texts, to test the mechanics
#   --rounds N, --threads N
#   --patience S      a pass may take S seconds (default 60), or ten times its warm-up; a side that
#                     takes longer is ended and noted, and the rest goes on
#   --list            print the works with their minutes
#   WORK ...          only these works
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }

peers=
python=
rest=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --peers) peers=${2:?--peers needs a folder}; shift 2 ;;
    --python) python=${2:?--python needs a program}; shift 2 ;;
    --list)
      python3 "$root/Benchmarks/compare.py" --help | sed -n '/^works, with minutes/,$p'
      exit 0 ;;
    -h | --help) usage; exit 0 ;;
    *) rest+=("$1"); shift ;;
  esac
done
if [[ ! -f $peers/train_step.py ]]; then
  echo "bench-peers.sh: --peers must name a folder with train_step.py" >&2
  usage >&2
  exit 64
fi

if [[ -z $python ]]; then
  python=$root/.build-bench/venv/bin/python
  if [[ ! -x $python ]]; then
    python3 -m venv "$root/.build-bench/venv"
    "$python" -m pip install --quiet torch transformers onnx onnxruntime
  fi
fi
# An environment that names OpenBLAS's kernels would decide the prototype's speed.
if [[ -n ${OPENBLAS_CORETYPE:-} ]]; then
  echo "bench-peers.sh: OPENBLAS_CORETYPE=$OPENBLAS_CORETYPE is ignored" >&2
  unset OPENBLAS_CORETYPE
fi
# The peer gets the allocator that suits it best (docs/performance.md), if it is installed.
tcmalloc=$(ldconfig -p | sed -n 's/.*libtcmalloc_minimal\.so\.4.* => //p' | head -n 1)
[[ -z $tcmalloc ]] || rest+=(--preload "$tcmalloc")

swift build -c release --package-path "$root" --product mate-kd >&2
swift build -c release --package-path "$root/Benchmarks" --product step-benchmark >&2
exec "$python" "$root/Benchmarks/compare.py" --peers "$peers" \
  --program "$(swift build -c release --package-path "$root" --show-bin-path)/mate-kd" \
  --benchmark \
  "$(swift build -c release --package-path "$root/Benchmarks" --show-bin-path)/step-benchmark" \
  "${rest[@]}"
