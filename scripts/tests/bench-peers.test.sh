#!/usr/bin/env bash
# The comparison with PyTorch, on stand-ins of both sides.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

PYTHONDONTWRITEBYTECODE=1 python3 -W error::ResourceWarning "$root/scripts/tests/bench_peers.py"

code=0
"$root/scripts/bench-peers.sh" --peers "$work" >"$work/out" 2>&1 || code=$?
[[ $code -eq 64 ]] || { echo "FAILED: a folder without train_step.py gave $code" >&2; exit 1; }
grep -q -- '--peers must name a folder' "$work/out" || { cat "$work/out" >&2; exit 1; }

echo "bench-peers: all passed"
