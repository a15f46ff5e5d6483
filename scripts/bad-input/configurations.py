"""Configurations of runs."""
import os

from cases import Case, config, config_text, many

BIG = 2 ** 63 - 1

# Files that are no configuration.
for name, text in {
    "empty": "", "only spaces": "  \n ", "no object": "[]", "a number": "3", "null": "null",
    "cut": '{"output_dir": "out", "task": {', "a comma too many": '{"output_dir": "out",}',
    "a comment": '{"output_dir": "out" // here\n}', "a key twice": '{"seed": 1, "seed": 2}',
    "byte-order mark": b"\xef\xbb\xbf{}", "UTF-16": '{"seed": 1}'.encode("utf-16"), "binary": bytes(range(256)),
    "not UTF-8": b'{"output_dir": "\xff\xfe"}', "NUL bytes": b"\0" * 100, "NaN": '{"seed": NaN}',
    "Python": "{'seed': True}", "leading zero": '{"seed": 007}', "half a surrogate": '{"output_dir": "\\ud800"}',
    "deep": "[" * 100_000, "deep objects": '{"a":' * 100_000, "long number": '{"seed": ' + "9" * 1_000_000 + "}",
    "long exponent": '{"seed": 1e' + "9" * 100_000 + "}", "a million zeros": "[" + "0," * 1_000_000 + "0]",
    "an escape sequence": '{"\\u001b[31mred": 1}', "a newline in a key": '{"a\\nerror: b": 1}',
    "control character": '{"a\x1b": 1}', "long key": '{"' + "k" * 1_000_000 + '": 1}',
    "text after it": "{} {}", "C1 control": '{"\\u009b31m": 1}', "a megabyte of brackets": "[]" * 500_000,
    "forty million zeros": many("[", 40_000, lambda n: "0," * 1000, "0]"),
    "nine million keys": many("{", 9_000_000, lambda n: f'"{n}":0,', '"":0}'),
    "twelve million objects": many("[", 12_000, lambda n: '{"a":[]},' * 1000, "0]"),
}.items():
    config_text(name, text)

# Numbers.
for key in ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "max_position_embeddings", "type_vocab_size"]:
    for value in [0, -1, 2 ** 31, BIG, 2 ** 64, 1e400 if key == "hidden_size" else 1.5, "8", [8]]:
        text = "inf" if value == float("inf") else value
        if text != "inf":
            config(f"{key} {text}", "finetune", {f"model.config.{key}": value})
for value in [10 ** 6, 10 ** 9]:
    config(f"num_hidden_layers {value}", "finetune", {"model.config.num_hidden_layers": value})
config("heads that do not divide", "finetune", {"model.config.num_attention_heads": 3})
config("hidden_act", "finetune", {"model.config.hidden_act": "swish"})
config("dropout 1", "finetune", {"model.config.hidden_dropout_prob": 1})
config("a million layers", "distill", {"student": {"model_name_or_path": "model", "layers": [0] * 10 ** 6}})
config("a million teacher layers", "distill", {"student": {"from_teacher_layers": [0] * 10 ** 6}})
config("a layer too far", "distill", {"student": {"from_teacher_layers": [BIG]}})
config("a negative layer", "distill", {"student": {"from_teacher_layers": [-1]}})
for key, values in {
    "per_device_train_batch_size": [0, -1, BIG, 1.5, "4"], "per_device_eval_batch_size": [0, BIG],
    "gradient_accumulation_steps": [0, BIG], "max_tokens_per_batch": [0, BIG], "num_train_epochs": [0, 1e300],
    "max_steps": [0, -2, BIG], "learning_rate": [-1, "x", [1]], "weight_decay": [-1],
    "warmup_steps": [-1, BIG], "warmup_ratio": [2], "logging_steps": [0, BIG], "eval_steps": [0, 5, BIG],
    "save_steps": [0, BIG], "save_total_limit": [0], "max_train_samples": [0], "max_grad_norm": [-1],
    "adam_beta1": [1], "adam_epsilon": [0], "lr_scheduler_type": ["sawtooth"], "optim": ["sgd9"],
    "early_stopping_patience": [0], "metric_for_best_model": ["a\0b"], "eval_strategy": ["sometimes"],
    "resume_from_checkpoint": [3, "", "nowhere"], "label_smoothing_factor": [1], "unknown\x1b[2J": [1],
}.items():
    for value in values:
        config(f"train.{key} {value}".replace("\0", "NUL").replace("\x1b", "ESC"), "finetune", {f"train.{key}": value})
config("seed -1", "finetune", {"seed": -1})
config("seed 2^64", "finetune", {"seed": 2 ** 64})
config("threads 100000", "finetune", {"threads": 100_000})
config("shards 100000", "finetune", {"shards": 100_000})
config("max_seq_length", "finetune", {"task.max_seq_length": BIG})
config("max_seq_length beyond positions", "finetune", {"task.max_seq_length": 65})
config("pretrain max_seq_length", "pretrain", {"max_seq_length": BIG})
config("bf17", "finetune", {"precision": "bf17"})

# Paths.
for value in ["nowhere", "", "a\0b", "in.txt", "/dev/null", "/proc/self/mem", "x" * 5000, "\x1b[31mred"]:
    shown = value[:12].replace("\0", "NUL").replace("\x1b", "ESC")
    config(f"data_dir {shown}", "finetune", {"task.data_dir": value})
    config(f"model_name_or_path {shown}", "finetune", {"model": {"model_name_or_path": value}})
for value in ["", "a\0b", "in.txt", "/proc/nowhere", "/dev/null/x", "x" * 300, "model"]:
    config(f"output_dir {value[:12]}".replace("\0", "NUL"), "finetune", {"output_dir": value})
config("output_dir is the teacher", "distill", {"output_dir": "model", "overwrite_output_dir": True})
config("vocab is a folder without one", "finetune", {"model.vocab": "data"})
config("vocab is a text", "finetune", {"model.vocab": "in.txt"})
config("corpus is a folder", "pretrain", {"corpus.files": ["data"]})
config("corpus is no file", "pretrain", {"corpus.files": ["nowhere"]})
config("corpus is a device", "pretrain", {"corpus.files": ["/dev/zero"]})
config("corpus without files", "pretrain", {"corpus.files": []})
config("corpus with NUL", "pretrain", {"corpus.files": ["corpus.txt\0.gz"]})

# Sections.
config("no task", "finetune", {"task": ...})
config("task is a list", "finetune", {"task": []})
config("unknown task", "finetune", {"task.name": "sst-3"})
config("task name with a newline", "finetune", {"task.name": "x\nerror: forged"})
config("task name with an escape", "finetune", {"task.name": "\x1b]0;title\x07"})
config("no model", "finetune", {"model": ...})
config("two sources", "finetune", {"model.model_name_or_path": "model"})
config("no method", "distill", {"method": ...})
config("unknown method", "distill", {"method.name": "kd2"})
config("method with an escape", "distill", {"method.name": "kd\x1b[31m"})
config("a key of another method", "distill", {"method.masking_ratio": 0.3})
config("temperature 0", "distill", {"method.temperature": 0})
config("mate-kd without a generator", "distill", {"method": {"name": "mate-kd"}})
config("generator is a classifier of nothing", "distill", {"method": {"name": "mate-kd"}, "generator": {"model_name_or_path": "nowhere"}})
config("student with other labels", "distill", {"student": {"model_name_or_path": "model", "label_order": ["a"]}})
config("wider hidden states", "distill", {"student.config.hidden_size": 6, "method.name": "pkd"})
config("no seeds", "compare", {"seeds": []})
config("a seed twice", "compare", {"seeds": [1, 1]})
config("no methods", "compare", {"methods": {}})
config("method name is a path", "compare", {"methods": {"../x": {"method": {"name": "kd"}}}})
config("method name with an escape", "compare", {"methods": {"\x1b[1m": {"method": {"name": "kd"}}}})
config("task name is a path", "compare", {"tasks": {"..": {"task": {"name": "sst-2", "data_dir": "data"}}}})
config("a million resamples more", "compare", {"bootstrap.resamples": BIG})
config("texts without end", "distill", {"method": {"name": "random-text", "texts": {"rows": BIG}}})

# Changes on the command line.
for change in ["train.max_steps=x", "train.max_steps", "=1", "train..max_steps=1", "train.max_steps=" + "9" * 400,
               "task=3", "nowhere.key=1", "task.data_dir=", "train.learning_rate=1e999", "model.config=[[[[",
               "train.gradient_accumulation_steps=9223372036854775807"]:
    config(f"--set {change[:40]}", "finetune", {}, f"--set '{change}'")
Case("configuration: missing", "mate-kd distill --config nowhere.json")
Case("configuration: a folder", "mate-kd distill --config data")
Case("configuration: a pipe that nobody writes to", "mate-kd distill --config pipe", spoil=lambda at: os.mkfifo(at("pipe")))
Case("configuration: a device", "mate-kd distill --config /dev/zero")
