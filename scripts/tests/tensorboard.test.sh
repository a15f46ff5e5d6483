#!/usr/bin/env bash
# PyPI's tensorboard reads the events of a run: every number of its log, the configuration as text
# and as hyper-parameters, the histograms of the generator's entropy, and no event twice after the
# run was resumed. Expects the release build;
# MATE_KD names another program. Skipped where Python has no tensorboard.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mate_kd=${MATE_KD:-$(cd "$root" && swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || { echo "tensorboard.test.sh: no $mate_kd" >&2; exit 1; }
python=${PYTHON:-python3}
if ! "$python" -c 'import tensorboard' 2>/dev/null; then
  echo "tensorboard: skipped: $python has no package tensorboard"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
source "$root/scripts/tests/watched_runs.sh"

make_models
adversary=(--set method.generator_steps=2 --set method.student_steps=6
  --set method.generator_learning_rate=1e-2)
student mate-kd whole "${adversary[@]}"
# The same run, as if it had stopped after 16 of 24 updates.
student mate-kd resumed "${adversary[@]}"
rm -r resumed/checkpoint-24 resumed/all_results.json
quietly "$mate_kd" distill --config mate-kd.json --output-dir resumed --resume \
  "${adversary[@]}"
student kd silent --set 'train.report_to=[]'
[[ ! -e silent/generator_entropy.jsonl ]] || { echo "FAILED: entropies of no generator" >&2; exit 1; }
[[ ! -e silent/runs ]] || { echo "FAILED: events that nobody asked for" >&2; exit 1; }

"$python" - <<'PYTHON'
import json, math, pathlib, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

def fail(message):
    sys.exit(f"FAILED: {message}")

for run, files in [("whole", 1), ("resumed", 2)]:
    folder = pathlib.Path(run, "runs")
    if len(list(folder.iterdir())) != files:
        fail(f"{folder} has {sorted(folder.iterdir())}")
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0, "histograms": 0})
    events.Reload()
    log = [json.loads(line) for line in open(f"{run}/log.jsonl")]
    expected = {}
    for entry in log:
        for name, value in entry.items():
            if name == "step" or value is None:
                continue
            tag = "eval/" + name[5:] if name.startswith("eval_") else "train/" + name
            expected.setdefault(tag, []).append((entry["step"], value))
    # At the end come the results, as transformers logs them.
    results = json.load(open(f"{run}/train_results.json")) | json.load(open(f"{run}/eval_results.json"))
    for name, value in results.items():
        tag = "eval/" + name[5:] if name.startswith("eval_") else "train/" + name
        expected.setdefault(tag, []).append((24, value))
    tags = events.Tags()
    # Of the generator that learns, a histogram at the beginning and after each evaluation.
    if tags["histograms"] != ["probe/generator_entropy"]:
        fail(f"{run}: histograms are {tags['histograms']}")
    lines = [json.loads(line) for line in open(f"{run}/generator_entropy.jsonl")]
    histograms = events.Histograms("probe/generator_entropy")
    if [event.step for event in histograms] != [0, 8, 16, 24] or \
            [line["step"] for line in lines] != [0, 8, 16, 24]:
        fail(f"{run}: histograms of steps {[event.step for event in histograms]}, {lines}")
    for event, line in zip(histograms, lines):
        value = event.histogram_value
        limits = [line["width"] * (place + 1) for place in range(len(line["counts"]))]
        if list(value.bucket) != line["counts"] or list(value.bucket_limit) != limits or \
                value.num != sum(line["counts"]) or value.min != line["least"] or \
                value.max != line["greatest"] or value.num < 20:
            fail(f"{run}: the histogram {value} is not {line}")
        mean = value.sum / value.num
        if mean != line["mean"] or value.sum_squares < value.num * mean ** 2 or \
                not limits[-1] - line["width"] <= value.max < limits[-1]:
            fail(f"{run}: the numbers of {value} do not fit together")
    if len({line["mean"] for line in lines}) < 4:
        fail(f"{run}: the generator learns, but its entropy stays: {lines}")
    if lines != [json.loads(line) for line in open("whole/generator_entropy.jsonl")]:
        fail(f"{run}: the histograms are not those of the run that was not resumed")
    if set(tags["scalars"]) != set(expected):
        fail(f"{run}: tags differ: {set(tags['scalars']) ^ set(expected)}")
    for tag, values in expected.items():
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        if [step for step, _ in found] != [step for step, _ in values]:
            fail(f"{run}: {tag} has steps {found}, expected {values}")
        for (_, a), (_, b) in zip(found, values):
            # An event holds a float.
            if not math.isclose(a, b, rel_tol=2**-23, abs_tol=1e-37):
                fail(f"{run}: {tag}: {a} is not {b}")
    [text] = events.Tensors("args/text_summary")
    text = text.tensor_proto.string_val[0].decode()
    config = json.loads("\n".join(line[4:] for line in text.split("\n")))
    if config != json.load(open("whole/run.json"))["config"] | {"output_dir": run}:
        fail(f"{run}: the text is not the configuration")
    plugin = events.SummaryMetadata("_hparams_/session_start_info").plugin_data
    data = plugin_data_pb2.HParamsPluginData.FromString(plugin.content)
    hparams = data.session_start_info.hparams
    if hparams["train.learning_rate"].number_value != 0.001 or \
            hparams["method.name"].string_value != "mate-kd" or \
            not hparams["allow_weak_teacher"].bool_value:
        fail(f"{run}: hyper-parameters are {dict(hparams)}")
    plugin = events.SummaryMetadata("_hparams_/session_end_info").plugin_data
    end = plugin_data_pb2.HParamsPluginData.FromString(plugin.content).session_end_info
    if end.status != 1 or end.end_time_secs < data.session_start_info.start_time_secs:
        fail(f"{run}: the session's end is {end}")
    print(f"tensorboard: {run}: {len(expected)} tags, {sum(map(len, expected.values()))} scalars, "
          f"{len(histograms)} histograms of {int(value.num)} places")
PYTHON
