#!/usr/bin/env bash
# `import MateKD`: the program of Examples/classify, linked with the build's objects, answers like
# `mate-kd predict` for one label, pairs, scores and several labels. Where ../shared (or
# MATE_KD_SHARED) has MiniLM's weights and Python has transformers, a model fine-tuned from them
# answers like transformers, too. Expects the release build; MATE_KD names the program of another
# one.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$(cd "$root" && swift build -c "${CONFIGURATION:-release}" --show-bin-path)
mate_kd=${MATE_KD:-$bin/mate-kd}
[[ -x $mate_kd ]] || { echo "facade.test.sh: no $mate_kd" >&2; exit 1; }
shared=${MATE_KD_SHARED:-$root/../shared}
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

[[ -e $bin/Modules/MateKD.swiftmodule ]] \
  || (cd "$root" && swift build -c "${CONFIGURATION:-release}" --target MateKD)
objects=()
for module in Autograd Configuration Data Files Inference Kernels MateKD Models StrictJSON HeapModule \
  InternalCollectionsUtilities; do
  while IFS= read -r object; do objects+=("$object"); done \
    < <(find "$bin/$module.build" -name '*.o' 2>/dev/null)
done
maps=()
for module in CBLAS CLAPACK CZlib CSystem; do
  maps+=(-Xcc "-fmodule-map-file=$root/Sources/$module/module.modulemap")
done
swiftc -O -swift-version 6 -I "$bin/Modules" "${maps[@]}" \
  "$root/Examples/classify/Sources/classify/main.swift" "${objects[@]}" \
  $(pkg-config --libs openblas lapacke zlib) -o "$work/classify"

cd "$work"
source "$root/scripts/tests/watched_runs.sh"
make_models
# The task of the user's own with two texts, scores, or several labels.
python3 - <<'PYTHON'
import json, random
draw = random.Random(3)
words = open("data/corpus.txt").read().split()
text = lambda: " ".join(draw.choice(words) for _ in range(draw.randint(3, 12)))
kinds = {"pairs": lambda: draw.choice(["same", "other"]), "scores": lambda: draw.uniform(0, 5),
         "sets": lambda: draw.sample(["praise", "question", "thanks"], draw.randint(0, 2))}
for kind, label in kinds.items():
    rows = [{"a": text(), "b": text(), "label": label()} for _ in range(60)]
    open(f"{kind}.jsonl", "w").write("".join(json.dumps(row) + "\n" for row in rows))
    task = {"name": kind, "data_dir": ".", "format": "jsonl", "text": "a", "label": "label",
            "files": {"train": f"{kind}.jsonl", "validation": f"{kind}.jsonl"},
            "max_seq_length": 24}
    if kind == "pairs":
        task |= {"text_pair": "b"}
    if kind == "scores":
        task |= {"score_range": [0, 5]}
    if kind == "sets":
        task |= {"labels": ["praise", "question", "thanks"], "multi_label": True}
    json.dump({"output_dir": f"model-{kind}", "task": task,
               "model": {"model_name_or_path": "generator"},
               "train": {"max_steps": 20, "learning_rate": 3e-3}}, open(f"{kind}.json", "w"))
    columns = ["a", "b"] if kind == "pairs" else ["a"]
    open(f"{kind}.txt", "w").write(
        "".join("\t".join(row[column] for column in columns) + "\n" for row in rows))
PYTHON
for kind in pairs scores sets; do quietly "$mate_kd" teacher-finetune --config "$kind.json"; done
mv teacher model-one
cut -f 1 data/SST-2/dev.tsv | tail -n +2 >one.txt

cat >compare.py <<'PYTHON'
"""compare.py KIND: what the program printed beside the lines of predict."""
import json, sys
kind = sys.argv[1]
ours = [line.rstrip("\n").split("\t") for line in open(f"{kind}.answers")]
theirs = [json.loads(line) for line in open(f"{kind}.predictions")]
assert len(ours) == len(theirs) > 50, (len(ours), len(theirs))
said = set()
for (answer, *rest), row in zip(ours, theirs):
    said.add((answer, *rest))
    if kind == "scores":
        assert abs(float(answer) - row["label"]) < 1e-6 and not rest, (answer, row)
        continue
    assert answer == (" ".join(row["labels"]) if kind == "sets" else row["label"]), (answer, row)
    assert rest[::2] == row["label_names"], (rest, row)
    for found, wanted in zip(rest[1::2], row["probabilities"]):
        assert abs(float(found) - wanted) < 1e-6, (rest, row)
assert len(said) > 10, said
print(f"facade: {kind}: {len(ours)} answers are those of predict, {len(said)} different ones")
PYTHON
for kind in one pairs scores sets; do
  ./classify "model-$kind" <"$kind.txt" >"$kind.answers" || fail "classify model-$kind"
  quietly "$mate_kd" predict --model "model-$kind" --input "$kind.txt" --input-format text \
    --output "$kind.predictions"
  python3 compare.py "$kind" || fail "$kind"
done
./classify nowhere <one.txt 2>message && fail "a model that is nowhere was opened"
grep -q 'hf download nowhere' message || fail "no advice: $(cat message)"

real=$shared/models/paraphrase-MiniLM-L3-v2
if [[ ! -d $real ]]; then
  echo "facade: transformers skipped: $real is not here"
  exit 0
fi
if ! "$python" -c 'import torch, transformers' 2>/dev/null; then
  echo "facade: transformers skipped: $python has no torch and transformers"
  exit 0
fi
cat >real.json <<JSON
{"output_dir": "real", "model": {"model_name_or_path": "$real"},
 "task": {"name": "mrpc", "data_dir": "$shared/data/glue/MRPC", "max_seq_length": 128},
 "train": {"max_steps": 10, "learning_rate": 1e-4, "max_eval_samples": 50, "save_strategy": "no"}}
JSON
quietly "$mate_kd" teacher-finetune --config real.json
tail -n +2 "$shared/data/glue/MRPC/dev.tsv" | cut -f 4,5 >real.txt
./classify real <real.txt >real.answers || fail "classify real"
"$python" - <<'PYTHON' || fail "transformers"
import torch, transformers
model = transformers.AutoModelForSequenceClassification.from_pretrained("real").eval()
tokenizer = transformers.AutoTokenizer.from_pretrained("real")
largest, rows = 0.0, 0
for line, answer in zip(open("real.txt"), open("real.answers"), strict=True):
    answer, *rest = answer.rstrip("\n").split("\t")
    with torch.no_grad():
        logits = model(**tokenizer(*line.rstrip("\n").split("\t"), truncation=True, max_length=128,
                                   return_tensors="pt")).logits[0]
    wanted = logits.softmax(0).tolist()
    assert rest[::2] == [model.config.id2label[i] for i in range(len(wanted))]
    largest = max([largest] + [abs(float(a) - b) for a, b in zip(rest[1::2], wanted)])
    assert answer == model.config.id2label[int(logits.argmax())] or abs(wanted[0] - 0.5) < 1e-5
    rows += 1
assert rows > 400 and largest < 1e-5, (rows, largest)
print(f"facade: {rows} pairs of MRPC: labels of transformers, probabilities within {largest:.1e}")
PYTHON
