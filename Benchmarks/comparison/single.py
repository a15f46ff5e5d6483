"""Everything that is not measured step by step: start, help, tokenizing, growth, the machine's peak
and the C prototype."""
import json
import os
import re
import shutil
import subprocess
import sys
import time

from . import batches
from .sides import Unavailable


class Single:
    """A work given by a function of the context."""

    def __init__(self, name, run, minutes):
        self.name, self._run, self.minutes = name, run, minutes

    def run(self, context):
        try:
            self._run(context, self.name)
        except Unavailable as reason:
            context.records.add(work=self.name, unavailable=self.name, reason=str(reason))
            context.note(f"{self.name}: not available: {reason}")


def start_to_first_step(context, work):
    """The time from exec to the first update of `mate-kd teacher-finetune` on a saved BERT-base.

    The program reports when an update ends, so this is the end of the first update minus the time
    of the second. Batches have one text, so that an update is mostly the optimiser. Whatever the
    first update does more than the later ones counts as start."""
    folder = os.path.join(context.folder, "start")
    model = os.path.join(folder, "model")
    os.makedirs(model, exist_ok=True)
    make = ("import sys; from transformers import BertConfig, BertForSequenceClassification as B; "
            "B(BertConfig(num_hidden_layers=%d, num_labels=2)).save_pretrained(sys.argv[1])"
            % (1 if context.args.quick else 12))
    subprocess.run([sys.executable, "-c", make, model], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    words = batches.vocabulary(model)
    lengths = batches.lengths_of(context.args.peers, "SST-2")
    for name in ("train.tsv", "dev.tsv"):
        batches.sentences(folder, words, lengths, 200, name)
    config = os.path.join(folder, "run.json")
    with open(config, "w") as file:
        json.dump({
            "output_dir": os.path.join(folder, "run"), "overwrite_output_dir": True,
            "threads": context.args.threads,
            "task": {"name": "sst-2", "data_dir": folder},
            "model": {"model_name_or_path": model},
            "train": {"per_device_train_batch_size": 1, "max_steps": 6, "logging_steps": 1},
        }, file)
    for number in range(-1, context.args.rounds):
        shutil.rmtree(os.path.join(folder, "run"), ignore_errors=True)
        start = time.perf_counter()
        process = subprocess.Popen(
            [context.args.program, "teacher-finetune", "--config", config],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        ends, said = [], []
        for line in process.stderr:
            said.append(line)
            if re.search(r"\bstep \d+ epoch", line):
                ends.append(time.perf_counter() - start)
                if len(ends) == 3:
                    break
        process.kill()
        process.stderr.close()
        process.wait()
        if len(ends) < 3:
            raise Unavailable(said[-1].strip() if said else "teacher-finetune said nothing")
        if number >= 0:  # the first one reads the checkpoint from disk
            first = ends[0] - min(ends[1] - ends[0], ends[2] - ends[1])
            context.records.add(work=work, round=number, side="ours", turn="student", steps=1,
                                seconds=round(first, 4), first_update_ended=round(ends[0], 4))


def help_text(context, work):
    for number in range(20):
        start = time.perf_counter()
        subprocess.run([context.args.program, "--help"], check=True, stdout=subprocess.DEVNULL)
        context.records.add(work=work, round=number, side="ours", turn="student", steps=1,
                            seconds=round(time.perf_counter() - start, 5))


def tokenizing(context, work):
    """SST-2's training texts, on the same number of threads. The peer's clock stops before its
    results become Python lists."""
    text = os.path.join(context.args.data or "", "SST-2", "train.tsv")
    if not os.path.exists(text) or not os.path.isdir(context.args.vocabulary or ""):
        raise Unavailable("needs --data with SST-2/train.tsv and --vocabulary with a tokenizer")
    vocabulary = context.args.vocabulary
    with context.programs.ours("tokenize", text=os.path.dirname(text),
                               vocabulary=vocabulary) as ours, \
            context.programs.tokenizers(vocabulary, text) as peer:
        context.records.add(work=work, texts=ours.facts["rows"], peer_texts=peer.facts["rows"])
        for number in range(-1, context.args.rounds):
            for name, side, count in (("ours", ours, 10), ("tokenizers", peer, 1)):
                passes = [side.run("student -1 1") for _ in range(count)]
                if number >= 0:
                    context.records.add(
                        work=work, round=number, side=name, turn="student", steps=count,
                        seconds=sum(p["seconds"] for p in passes),
                        others=max(p["others"] for p in passes))


def growth(context, work):
    """Fine-tuning 2x128 on 1,000 to 350,000 rows that repeat the same 1,000 lengths."""
    folder = os.path.join(context.folder, "growth")
    os.makedirs(folder, exist_ok=True)
    words = batches.vocabulary(folder)
    sizes = (1000, 2000) if context.args.quick else (1000, 10_000, 100_000, 350_000)
    lengths = batches.lengths_of(context.args.peers, "SST-2")[:1000]
    batches.sentences(folder, words, lengths, sizes[-1])
    sides = {}
    try:
        for size in sizes:
            side = context.programs.ours("finetune", text=folder, vocabulary=folder, rows=size,
                                         student="2x128x2x512")
            sides[size] = side
            side.run("student -1 40")
            context.records.add(work=work, rows=size, **{
                key: side.facts[key] for key in ("tokens", "data_bytes", "data_peak_bytes")})
        for number in range(context.args.rounds):
            for size, side in sides.items():
                record = side.run(f"student -1 {20 if context.args.quick else 250}")
                context.records.add(
                    work=work, round=number, side=str(size), turn="student", **record)
    finally:
        for side in sides.values():
            side.close()


def _compiled(context, name, sources, flags):
    compiler = shutil.which("gcc")
    folder = os.path.join(context.args.peers, "c")
    if not compiler or not os.path.isdir(folder):
        raise Unavailable("needs gcc and the peer's folder c")
    program = os.path.join(context.folder, name)
    done = subprocess.run(
        [compiler, *flags, "-o", program, *(os.path.join(folder, s) for s in sources), "-ldl",
         "-lpthread", "-lm"], stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if "error:" in line]
        why = errors[0].rpartition("error:")[2].strip() if errors else "no reason given"
        raise Unavailable(f"gcc does not compile {' and '.join(sources)} here: {why}")
    return program


def peak(context, work):
    program = _compiled(context, "peak", ["peak.c"], ["-O3", "-march=native"])
    text = subprocess.check_output([program, str(context.args.threads)], text=True)
    found = re.search(r"avx2 ([\d.]+) avx512 ([\d.]+) bf16 ([\d.]+)", text)
    if not found:
        raise Unavailable("peak.c printed no sum")
    avx2, avx512, bf16 = map(float, found.groups())
    context.records.add(work=work, float32=max(avx2, avx512), bf16=bf16)


def prototype(context, work):
    """bertstep.c on the batches of the fine-tuning works."""
    program = _compiled(context, "bertstep", ["bertstep.c", "bf16gemm.c"],
                        ["-O3", "-march=native", "-ffast-math"])
    for name, times in (("finetune-128", 3), ("finetune-sst2", 10)):
        pool = context.records.fact(name, "lengths")
        if not pool:
            context.note(f"{work}: run {name} first")
            continue
        for number, lengths in enumerate(pool[:1 if context.args.quick else times]):
            path = os.path.join(context.folder, "lengths.txt")
            with open(path, "w") as file:
                file.write("\n".join(map(str, lengths)))
            text = subprocess.check_output(
                [program, "6", "768", "12", "3072", str(len(lengths)), f"file:{path}", "packed",
                 "fp32", "train", "2"], text=True,
                env=dict(os.environ, NT=str(context.args.threads)))
            steps = [float(s) for s in re.findall(r"^step ([\d.]+)", text, re.M)]
            context.records.add(work=work, round=number, side=name, turn="student",
                                steps=len(steps), seconds=sum(steps), tokens=sum(lengths))


def all_singles():
    return [
        Single("peak", peak, 0.2),
        Single("prototype", prototype, 1.7),
        Single("help", help_text, 0.1),
        Single("start", start_to_first_step, 0.7),
        Single("tokenizing", tokenizing, 0.4),
        Single("growth", growth, 0.9),
    ]
