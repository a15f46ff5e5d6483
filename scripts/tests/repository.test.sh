#!/usr/bin/env bash
# The repository itself: scripts parse, documents refer to files that exist, sample configurations
# are strict JSON, and nothing is committed that does not belong.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
problems=0
problem() {
  echo "FAILED: $*" >&2
  problems=$((problems + 1))
}

while IFS= read -r script; do
  bash -n "$script" || problem "$script does not parse"
  [[ -x $script ]] || problem "$script is not executable"
done < <(find scripts .ci -type f \( -name '*.sh' -o -name run -o -name pre-commit \))

# Links in Markdown, and paths under scripts/, configs/ and docs/ that the text mentions.
documents=(README.md CONTRIBUTING.md CHANGELOG.md docs/*.md docs/methods/*.md)
for document in "${documents[@]}"; do
  folder=$(dirname "$document")
  while IFS= read -r target; do
    [[ -e $folder/$target ]] || problem "$document links to $target, which does not exist"
  done < <(grep -oE '\]\([^)#]+' "$document" | sed 's/^](//' | grep -vE '^[a-z]+:' || true)
  while IFS= read -r mentioned; do
    compgen -G "$mentioned" >/dev/null || problem "$document mentions $mentioned: no such file"
  done < <(grep -oE '\b(scripts|configs)/[A-Za-z0-9_./*-]+\.(sh|json|sha256)' "$document" | sort -u)
done

while IFS= read -r file; do
  python3 - "$file" <<'PYTHON' || problem "$file is not strict JSON"
import json, sys
def unique(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"duplicate key among {keys}"
    return dict(pairs)
def refuse(constant):
    raise ValueError(constant)
json.loads(open(sys.argv[1], encoding="utf-8").read(), object_pairs_hook=unique,
           parse_constant=refuse)
PYTHON
done < <(find configs -name '*.json')

if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  while IFS= read -r file; do
    [[ ! -f $file || $(stat -c %s "$file") -le 1000000 ]] || problem "$file is larger than 1 MB"
  done < <(git ls-files)
fi

[[ $problems -eq 0 ]] || exit 1
echo "repository: all checks passed"
