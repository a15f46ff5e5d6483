"""Studies and sweeps: too many cells, and files of finished cells that no run has written."""
from cases import Case
from world import CONFIGURATIONS, changed

COMPARE, DISTILL = CONFIGURATIONS["compare"], CONFIGURATIONS["distill"]
SWEEP = {"output_dir": "sweep", "base": {key: value for key, value in DISTILL.items() if key != "output_dir"},
         "validation_split": 0.5}


def study(name, changes):
    Case(f"study: {name}", "mate-kd compare --config compare.json --dry-run", {"compare.json": changed(COMPARE, changes)})


def sweep(name, parameters):
    Case(f"sweep: {name}", "mate-kd sweep --config sweep.json --dry-run", {"sweep.json": {**SWEEP, "parameters": parameters}})


study("a million seeds", {"seeds": list(range(10 ** 6))})
study("a million cells of a thousand seeds", {"seeds": list(range(1000)), "draw_seeds": list(range(1000))})
study("methods times seeds times draws", {
    "methods": {f"m{n}": {"method": {"name": "kd"}} for n in range(1000)} | {"kd": {"method": {"name": "kd"}}},
    "seeds": list(range(10)), "draw_seeds": list(range(10))})
study("a grid whose product overflows", {"methods.kd.grid": {f"train.key{n}": list(range(10)) for n in range(40)}})
study("a grid of a million points", {"methods.kd.grid": {"train.learning_rate": [n * 1e-9 for n in range(10 ** 6)]}})
study("a grid times seeds of the selection", {
    "methods.kd.grid": {"train.learning_rate": [n * 1e-9 for n in range(1, 1001)]}, "selection": {"seeds": list(range(1000))}})
sweep("a grid whose product overflows", {f"train.key{n}": {"values": list(range(100))} for n in range(40)})
sweep("forty thousand keys", {f"train.key{n}": {"values": [1]} for n in range(40_000)})
sweep("a million values", {"train.learning_rate": {"values": [n * 1e-9 for n in range(10 ** 6)]}})

CELL = "out/cells/t/kd/seed-1"
MADE = "mate-kd compare --config compare.json --threads 1 --quiet >/dev/null 2>&1 && "


def forged(name, change, then="mate-kd compare --config compare.json --report"):
    """The files of a finished cell after a change by the shell."""
    Case(f"finished cell: {name}", "true", shell=MADE + f"{change} && {then}")


def number(key, value):
    forged(f"{key} {value}", f"sed -i 's/\"{key}\": [0-9.e-]*/\"{key}\": {value}/' {CELL}/all_results.json")


for value in ["-1e308", "1e400", "1e30", "true", "\"0.5\"", "[0.5]", "{}", "9223372036854775808", "NaN", "-", "101", "1.5"]:
    number("eval_accuracy", value)
for value in ["true", "1e400"]:
    Case(f"finished cell of a grid: eval_accuracy {value}", "true", {"compare.json": changed(COMPARE, {
        "methods.kd.grid": {"train.learning_rate": [0.001, 0.01]}, "selection": {"validation_split": 0.5}})},
        shell=MADE + f"sed -i 's/\"eval_accuracy\": [0-9.e-]*/\"eval_accuracy\": {value}/' "
        "out/cells/t/kd/grid-1/seed-1/all_results.json && mate-kd compare --config compare.json --threads 1")
for value in ["1e308", "\"x\"", "-9223372036854775809"]:
    number("teacher_accuracy", value)
for value in ["9223372036854775808", "-1", "true"]:
    number("train_distinct_texts", value)
for value in ["1e300", "-2"]:
    number("train_passes", value)
for name, content in {"empty": "", "null": "null", "an array": "[]", "half": "{\"eval_accuracy\": 0.5", "key twice": "{\"eval_accuracy\": 1, \"eval_accuracy\": 0}",
                      "UTF-16": "\\xff\\xfe{\\0}\\0", "NULs": "\\0\\0\\0", "no score": "{}"}.items():
    forged(f"all_results.json, {name}", f"printf '{content}' >{CELL}/all_results.json")
forged("all_results.json, nested", f"python3 -c 'print(\"[\" * 10**6)' >{CELL}/all_results.json")
forged("all_results.json is a pipe", f"rm {CELL}/all_results.json && mkfifo {CELL}/all_results.json")
for name, change in {"a class of nobody": "s/positive/other/", "a row twice": "2p", "no header": "1d", "cut short": "$d;2d"}.items():
    forged(f"eval_predictions.tsv, {name}", f"sed -i '{change}' {CELL}/eval_predictions.tsv")
