#!/usr/bin/env bash
# Times mate-kd's training steps against PyTorch's, both by turns in one run, on the same token ids.
#
# usage: scripts/bench-peers.sh --peers DIR [--python PYTHON] [WORK ...] [options of compare.py]
#   --peers   folder with the PyTorch scripts (common.py, train_step.py)
#   --python  an interpreter with torch and transformers; by default a virtual environment is made in
#             .build-bench and they are installed into it
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

peers=
python=
rest=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --peers) peers=${2:?--peers needs a folder}; shift 2 ;;
    --python) python=${2:?--python needs a program}; shift 2 ;;
    *) rest+=("$1"); shift ;;
  esac
done
[[ -f $peers/train_step.py ]] || { echo "bench-peers.sh: --peers must name a folder with train_step.py" >&2; exit 64; }

if [[ -z $python ]]; then
  python=$root/.build-bench/venv/bin/python
  if [[ ! -x $python ]]; then
    python3 -m venv .build-bench/venv
    "$python" -m pip install --quiet torch transformers
  fi
fi
# The peer gets the allocator that is best for it (docs/performance.md), where it is installed.
tcmalloc=$(ldconfig -p | sed -n 's/.*libtcmalloc_minimal\.so\.4.* => //p' | head -n 1)
[[ -z $tcmalloc ]] || rest+=(--preload "$tcmalloc")

swift build -c release --package-path Benchmarks >&2
"$python" Benchmarks/compare.py --peers "$peers" \
  --benchmark "$(swift build -c release --package-path Benchmarks --show-bin-path)/step-benchmark" \
  "${rest[@]}"
