#!/usr/bin/env python3
"""Compares the memory estimate of training runs with their measured peak (VmHWM).

usage: scripts/memory-table.py [--sizes 2x128,4x256] [--program FILE] [--work DIR]

Fine-tuning, KD and MATE-KD with random weights on made-up texts, for four sizes of students; the
teacher has twice the layers, the generator is as large as the student. The texts of 20 to 128 tokens
come in ascending order, eight in a batch, so every batch is the longest so far and the last fills
both shards. A checkpoint is saved after it. Prints a table in Markdown and fails if an estimate is
off by more than 15 %. The largest size takes some minutes.
"""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

WORDS = 30522
ROOT = pathlib.Path(__file__).resolve().parent.parent


def write_data(folder):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [f"w{n}" for n in range(WORDS - len(special))]
    (folder / "vocab.txt").write_text("\n".join(special + words) + "\n")
    draw = random.Random(1)
    texts = [" ".join(draw.choices(words, k=18 + round(108 * row / 31))) for row in range(32)]
    (folder / "SST-2").mkdir()
    rows = "".join(f"{text}\t{number % 2}\n" for number, text in enumerate(texts))
    for name in ["train.tsv", "dev.tsv"]:
        (folder / "SST-2" / name).write_text("sentence\tlabel\n" + rows)
    (folder / "corpus.txt").write_text("\n".join(texts) + "\n")


def architecture(layers, width):
    return {
        "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": max(2, width // 64),
        "intermediate_size": 4 * width, "max_position_embeddings": 128,
    }


class Table:
    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.rows = []
        self.train = {
            "per_device_train_batch_size": 8, "max_steps": 5, "save_steps": 4, "logging_steps": 1,
            "train_sampling_strategy": "sequential", "learning_rate": 1e-5,
        }

    def run(self, command, name, **config):
        """Makes a run; returns its estimate and its peak in bytes."""
        config = {"output_dir": f"{self.folder}/{name}", "threads": 2, "shards": 2} | config
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps(config))
        process = subprocess.Popen(
            [self.program, command, "--config", str(file)], stdout=subprocess.DEVNULL,
            stderr=open(self.folder / f"{name}.log", "w"))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        log = (self.folder / f"{name}.log").read_text()
        if process.returncode != 0:
            sys.exit(f"{command} {name} ended with {process.returncode}:\n{log}")
        found = re.search(r"memory estimate: ([0-9.]+) (MB|GB)", log)
        estimate = float(found[1]) * (1e9 if found[2] == "GB" else 1e6)
        shutil.rmtree(self.folder / name / "checkpoint-4", ignore_errors=True)
        return estimate, usage.ru_maxrss * 1024

    def measure(self, layers, width):
        task = {"name": "sst-2", "data_dir": str(self.folder), "max_seq_length": 128}
        vocabulary = str(self.folder / "vocab.txt")
        name = f"{layers}x{width}"
        teacher, generator = f"teacher-{name}", f"generator-{name}"
        student = {"config": architecture(layers, width)}
        self.add(f"fine-tune {2 * layers}x{width}", self.run(
            "teacher-finetune", teacher, task=task, train=self.train,
            model={"config": architecture(2 * layers, width), "vocab": vocabulary}))
        self.add(f"pretrain {name}", self.run(
            "pretrain", generator, corpus={"files": [str(self.folder / "corpus.txt")]},
            train=self.train, model={"config": architecture(layers, width), "vocab": vocabulary}))
        models = {
            "teacher": {"model_name_or_path": f"{self.folder}/{teacher}"}, "student": student,
            "allow_weak_teacher": True,
        }
        self.add(f"KD to {name}", self.run(
            "distill", f"kd-{name}", task=task, train=self.train, method={"name": "kd"}, **models))
        self.add(f"MATE-KD to {name}", self.run(
            "distill", f"mate-kd-{name}", task=task, train=self.train,
            method={"name": "mate-kd", "generator_steps": 4, "student_steps": 5},
            generator={"model_name_or_path": f"{self.folder}/{generator}"}, **models))

    def add(self, work, numbers):
        estimate, peak = numbers
        self.rows.append((work, estimate, peak))
        print(f"{work}: estimate {estimate / 1e6:.0f} MB, measured {peak / 1e6:.0f} MB",
              file=sys.stderr)

    def print(self):
        print("| run | estimate, MB | measured, MB | ratio |")
        print("| --- | ---: | ---: | ---: |")
        for work, estimate, peak in self.rows:
            print(f"| {work} | {estimate / 1e6:.0f} | {peak / 1e6:.0f} | {estimate / peak:.2f} |")
        return all(1 / 1.15 < estimate / peak < 1.15 for _, estimate, peak in self.rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", default="2x128,4x256,6x384,6x768")
    parser.add_argument("--program", default=str(ROOT / ".build/release/mate-kd"))
    parser.add_argument("--work", help="a folder to keep; by default one that is removed")
    options = parser.parse_args()
    folder = pathlib.Path(options.work or tempfile.mkdtemp(prefix="memory-table-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        write_data(folder)
        table = Table(options.program, folder)
        for size in options.sizes.split(","):
            table.measure(*map(int, size.split("x")))
        fits = table.print()
    finally:
        if not options.work:
            shutil.rmtree(folder)
    if not fits:
        sys.exit("memory-table.py: an estimate is off by more than 15 %")


if __name__ == "__main__":
    main()
