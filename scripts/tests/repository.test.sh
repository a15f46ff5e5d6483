#!/usr/bin/env bash
# The repository itself: scripts parse, documents refer to files that exist, sample configurations
# are strict JSON, targets declare what they import, and nothing is committed that does not belong.
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

# Every module that a target imports is declared in its Package.swift, and every declared one is
# imported. (What is imported but not declared compiles only by chance.)
for package in . Benchmarks; do
  while IFS= read -r found; do
    problem "$found"
  done < <(swift package --package-path "$package" dump-package | python3 -c '
import json, pathlib, re, sys
root = pathlib.Path(sys.argv[1])
targets = json.load(sys.stdin)["targets"]
def declared(target):
    return {entry[kind][0] for entry in target["dependencies"] for kind in entry if kind != "condition"}
known = {target["name"] for target in targets}.union(*map(declared, targets))
pattern = re.compile(r"^ *(?:@\w+ |public |package |internal )*import (?:(?:struct|class|enum|protocol"
                     r"|func|var|let|typealias) )?(\w+)", re.MULTILINE)
for target in targets:
    kind = "Tests" if target["type"] == "test" else "Sources"
    folder = root / (target.get("path") or kind + "/" + target["name"])
    files = sorted(folder.rglob("*.swift"))
    imported = {name for file in files for name in pattern.findall(file.read_text())} & known
    for name in sorted(imported - declared(target)):
        print("target", target["name"], "of", root / "Package.swift", "imports", name,
              "without declaring it")
    for name in sorted(declared(target) - imported) if files else []:
        print("target", target["name"], "of", root / "Package.swift", "declares", name,
              "without importing it")
' "$package" || echo "$package/Package.swift cannot be read")
done

if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  while IFS= read -r file; do
    [[ ! -f $file || $(stat -c %s "$file") -le 1000000 ]] || problem "$file is larger than 1 MB"
  done < <(git ls-files)
fi

[[ $problems -eq 0 ]] || exit 1
echo "repository: all checks passed"
