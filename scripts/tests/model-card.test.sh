#!/usr/bin/env bash
# huggingface_hub reads the model cards of runs, also where the user's words would break YAML or
# Markdown. Expects the release build; MATE_KD names another program. Skipped where Python has no
# huggingface_hub.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mate_kd=${MATE_KD:-$(cd "$root" && swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || { echo "model-card.test.sh: no $mate_kd" >&2; exit 1; }
python=${PYTHON:-python3}
if ! "$python" -c 'import huggingface_hub, yaml' 2>/dev/null; then
  echo "model-card: skipped: $python has no package huggingface_hub"
  exit 0
fi
export LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
source "$root/scripts/tests/watched_runs.sh"

make_models
student kd student
# Data of one's own, with a name and a folder that mean something to YAML, Markdown and HTML.
nasty=$'own: "a" #{b} [c]\n---\n- <i>`d`\u2028\u0085'
"$python" - "$nasty" <<'PYTHON'
import json, os, sys
folder = "da|ta <b>`x`"
os.mkdir(folder)
for split in ["train", "dev"]:
    with open(f"{folder}/{split}.jsonl", "w") as file:
        for line in open(f"data/SST-2/{split}.tsv").read().splitlines()[1:]:
            text, label = line.split("\t")
            file.write(json.dumps({"text": text, "label": label}) + "\n")
config = json.load(open("kd.json"))
config["task"] = {"name": sys.argv[1], "data_dir": folder, "format": "jsonl", "text": "text",
                  "label": "label", "labels": ["negative", "positive"],
                  "label_spellings": ["0", "1"], "max_seq_length": 24}
config["output_dir"] = "nasty: {#1}"
json.dump(config, open("nasty.json", "w"))
PYTHON
quietly "$mate_kd" distill --config nasty.json

"$python" - "$nasty" <<'PYTHON'
import json, math, sys
from huggingface_hub import ModelCard

def fail(message):
    sys.exit(f"FAILED: {message}")

def card(folder):
    return ModelCard.load(f"{folder}/README.md")

student = card("student")
data = student.data
expected = {"language": "en", "library_name": "transformers", "base_model": "teacher",
            "pipeline_tag": "text-classification", "datasets": ["nyu-mll/glue"],
            "metrics": ["accuracy"], "tags": ["mate-kd", "knowledge-distillation", "kd"]}
for key, value in expected.items():
    if getattr(data, key) != value:
        fail(f"{key} is {getattr(data, key)!r}, expected {value!r}")
if data.license is not None:
    fail("nobody named a licence")
results = json.load(open("student/all_results.json"))
[result] = data.eval_results
if (result.metric_type, result.dataset_type, result.dataset_config, result.dataset_split) != (
        "accuracy", "nyu-mll/glue", "sst2", "validation"):
    fail(f"the result is {result}")
if not math.isclose(result.metric_value, results["eval_accuracy"], rel_tol=1e-12):
    fail(f"the card says {result.metric_value}, the results {results['eval_accuracy']}")
if "mate-kd distill --config config.json" not in student.text:
    fail("the command is missing")

best = card("student/best").data.eval_results[0].metric_value
state = json.load(open("student/trainer_state.json"))
if best != state["best_metric"]:
    fail(f"the card of best says {best}, the state {state['best_metric']}")

nasty = card("nasty: {#1}")
[result] = nasty.data.eval_results
if result.dataset_name != sys.argv[1] or nasty.data.model_name != "nasty: {#1}":
    fail(f"words are lost: {result.dataset_name!r}, {nasty.data.model_name!r}")
if nasty.data.language is not None or "<b>" in nasty.text.replace("`` da|ta <b>`x` ``", ""):
    fail("the text of the card has the user's HTML in it")
if card("generator").data.pipeline_tag != "fill-mask" or card("teacher").data.base_model != "generator":
    fail("the other cards are wrong")
print("model-card: 5 cards are as huggingface_hub reads them")
PYTHON

# A card that the user has changed stays, and a run says so.
echo "My notes." >>student/README.md
cp student/README.md notes.md
"$mate_kd" distill --config kd.json --output-dir student --overwrite-output-dir >out.log 2>&1
cmp notes.md student/README.md || { echo "FAILED: the user's card was overwritten" >&2; exit 1; }
grep -q "README.md is not of a run" out.log || { echo "FAILED: nothing was said of it" >&2; exit 1; }
echo "model-card: a changed card stays"
