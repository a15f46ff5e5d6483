#!/usr/bin/env python3
"""Times mate-kd and a PyTorch peer by turns, on the same token ids, and prints Markdown tables.

The peer is a folder as docs/performance.md describes it: train_step.py, infer.py, common.py,
lengths.json, c/. Run by scripts/bench-peers.sh, with an interpreter that has torch and transformers
(and onnx and onnxruntime for the work `evaluate`).
"""
import argparse
import datetime
import os
import platform
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from comparison import report, single, works  # noqa: E402
from comparison.records import Records  # noqa: E402
from comparison.sides import Programs, has_bfloat16  # noqa: E402


class Context:
    """What a work needs."""

    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.programs = Programs(args, folder)
        self.records = Records(args.output, resume=args.resume is not None)
        self.has_bfloat16 = has_bfloat16()

    def note(self, text):
        print(f"[{datetime.datetime.now():%H:%M:%S}] {text}", file=sys.stderr, flush=True)


def arguments():
    (peak, prototype, *others), (first, second, *more) = single.all_singles(), works.all_works()
    # The prototype runs beside the works that it is compared with.
    every = {w.name: w for w in [peak, first, second, prototype, *more, *others]}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="works, with minutes of a full run: "
        + ", ".join(f"{w.name} {w.minutes:g}" for w in every.values()))
    parser.add_argument("works", nargs="*", help="only these works")
    parser.add_argument("--peers", required=True, help="folder with the PyTorch scripts")
    parser.add_argument("--benchmark", required=True, help="the program step-benchmark")
    parser.add_argument("--program", required=True, help="the program mate-kd")
    parser.add_argument("--data", help="GLUE folder, for the work `tokenizing`")
    parser.add_argument("--vocabulary", help="model folder with a tokenizer, for the same")
    parser.add_argument("--rounds", type=int, default=5, help="passes of each side, by turns")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--preload", default="", help="LD_PRELOAD for the peer, such as tcmalloc")
    parser.add_argument("--patience", type=float, default=60, metavar="SECONDS",
                        help="a pass may always take so long, and ten times its warm-up")
    parser.add_argument("--output", default="bench-peers.jsonl", help="raw measurements")
    parser.add_argument("--resume", help="go on with these raw measurements")
    parser.add_argument("--quick", action="store_true",
                        help="one round of short texts: tries the mechanics, measures nothing")
    parser.add_argument("--report", action="store_true", help="only print the tables of --resume")
    args = parser.parse_args()
    unknown = [name for name in args.works if name not in every]
    if unknown:
        parser.error(f"no work {', '.join(unknown)}; there are {', '.join(every)}")
    if args.quick:
        args.rounds = 1
    args.output = args.resume or args.output
    return args, [w for name, w in every.items() if not args.works or name in args.works]


def machine(args):
    """Facts that numbers mean nothing without."""
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    commit = subprocess.run(
        ["git", "-C", os.path.dirname(os.path.abspath(__file__)), "describe", "--always",
         "--dirty"], capture_output=True, text=True).stdout.strip()
    return {
        "date": f"{datetime.datetime.now():%Y-%m-%d %H:%M}", "processor": models[0],
        "processors": len(models), "kernel": platform.release(), "commit": commit,
        "threads": args.threads, "rounds": args.rounds, "quick": args.quick,
        "preload": os.path.basename(args.preload),
    }


def main():
    args, chosen = arguments()
    with tempfile.TemporaryDirectory() as folder:
        context = Context(args, folder)
        records = context.records
        if not args.report:
            records.add(machine=machine(args))
            for number, work in enumerate(chosen):
                if records.is_done(work.name):
                    context.note(f"{work.name}: done before")
                    continue
                left = sum(w.minutes for w in chosen[number:] if not records.is_done(w.name))
                context.note(f"{work.name} begins; about {left:.0f} minutes left")
                start = time.perf_counter()
                try:
                    work.run(context)
                except Exception as error:
                    # One broken work must not cost the others, whatever broke it.
                    context.note(f"{work.name} failed: {error!r}")
                    records.add(work=work.name, failed=repr(error))
                    continue
                records.add(work=work.name, done=True,
                            minutes=round((time.perf_counter() - start) / 60, 2))
        print(report.markdown(records))


if __name__ == "__main__":
    main()
