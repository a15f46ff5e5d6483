#!/usr/bin/env python3
"""Measures what saving checkpoints takes from training at the size of BERT-base.

usage: scripts/save-time.py [--size 12x768] [--updates 24] [--every 6] [--program FILE] [--work DIR]

Fine-tunes a model with random weights on made-up texts, twice: without checkpoints, and with one
after every sixth update. A save waits for the writing of the one before, so the two kinds of saves
are told apart. The time of an update is that between its line of the log and the one
before. Prints a table in Markdown: the median update, what the updates are longer in which the
state is copied, and those in which the checkpoint is written beside them, and the size of a
checkpoint. One thread of training, so that the thread that writes has a processor of its own.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORDS = 30522


def write_data(folder):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [f"w{n}" for n in range(WORDS - len(special))]
    (folder / "vocab.txt").write_text("\n".join(special + words) + "\n")
    (folder / "SST-2").mkdir()
    # All texts have the same length, so all updates are the same work.
    text = " ".join(words[:30])
    rows = "".join(f"{text}\t{number % 2}\n" for number in range(64))
    for name in ["train.tsv", "dev.tsv"]:
        (folder / "SST-2" / name).write_text("sentence\tlabel\n" + rows)


def run(options, folder, name, saves):
    """Makes a run; returns the seconds of each update, and of the writing of each checkpoint."""
    layers, width = map(int, options.size.split("x"))
    config = {
        "output_dir": str(folder / name), "threads": 1, "shards": 1,
        "task": {"name": "sst-2", "data_dir": str(folder), "max_seq_length": 32},
        "model": {
            "config": {
                "hidden_size": width, "num_hidden_layers": layers,
                "num_attention_heads": max(2, width // 64), "intermediate_size": 4 * width,
                "max_position_embeddings": 128},
            "vocab": str(folder / "vocab.txt")},
        "train": {
            "per_device_train_batch_size": 16, "max_steps": options.updates, "logging_steps": 1,
            "eval_strategy": "no", "max_eval_samples": 8, "save_total_limit": 1,
            "save_strategy": "steps" if saves else "no", "save_steps": options.every},
    }
    file = folder / f"{name}.json"
    file.write_text(json.dumps(config))
    process = subprocess.Popen(
        [options.program, "teacher-finetune", "--config", str(file)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    writing = {}
    ended = threading.Event()

    def watch():
        # A checkpoint has another name until it is complete.
        while not ended.is_set():
            now = time.monotonic()
            for entry in os.listdir(folder / name) if (folder / name).exists() else []:
                match = re.search(r"checkpoint-(\d+)", entry)
                if match:
                    times = writing.setdefault(int(match[1]), [now, None])
                    if re.fullmatch(r"checkpoint-\d+", entry) and times[1] is None:
                        times[1] = now
            time.sleep(0.01)
    watcher = threading.Thread(target=watch)
    watcher.start()
    ends = {}
    lines = []
    for line in process.stderr:
        lines.append(line)
        match = re.search(r"step (\d+) ", line)
        if match and "loss" in line:
            ends.setdefault(int(match[1]), time.monotonic())
    size = 0
    if process.wait() != 0:
        ended.set()
        sys.exit(f"{name} ended with {process.returncode}:\n{''.join(lines[-20:])}")
    ended.set()
    watcher.join()
    newest = folder / name / f"checkpoint-{options.updates}"
    if saves:
        size = sum(path.stat().st_size for path in newest.rglob("*") if path.is_file())
    weights = (folder / name / "model.safetensors").stat().st_size
    seconds = {step: ends[step] - ends[step - 1] for step in ends if step - 1 in ends}
    written = [end - start for start, end in writing.values() if end]
    # Saves that found another checkpoint being written.
    waiting = [
        step for step in writing
        if any(step > other and (end is None or end > ends[step])
               for other, (_, end) in writing.items())]
    return seconds, written, waiting, size, weights


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", default="12x768")
    parser.add_argument("--updates", type=int, default=24)
    parser.add_argument("--every", type=int, default=6, help="updates between two checkpoints")
    parser.add_argument("--program", default=str(ROOT / ".build/release/mate-kd"))
    parser.add_argument("--work", help="a folder to keep; by default one that is removed")
    options = parser.parse_args()
    folder = pathlib.Path(options.work or tempfile.mkdtemp(prefix="save-time-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        write_data(folder)
        without, *_ = run(options, folder, "without", False)
        seconds, written, waiting, size, weights = run(options, folder, "with", True)
    finally:
        if not options.work:
            shutil.rmtree(folder)
    # The first updates settle memory.
    plain = statistics.median(s for step, s in without.items() if step > 3)
    # The copy is made between the line of an update and the next one's first work; writing goes on
    # in the updates that follow.
    every = options.every
    saved = [s for s in seconds if s > every and s % every == 1]
    copying = [seconds[s] for s in saved if s - 1 not in waiting]
    waited = [seconds[s] for s in saved if s - 1 in waiting]
    beside = [seconds[s] for s in seconds if s > every and s % every == 2]
    others = [seconds[s] for s in seconds if s > 3 and (s < every or s % every in (4, 5))]
    print("| what | seconds |")
    print("| --- | ---: |")
    print(f"| an update without checkpoints, median of {len(without)} | {plain:.2f} |")
    print(f"| an update with nothing to save, in a run with checkpoints | "
          f"{statistics.median(others):.2f} |")
    print(f"| the update behind a save, median of {len(copying)} | "
          f"{statistics.median(copying):.2f} |")
    if waited:
        print(f"| the update behind a save that found another being written, median of "
              f"{len(waited)} | {statistics.median(waited):.2f} |")
    print(f"| the update after that | {statistics.median(beside):.2f} |")
    print(f"| a checkpoint from its first file to its name, median of {len(written)} | "
          f"{statistics.median(written):.2f} |")
    print(f"\nweights {weights / 1e6:.0f} MB, checkpoint {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
