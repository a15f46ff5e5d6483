"""Command lines and environments."""
import os

from cases import ANSWER, EVALUATE, PREDICT, Case
from world import changed, CONFIGURATIONS

BIG = 2 ** 63 - 1


def command(line, name=None, **more):
    Case(f"command: {name or line[8:70]}", line, **more)


def shell(name, script, **more):
    Case(f"environment: {name}", "true", shell=script, **more)


for line in ["mate-kd nonsense", "mate-kd --nonsense", "mate-kd predict", "mate-kd evaluate --model", "mate-kd distill --config", "mate-kd distill --config a --config",
             "mate-kd tokenize", "mate-kd methods nonsense", "mate-kd schema nonsense", "mate-kd schema --template nowhere", "mate-kd schema --template /dev/zero", "mate-kd inspect",
             "mate-kd inspect --model nowhere", "mate-kd inspect --task sst-2", "mate-kd inspect --task sst-2 --data nowhere", "mate-kd synthesize", "mate-kd compare --config nowhere",
             "mate-kd compare --config c.json --report --method kd", "mate-kd compare --config c.json --status --wait",
             "mate-kd compare --config c.json --dry-run --curves c", "mate-kd sweep --config c.json --report --wait",
             "mate-kd profile --config nowhere", "mate-kd evaluate --model model --task nonsense --data data", "mate-kd evaluate --model nowhere --task sst-2 --data data",
             "mate-kd evaluate --model model --task sst-2", "mate-kd evaluate --model model --task sst-2 --task-config task.json --data data",
             "mate-kd evaluate --model model --task-config nowhere --data data", "mate-kd evaluate --model model --task-config in.txt --data data", "mate-kd pretrain --config distill.json",
             "mate-kd distill --config teacher-finetune.json", "mate-kd predict --glue-submission out --model rte=model", "mate-kd predict --glue-submission out --data data --model model"]:
    command(line)
for option, values in {"--threads": [-1, 100_000, BIG, "x", 1.5], "--batch-size": [0, -1, BIG], "--max-seq-length": [2, 65, BIG, -1], "--precision": ["int8"], "--split": ["nonsense"],
                       "--bootstrap": [-1, BIG], "--label-order": ["a"], "--seed": [-1]}.items():
    for value in values:
        command(f"{EVALUATE.replace(' --bootstrap 0', '')} {option}={value}", f"evaluate {option} {value}")
for option, values in {"--doc-stride": [-1, BIG], "--n-best-size": [0, BIG], "--max-answer-length": [0, BIG], "--max-query-length": [0, BIG], "--max-seq-length": [BIG],
                       "--null-score-diff-threshold": ["x"]}.items():
    for value in values:
        command(f"{ANSWER} {option}={value}", f"evaluate squad2 {option} {value}")
for option in ["--train-rows", "--dev-rows", "--corpus-rows"]:
    for value in [0, -1, 10 ** 9, BIG]:
        command(f"mate-kd synthesize --output out {option}={value}")
for option in ["--steps", "--warm-up"]:
    for value in [-1, BIG]:
        command(f"mate-kd profile --config teacher-finetune.json {option}={value}")
for option, values in {"--threads": [100_000, BIG, -1], "--seed": [-1, 2 ** 64], "--precision": ["x"], "--log-format": ["x"], "--output-dir": ["''", "in.txt", "/proc/x", "/dev/null/x", "data"],
                       "--set": ["x", "seed=-1", "train.gradient_accumulation_steps=9223372036854775807"]}.items():
    for value in values:
        command(f"mate-kd teacher-finetune --config teacher-finetune.json {option}={value}", f"teacher-finetune {option} {value}")
command(PREDICT.replace("out.jsonl", "nowhere/out.jsonl"), "output in no folder")
command(PREDICT.replace("out.jsonl", "data"), "output is a folder")
command(PREDICT.replace("out.jsonl", "/proc/x"), "output in /proc")
command(PREDICT.replace("out.jsonl", "/dev/full"), "output is full")
command(PREDICT.replace("out.jsonl", "pipe"), "output is a pipe that nobody reads", spoil=lambda at: os.mkfifo(at("pipe")))
command(PREDICT.replace("out.jsonl", "''"), "output is empty")
command(PREDICT.replace("out.jsonl", "x" * 300), "output with a long name")
command(PREDICT.replace("--model model", "--model $'\\x1b[31m'"), "model with an escape")
command(PREDICT.replace("--model model", "--model '\x1b[31mred'"), "model with an escape sequence")
command(PREDICT.replace("sst-2", "'\x1b]0;x\x07'"), "task with an escape sequence")
command("mate-kd '\x1b[31m'", "subcommand with an escape sequence")
command("mate-kd methods '\x9b31m'", "method with a C1 control")
command("mate-kd teacher-finetune --config '\x1b[2J'", "configuration with an escape sequence")
command("mate-kd teacher-finetune --config teacher-finetune.json --set 'a\nerror: b=1'", "a newline in a key")

# Environments
shell("standard output is full", "mate-kd methods >/dev/full")
shell("standard output is full, tokenize", "mate-kd tokenize --model model <in.txt >/dev/full")
shell("standard output is closed", "mate-kd methods >&-")
shell("standard input is closed", "mate-kd tokenize --model model <&-")
shell("standard input is a folder", "mate-kd tokenize --model model <data")
shell("standard input is written only", "mate-kd tokenize --model model 0>out")
shell("the folder is gone", "mkdir gone && cd gone && rmdir ../gone && mate-kd distill --config distill.json")
shell("no file may be written", "ulimit -f 0; mate-kd predict --model model --task sst-2 --input in.txt --output out.jsonl")
shell("no run may be written", "ulimit -f 0; mate-kd teacher-finetune --config teacher-finetune.json 2>&1 | cat >&2; exit ${PIPESTATUS[0]}")
shell("a pipe that ends in a row", "printf 'a\\tb\\na\\tb\\tc' | mate-kd predict --model model --task rte --input /dev/stdin --output out.jsonl")
shell("a pipe as configuration", "mate-kd distill --config <(echo '{')")
shell("a pipe as a task", "mate-kd inspect --data own --task-config <(echo '{}')")
shell("an output folder of another", "mkdir out && chmod 555 out && mate-kd synthesize --output /proc/self/out")
shell("two runs into one folder", "mkdir out && echo held >out/.lock-1 && mate-kd teacher-finetune --config teacher-finetune.json")
shell("output folder with a link as lock", "mkdir out && ln -s /etc/passwd out/.lock-1 && mate-kd teacher-finetune --config teacher-finetune.json")
shell("output folder that is not empty", "mkdir out && echo >out/x && mate-kd teacher-finetune --config teacher-finetune.json")
shell("a folder whose name is no text", "mate-kd teacher-finetune --config teacher-finetune.json --output-dir $'o\\xff\\xfe'")
for command in ["methods", "report out --output r.html", "tokenize --model model", "inspect --model model", "schema distill"]:
    shell(f"no room for {command}", f"ulimit -v 135000; mate-kd {command}")
shell("a threshold that is none", "mate-kd evaluate --model qa --task squad2 --data squad --null-score-diff-threshold nan")
shell("predictions over the model", "mate-kd predict --model model --task sst-2 --input in.txt --output model/config.json --overwrite")
shell("predictions over the model's weights", "ln model/model.safetensors w && mate-kd predict --model model --task sst-2 --input in.txt --output w --overwrite")
shell("a data set over files", "mkdir made && echo mine >made/vocab.txt && mate-kd synthesize --output made --train-rows 5 --dev-rows 5 --corpus-rows 5")
shell("a study in a model's folder", "mate-kd compare --threads 1 --config compare.json --output-dir model")
shell("a sweep in a study's folder", "mkdir -p study/cells && python3 -c 'import json; c = json.load(open(\"distill.json\")); c.pop(\"output_dir\"); json.dump({\"output_dir\": \"s\", \"base\": c, \"validation_split\": 0.5, \"parameters\": {\"train.learning_rate\": {\"values\": [0.1, 0.2]}}}, open(\"sweep.json\", \"w\"))' && mate-kd sweep --threads 1 --config sweep.json --output-dir study")
shell("a lock that is a folder", "mkdir -p out/.lock-1 && mate-kd teacher-finetune --config teacher-finetune.json")
shell("weights that go astray", "mate-kd teacher-finetune --threads 1 --config teacher-finetune.json --set train.learning_rate=1e38")
shell("a locale that is none", "LC_ALL=xx_YY.x mate-kd distill --config nowhere")
shell("a stack of 64 KiB", "ulimit -s 64; mate-kd distill --config distill.json")
shell("a stack of 512 KiB", "ulimit -s 512; mate-kd methods")
shell("little memory", "ulimit -v 200000; mate-kd predict --model model --task sst-2 --input in.txt --output out.jsonl --threads 1")
