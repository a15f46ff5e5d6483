#!/usr/bin/env bash
# docs/configuration.md is what its template makes, docs/schema has the JSON Schema of each
# configuration, and every sample configuration names its schema and is valid by it, as
# check-jsonschema finds. Expects the release build; MATE_KD names another program. What needs the
# Python packages jsonschema and check-jsonschema is skipped without them.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
mate_kd=${MATE_KD:-$(swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || { echo "schema.test.sh: no $mate_kd" >&2; exit 1; }
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$mate_kd" schema --template docs/configuration.template.md >"$work/configuration.md"
if ! diff -u docs/configuration.md "$work/configuration.md"; then
  echo "FAILED: docs/configuration.md is stale; make it again by" >&2
  echo "  mate-kd schema --template docs/configuration.template.md >docs/configuration.md" >&2
  exit 1
fi
echo "schema: docs/configuration.md is up to date"

for command in distill teacher-finetune pretrain compare sweep; do
  "$mate_kd" schema "$command" >"$work/$command.json"
  if ! cmp "docs/schema/$command.json" "$work/$command.json"; then
    echo "FAILED: docs/schema/$command.json is stale; make it again by" >&2
    echo "  mate-kd schema $command >docs/schema/$command.json" >&2
    exit 1
  fi
done
echo "schema: docs/schema is up to date"

# The schema that each sample names, relative to itself, for an editor to follow.
"$python" - >"$work/named" <<'PYTHON'
import json, os, pathlib, sys

for file in sorted(pathlib.Path("configs").rglob("*.json")):
    text = json.loads(file.read_text(encoding="utf-8"))
    named = os.path.normpath(file.parent / text.get("$schema", "nothing"))
    if os.path.dirname(named) != "docs/schema" or not os.path.exists(named):
        sys.exit(f"FAILED: {file}: $schema leads to {named}, which is no schema")
    print(pathlib.Path(named).stem, file)
PYTHON
echo "schema: $(wc -l <"$work/named") sample configurations name their schema"

checker=$(dirname "$(command -v "$python")")/check-jsonschema
[[ -x $checker ]] || checker=$(command -v check-jsonschema || true)
if [[ -z $checker ]]; then
  echo "schema: skipped: there is no check-jsonschema beside $python"
else
  for command in distill teacher-finetune pretrain compare sweep; do
    mapfile -t files < <(sed -n "s/^$command //p" "$work/named")
    "$checker" --schemafile "docs/schema/$command.json" "${files[@]}" >"$work/checked" || {
      cat "$work/checked" >&2
      exit 1
    }
  done
  echo "schema: check-jsonschema finds nothing wrong"
fi
if ! "$python" -c 'import jsonschema' 2>/dev/null; then
  echo "schema: sample configurations not validated: $python has no package jsonschema"
  exit 0
fi
"$python" - "$work" <<'PYTHON'
import copy, json, pathlib, sys
from jsonschema import Draft202012Validator

def load(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))

schemas = {}
for command in ["distill", "teacher-finetune", "pretrain", "compare", "sweep"]:
    schema = load(f"{sys.argv[1]}/{command}.json")
    Draft202012Validator.check_schema(schema)
    schemas[command] = Draft202012Validator(schema)

def command_of(text):
    return pathlib.Path(text["$schema"]).stem

failures, samples = 0, {}
files = sorted(pathlib.Path("configs").rglob("*.json"))
for file in files:
    text = load(file)
    samples.setdefault(command_of(text), []).append(text)
    for error in schemas[command_of(text)].iter_errors(text):
        print(f"FAILED: {file}: {error.json_path}: {error.message[:200]}", file=sys.stderr)
        failures += 1

# A schema that takes everything would pass as well.
mistakes = {
    "distill": [
        ("train.learning_rat", 1), ("train.learning_rate", -1), ("train.max_steps", 0),
        ("train.optim", "sgd"), ("method.name", "kdd"), ("method.alpha", 2), ("threads", 2.5),
        ("task.name", None), ("model", {}), ("student.config.hidden_size", 0),
        ("method.loss_weights.x", 1),
    ],
    "teacher-finetune": [("teacher", {}), ("model.from_teacher_layers", [0]), ("seed", -1)],
    "pretrain": [("mlm.mlm_probability", 0), ("mlm.masking", "80/10/10"), ("corpus.split", "dev")],
    "compare": [("train", {}), ("base.seed", 1), ("seeds", [-1]), ("methods.a b", None)],
    "sweep": [("strategy", "grids"), ("samples", 0), ("validation_split", 1), ("train", {})],
}
for command, changes in mistakes.items():
    for path, value in changes:
        text = copy.deepcopy(samples[command][0])
        *parents, key = path.split(".")
        section = text
        for parent in parents:
            section = section.setdefault(parent, {})
        section[key] = value
        if schemas[command].is_valid(text):
            print(f"FAILED: the schema of {command} takes {path} = {value}", file=sys.stderr)
            failures += 1
if failures:
    sys.exit(1)
print(f"schema: {len(files)} sample configurations are valid, "
      f"{sum(map(len, mistakes.values()))} mistakes are not")
PYTHON
