#!/usr/bin/env bash
# Builds the documentation of every library module from its doc comments and its catalogue
# (Sources/X/X.docc), into .build-docs/X.doccarchive. It fails on any warning of the documentation
# compiler but one: a parameter whose name and type say everything needs no sentence here, so
# DocC's "Parameter ... is missing documentation" is left out.
#
# The symbols come from the modules of a build that is there already (see --configuration), so this
# takes seconds; without one, it builds first.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: scripts/docs.sh [--configuration debug|release] [MODULE...]

  --configuration NAME  which build's modules to read: release (the default) or debug
  MODULE                the modules to document; all with a catalogue unless given

for example: scripts/docs.sh --configuration debug Trainers
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

configuration=release
modules=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --configuration)
      configuration=${2:-}
      [[ $configuration == debug || $configuration == release ]] || { usage >&2; exit 64; }
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 64 ;;
    *) modules+=("$1") ;;
  esac
  shift
done
if [[ ${#modules[@]} -eq 0 ]]; then
  for catalogue in Sources/*/*.docc; do modules+=("$(basename "$catalogue" .docc)"); done
fi

bin=$(swift build -c "$configuration" --show-bin-path)
swift build -c "$configuration" --product mate-kd >&2
# The program does not need it, so it is not part of that.
swift build -c "$configuration" --target MateKD >&2
triple=$(swift -print-target-info | sed -n 's/^ *"unversionedTriple": "\(.*\)",*$/\1/p')
output=.build-docs
symbols=$output/symbols
log=$(mktemp)
trap 'rm -f "$log"' EXIT

failures=0
for module in "${modules[@]}"; do
  [[ -d Sources/$module/$module.docc ]] || { echo "docs.sh: no module $module" >&2; exit 66; }
  rm -rf "${symbols:?}/$module" "$output/$module.doccarchive"
  mkdir -p "$symbols/$module"
  # Files is for this package alone; it has nothing public but its error.
  level=public
  [[ $module != Files ]] || level=package
  swift symbolgraph-extract -module-name "$module" -target "$triple" -I "$bin/Modules" \
    -Xcc "-fmodule-map-file=$root/Sources/CBLAS/module.modulemap" \
    -Xcc "-fmodule-map-file=$root/Sources/CLAPACK/module.modulemap" \
    -Xcc "-fmodule-map-file=$root/Sources/CZlib/module.modulemap" \
    -Xcc "-fmodule-map-file=$root/Sources/CSystem/module.modulemap" \
    -Xcc "-fmodule-map-file=$bin/BuildFacts.build/module.modulemap" \
    -minimum-access-level "$level" -skip-inherited-docs -skip-synthesized-members \
    -output-dir "$symbols/$module"
  outcome=0
  docc convert "Sources/$module/$module.docc" --additional-symbol-graph-dir "$symbols/$module" \
    --fallback-display-name "$module" --fallback-bundle-identifier "mate-kd.$module" \
    --fallback-default-module-kind Module --emit-fixits \
    --output-dir "$output/$module.doccarchive" >"$log" 2>&1 || outcome=$?
  found=$(grep -E '(warning|error): ' "$log" | grep -v "is missing documentation" || true)
  if [[ $outcome -ne 0 || -n $found ]]; then
    failures=$((failures + 1))
    if [[ -n $found ]]; then echo "$found"; else cat "$log"; fi
    echo "$module: FAILED"
  else
    echo "$module: $output/$module.doccarchive"
  fi
done
[[ $failures -eq 0 ]] || { echo "$failures module(s) FAILED"; exit 1; }
