#!/usr/bin/env bash
# The examples in doc comments, in the catalogues and in the documents are text of files that the
# tests compile (Tests/ExamplesTests and others) or of the package in Examples, whose sources are
# type-checked here. The types that a catalogue lists exist.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

python3 - <<'PYTHON'
import glob, re, sys

def lines(text):
    return [line.strip() for line in text.split("\n") if line.strip()]

compiled = []
for path in glob.glob("Tests/**/*.swift", recursive=True) + glob.glob(
        "Examples/**/*.swift", recursive=True):
    with open(path) as file:
        compiled.append(lines(file.read()))

def is_compiled(example):
    return any(
        text[start:start + len(example)] == example
        for text in compiled for start in range(len(text) - len(example) + 1))

problems, count = [], 0
for path in (glob.glob("Sources/**/*.swift", recursive=True)
             + glob.glob("Sources/*/*.docc/*.md") + glob.glob("docs/*.md")
             + ["README.md", "CONTRIBUTING.md"]):
    with open(path) as file:
        text = file.read()
    if path.endswith(".swift"):
        text = "\n".join(
            re.sub(r"^\s*/// ?", "", line) if line.lstrip().startswith("///") else ""
            for line in text.split("\n"))
    for example in re.findall(r"^```swift\n(.*?)^```", text, re.M | re.S):
        count += 1
        if not is_compiled(lines(example)):
            problems.append(f"{path}: no file that is compiled has this example:\n{example}")

catalogues = glob.glob("Sources/*/*.docc/*.md")
for path in catalogues:
    module = path.split("/")[1]
    sources = "\n".join(open(p).read() for p in glob.glob(f"Sources/{module}/**/*.swift", recursive=True))
    for link in re.findall(r"^- ``(\w+)", open(path).read(), re.M):
        if not re.search(
                rf"(?:public|package) (?:final )?(?:struct|class|enum|protocol|typealias) {link}\b",
                sources):
            problems.append(f"{path}: {module} has no {link}")

for problem in problems:
    print(problem, file=sys.stderr)
print(f"{count} examples, {len(catalogues)} catalogues, {len(problems)} problems")
sys.exit(bool(problems) or count == 0 or not catalogues)
PYTHON

# The example packages as they would be compiled against the modules of the release build.
example=Examples/own-method/Sources
bin=$(swift build -c release --show-bin-path)
[[ -e $bin/Modules/Methods.swiftmodule ]] || swift build -c release --product mate-kd
modules=$(mktemp -d)
trap 'rm -rf "$modules"' EXIT
flags=(
  -I "$bin/Modules" -I "$modules" -swift-version 6
  -Xcc "-fmodule-map-file=$root/Sources/CBLAS/module.modulemap"
  -Xcc "-fmodule-map-file=$root/Sources/CLAPACK/module.modulemap"
  -Xcc "-fmodule-map-file=$root/Sources/CZlib/module.modulemap"
  -Xcc "-fmodule-map-file=$root/Sources/CSystem/module.modulemap"
  -Xcc "-fmodule-map-file=$bin/BuildFacts.build/module.modulemap"
)
swiftc -emit-module -emit-module-path "$modules/OwnMethod.swiftmodule" -module-name OwnMethod \
  -parse-as-library "${flags[@]}" "$example"/OwnMethod/*.swift
swiftc -typecheck "${flags[@]}" "$example"/my-mate-kd/main.swift
[[ -e $bin/Modules/MateKD.swiftmodule ]] || swift build -c release --target MateKD
swiftc -typecheck "${flags[@]}" Examples/classify/Sources/classify/main.swift
echo "examples: ok"
