#!/usr/bin/env python3
"""Makes the tables of docs/deploying.md: what `mate-kd export` writes, run in ONNX Runtime.

1. Parity: the logits of `mate-kd predict` beside those of the exported file over whole dev sets, for
   BERT, RoBERTa and DistilBERT with classifier, regression and span heads. BERT has real weights,
   fine-tuned; the others have random ones and 20 updates, since parity is all that is asked of them.
2. int8: accuracy and speed of the quantized file beside the float32 file, in ONNX Runtime, of the
   bodies fine-tuned on SST-2, MRPC and STS-B.
3. A pipeline: transformers' TextClassificationPipeline around a session whose inputs are given by
   name, as optimum does it, answers like `mate-kd predict`.

Every file passes ONNX's checker. Models are trained where --out lacks them. Needs numpy, onnx,
onnxruntime, scipy, scikit-learn, torch and transformers. Exits with 1 if parity is off by more than
1e-5 of the largest logit, or the pipeline disagrees.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

import numpy
import onnx
import onnxruntime
import scipy.stats
import sklearn.metrics
import torch
import transformers

TASKS = {  # task: folder, columns of the texts, column of the label, metrics
    "sst-2": ("SST-2", [0], 1, ["accuracy"]),
    "mrpc": ("MRPC", [3, 4], 0, ["accuracy", "F1"]),
    "sts-b": ("STS-B", [7, 8], 9, ["Pearson"]),
}
BUDGETS = {
    "sst-2": {"max_steps": 800, "learning_rate": 5e-5},
    "mrpc": {"num_train_epochs": 3, "learning_rate": 5e-5},
    "sts-b": {"num_train_epochs": 3, "learning_rate": 1e-4},
}
LENGTH, STRIDE, WINDOW, QUESTION = 128, 128, 384, 64


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="mate-kd")
    parser.add_argument("--glue", required=True, help="the folder with SST-2, MRPC and STS-B")
    parser.add_argument("--squad", required=True, help="a dev file of SQuAD 2.0")
    parser.add_argument("--roberta-tokenizer", required=True, help="a folder with RoBERTa's files")
    parser.add_argument("--body", action="append", required=True, metavar="NAME=DIR",
                        help="a BERT to fine-tune; the first is also used for parity")
    parser.add_argument("--out", required=True, help="the folder for models and files")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3, help="of the measurement of speed")
    parser.add_argument("--only", action="append", metavar="NAME/TASK",
                        help="rows to make, such as MiniLM-L3/sts-b; by default all")
    arguments = parser.parse_args()
    transformers.logging.set_verbosity_error()
    bodies = dict(body.split("=", 1) for body in arguments.body)
    work = Work(arguments)
    failed = False

    def wanted(name, task):
        return not arguments.only or f"{name}/{task}" in arguments.only

    first, folder = next(iter(bodies.items()))
    print("| model | weights | task | rows | largest logit | largest difference | relative |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: |")
    models = [(f"BERT ({first})", "fine-tuned", task,
               lambda task=task: work.tuned(first, folder, task))
              for task in TASKS if wanted(first, task)]
    if wanted(first, "squad2"):
        models.append((f"BERT ({first})", "20 updates", "squad2",
                       lambda: work.brief("bert", "squad2", folder)))
    for family, name in [("roberta", "RoBERTa"), ("distilbert", "DistilBERT")]:
        for task in [*TASKS, "squad2"]:
            if wanted(name, task):
                models.append((name, "random, 20 updates", task,
                               lambda family=family, task=task: work.brief(family, task, folder)))
    for name, weights, task, make in models:
        model = make()
        rows, largest, difference = (work.spans if task == "squad2" else work.logits)(model, task)
        failed |= not difference <= 1e-5 * largest
        print(f"| {name} | {weights} | {task} | {rows} | {largest:.2f} | {difference:.1e} | "
              f"{difference / largest:.1e} |", flush=True)

    print()
    print("| model | task | metric | float32 | int8 | MB float32 | int8 | texts/s float32 | int8 | "
          "ratio |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, folder in bodies.items():
        for task in TASKS:
            if not wanted(name, task):
                continue
            print(work.quantized(name, work.tuned(name, folder, task), task), flush=True)

    print()
    for name, folder in bodies.items():
        for task in ["sst-2", "mrpc"]:
            if not wanted(name, task):
                continue
            rows, difference = work.pipeline(work.tuned(name, folder, task), task)
            failed |= not difference < 1e-5
            print(f"pipeline, {name}, {task}: {rows} rows, same labels, probabilities within "
                  f"{difference:.1e}", flush=True)
    sys.exit(int(failed))


class Work:
    def __init__(self, arguments):
        self.arguments = arguments
        self.out = pathlib.Path(arguments.out)
        self.out.mkdir(parents=True, exist_ok=True)

    def run(self, *words):
        found = subprocess.run(
            [self.arguments.program, *map(str, words)], capture_output=True, text=True)
        if found.returncode:
            sys.exit(f"{' '.join(map(str, words))} ends with {found.returncode}:\n{found.stderr}")

    # Models.

    def train(self, name, config):
        model = self.out / name
        if not (model / "all_results.json").exists():
            file = self.out / f"{name}.json"
            file.write_text(json.dumps({"output_dir": str(model), "threads": 1, **config}))
            self.run("teacher-finetune", "--config", file, "--quiet")
        return model

    def task(self, task):
        return {"name": task, "data_dir": f"{self.arguments.glue}/{TASKS[task][0]}",
                "max_seq_length": LENGTH}

    def tuned(self, name, folder, task):
        return self.train(f"{name}-{task}", {
            "task": self.task(task), "model": {"model_name_or_path": folder},
            "train": {"per_device_train_batch_size": 32, "warmup_ratio": 0.1, "weight_decay": 0.01,
                      "save_strategy": "no", **BUDGETS[task]}})

    def brief(self, family, task, bert):
        model = {"model_name_or_path": bert}
        if family != "bert":
            vocabulary = self.arguments.roberta_tokenizer if family == "roberta" else bert
            model = {"vocab": vocabulary, "config": {
                "model_type": family, "hidden_size": 128, "num_hidden_layers": 3,
                "num_attention_heads": 4, "intermediate_size": 512, "initializer_range": 0.1,
                "max_position_embeddings": 514 if family == "roberta" else 512}}
        if task == "squad2":
            # Parity needs no training rows of their own: those of the dev file will do.
            data = self.out / "squad2"
            data.mkdir(exist_ok=True)
            source = pathlib.Path(self.arguments.squad).resolve()
            for part in ["train", "dev"]:
                if not (data / f"{part}-v2.0.json").exists():
                    (data / f"{part}-v2.0.json").symlink_to(source)
            described = {"name": task, "data_dir": str(data), "max_seq_length": WINDOW}
        else:
            described = self.task(task)
        return self.train(f"{family}-brief-{task}", {
            "task": described, "model": model,
            "train": {"per_device_train_batch_size": 8, "max_steps": 20, "learning_rate": 1e-3,
                      "max_train_samples": 200, "max_eval_samples": 100, "save_strategy": "no"}})

    # Files and sessions.

    def session(self, model, kind="float32"):
        path = model / ("model.onnx" if kind == "float32" else f"model-{kind}.onnx")
        if not path.exists():
            self.run("export", "--model", model, "--quantize", kind, "--output", path)
        onnx.checker.check_model(str(path), full_check=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]), path.stat().st_size

    def rows(self, task):
        folder, columns, label, _ = TASKS[task]
        lines = (pathlib.Path(self.arguments.glue) / folder / "dev.tsv").read_text("utf-8-sig")
        rows = [line.split("\t") for line in lines.rstrip("\n").split("\n")[1:]]
        return [[row[column] for row in rows] for column in columns], [row[label] for row in rows]

    def batches(self, model, task):
        """The inputs of a session, batch by batch, tokenized by transformers."""
        tokenizer = transformers.AutoTokenizer.from_pretrained(model)
        texts, _ = self.rows(task)
        size = self.arguments.batch
        return [
            {name: value.astype(numpy.int64) for name, value in tokenizer(
                *[part[start:start + size] for part in texts], padding=True, truncation=True,
                max_length=LENGTH, return_tensors="np", return_token_type_ids=True).items()}
            for start in range(0, len(texts[0]), size)]

    @staticmethod
    def outputs(session, batches):
        wanted = [port.name for port in session.get_inputs()]
        return numpy.concatenate([
            session.run(["logits"], {name: batch[name] for name in wanted})[0]
            for batch in batches])

    def predictions(self, model, task):
        path = self.out / f"{model.name}.jsonl"
        source = (self.arguments.squad if task == "squad2"
                  else f"{self.arguments.glue}/{TASKS[task][0]}/dev.tsv")
        more = ["--n-best-size", "20"] if task == "squad2" else []
        self.run("predict", "--model", model, "--task", task, "--input", source, "--output", path,
                 "--overwrite", "--threads", 1, *more)
        return [json.loads(line) for line in path.read_text().splitlines()]

    # Measurements.

    def logits(self, model, task):
        ours = numpy.array([row["logits"] for row in self.predictions(model, task)])
        theirs = self.outputs(self.session(model)[0], self.batches(model, task))
        assert ours.shape == theirs.shape, (ours.shape, theirs.shape)
        return len(ours), numpy.abs(ours).max(), numpy.abs(ours - theirs).max()

    def spans(self, model, task):
        """Every candidate of every question that fits into one window has the logits of the tokens
        that its text begins and ends with."""
        session, _ = self.session(model)
        wanted = [port.name for port in session.get_inputs()]
        tokenizer = transformers.AutoTokenizer.from_pretrained(model)
        questions = [
            (question["question"], paragraph["context"])
            for article in json.loads(pathlib.Path(self.arguments.squad).read_text())["data"]
            for paragraph in article["paragraphs"] for question in paragraph["qas"]]
        compared, largest, difference = 0, 0.0, 0.0
        for (question, context), found in zip(
                questions, self.predictions(model, task), strict=True):
            encoded = tokenizer(
                question.lstrip(), context, return_offsets_mapping=True, return_token_type_ids=True,
                return_tensors="np")
            if encoded["input_ids"].shape[1] > WINDOW:
                continue
            starts, ends = session.run(
                ["start_logits", "end_logits"],
                {name: encoded[name].astype(numpy.int64) for name in wanted})
            starts, ends = starts[0], ends[0]
            offsets, parts = encoded["offset_mapping"][0], encoded.sequence_ids(0)
            begins, stops = {}, {}
            for place, (start, stop) in enumerate(offsets):
                if parts[place] == 1:
                    begins.setdefault(int(start), []).append(place)
                    stops.setdefault(int(stop), []).append(place)
            for candidate in found["candidates"]:
                pair = numpy.array([candidate["start_logit"], candidate["end_logit"]])
                text, options = candidate["text"], []
                if text == "":
                    options.append([starts[0], ends[0]])
                place = context.find(text) if text else -1
                while place >= 0:
                    options += [
                        [starts[a], ends[b]] for a in begins.get(place, [])
                        for b in stops.get(place + len(text), [])]
                    place = context.find(text, place + 1)
                assert options, (question, text)
                difference = max(
                    difference, numpy.abs(numpy.array(options) - pair).max(axis=1).min())
                largest = max(largest, numpy.abs(pair).max())
            compared += 1
        assert compared > 100, compared
        return compared, largest, difference

    def quantized(self, name, model, task):
        batches, (_, labels) = self.batches(model, task), self.rows(task)
        kinds = ["float32", "int8"]
        sessions = [self.session(model, kind) for kind in kinds]
        names = json.loads((model / "config.json").read_text())["id2label"]
        scores, rates = [], [[], []]
        for _ in range(self.arguments.rounds):
            for place, (session, _) in enumerate(sessions):
                # Time of the processor: one thread computes, and other programs do not count.
                began = time.process_time()
                found = self.outputs(session, batches)
                rates[place].append(len(found) / (time.process_time() - began))
                if len(scores) <= place:
                    scores.append(self.score(task, found, labels, names))
        rates = [statistics.median(some) for some in rates]
        sizes = [size / 1e6 for _, size in sessions]
        return (
            f"| {name} | {task} | {', '.join(TASKS[task][3])} | {scores[0]} | {scores[1]} | "
            f"{sizes[0]:.1f} | {sizes[1]:.1f} | {rates[0]:.0f} | {rates[1]:.0f} | "
            f"{rates[1] / rates[0]:.2f} |")

    @staticmethod
    def score(task, found, labels, names):
        if task == "sts-b":
            value = scipy.stats.pearsonr(found[:, 0], [float(label) for label in labels])[0]
            return f"{value:.4f}"
        # Both tasks number their labels as the outputs of mate-kd's models are ordered.
        gold, classes = [int(label) for label in labels], found.argmax(1)
        values = [sklearn.metrics.accuracy_score(gold, classes)]
        if task == "mrpc":
            values.append(sklearn.metrics.f1_score(gold, classes))
        return ", ".join(f"{value:.4f}" for value in values)

    def pipeline(self, model, task):
        session, _ = self.session(model)
        config = transformers.AutoConfig.from_pretrained(model)
        pipe = transformers.TextClassificationPipeline(
            model=SessionModel(config, session),
            tokenizer=transformers.AutoTokenizer.from_pretrained(model), device=-1)
        texts, _ = self.rows(task)
        inputs = (texts[0] if len(texts) == 1
                  else [{"text": a, "text_pair": b} for a, b in zip(*texts)])
        ours, difference = self.predictions(model, task), 0.0
        answers = pipe(inputs, batch_size=self.arguments.batch, truncation=True, max_length=LENGTH)
        for row, answer in zip(ours, answers, strict=True):
            probability = dict(zip(row["label_names"], row["probabilities"]))[answer["label"]]
            difference = max(difference, abs(probability - answer["score"]))
            assert row["label"] == answer["label"] or abs(probability - 0.5) < 1e-5, (row, answer)
        return len(ours), difference


class SessionModel(transformers.PreTrainedModel):
    """A model of transformers around a session, whose inputs are found by their names."""

    def __init__(self, config, session):
        super().__init__(config)
        self.unused = torch.nn.Parameter(torch.zeros(()))  # tells the pipeline where to compute
        self.session = session
        self.wanted = [port.name for port in session.get_inputs()]

    def forward(self, input_ids=None, attention_mask=None, token_type_ids=None, **_):
        given = {"input_ids": input_ids, "attention_mask": attention_mask,
                 "token_type_ids": token_type_ids}
        logits = self.session.run(["logits"], {name: given[name].numpy() for name in self.wanted})
        return transformers.modeling_outputs.SequenceClassifierOutput(
            logits=torch.from_numpy(logits[0]))


if __name__ == "__main__":
    main()
