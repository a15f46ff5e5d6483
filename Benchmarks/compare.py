#!/usr/bin/env python3
"""Times mate-kd's training steps and a PyTorch peer's by turns, on the same token ids, and prints a
Markdown table of medians and ratios.

The peer is a folder with `common.py` (class Batches) and `train_step.py` as described in
docs/performance.md. Run by scripts/bench-peers.sh, with the interpreter that has torch and
transformers.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

SHAPES = {
    "base": "12x768x12x3072",
    "distil": "6x768x12x3072",
    "minilm": "6x384x12x1536",
    "mini": "4x256x4x1024",
    "tiny": "2x128x2x512",
}
# name: (peer's kind, student, teacher, generator, data)
WORKS = {
    "finetune-minilm": ("finetune", "minilm", None, None, "SST-2"),
    "finetune-distil": ("finetune", "distil", None, None, "SST-2"),
    "finetune-tiny": ("finetune", "tiny", None, None, "SST-2"),
    "finetune-distil-128": ("finetune", "distil", None, None, "fixed128"),
    "mate-minilm": ("mate-cycle", "mini", "minilm", "mini", "SST-2"),
    "mate-distil": ("mate-cycle", "distil", "base", "distil", "SST-2"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("works", nargs="*", default=[], help="of: " + ", ".join(WORKS))
    parser.add_argument("--peers", required=True, help="folder with the PyTorch scripts")
    parser.add_argument("--benchmark", required=True, help="the program step-benchmark")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side, by turns")
    parser.add_argument("--pool", type=int, default=16, help="different batches")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--preload", default="", help="LD_PRELOAD for the peer, such as tcmalloc")
    args = parser.parse_args()
    sys.path.insert(0, args.peers)
    import common

    print("| work | mate-kd s | PyTorch s | ratio | spread of the ratio |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name in args.works or WORKS:
            kind, student, teacher, generator, data = WORKS[name]
            pool = 1 if data.startswith("fixed") else args.pool
            path = os.path.join(folder, name + ".json")
            batches = common.Batches(data, 32, 30522, seed=0, pool=pool)
            with open(path, "w") as file:
                json.dump({"batches": [
                    [[int(v) for v in row[:n]] for row, n in zip(b["input_ids"], b["lengths"])]
                    for b in batches.pool]}, file)
            ours, theirs = [], []
            for _ in range(args.rounds):
                ours.append(run_ours(args, kind, path, student, teacher, generator, pool))
                theirs.append(run_peer(args, kind, student, teacher, generator, data, pool))
            ratios = [t / o for o, t in zip(ours, theirs)]
            print(f"| {name} | {statistics.median(ours):.4f} | {statistics.median(theirs):.4f} | "
                  f"{statistics.median(ratios):.2f} | {min(ratios):.2f}-{max(ratios):.2f} |",
                  flush=True)


def run_ours(args, kind, path, student, teacher, generator, pool):
    """Seconds a step; a cycle of MATE-KD is 10 generator and 100 student steps."""
    def step(kind):
        # A pass over few batches is short: take more passes.
        command = [args.benchmark, kind, path, f"threads={args.threads}",
                   f"samples={1 if pool > 8 else 4}", f"student={SHAPES[student]}"]
        if teacher:
            command += [f"teacher={SHAPES[teacher]}"]
        if generator:
            command += [f"generator={SHAPES[generator]}"]
        return json.loads(subprocess.check_output(command))["step_s"]

    if kind != "mate-cycle":
        return step(kind)
    student_step = step("mate-student")
    generator_step = step("mate-generator") - student_step
    return (10 * generator_step + 100 * student_step) / 110


def run_peer(args, kind, student, teacher, generator, data, pool):
    command = [sys.executable, os.path.join(args.peers, "train_step.py"), kind, "--student",
               student, "--data", data, "--threads", str(args.threads), "--steps", "1",
               "--warmup", "1", "--pool", str(pool), "--max-others", "9"]
    if teacher:
        command += ["--teacher", teacher]
    if generator:
        command += ["--generator", generator, "--flavour", "masked"]
    environment = dict(os.environ, LD_PRELOAD=args.preload) if args.preload else None
    return json.loads(subprocess.check_output(command, env=environment))["step_s"]


if __name__ == "__main__":
    main()
