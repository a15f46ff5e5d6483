#!/usr/bin/env python3
"""Compares `mate-kd export` with `mate-kd predict` on real or synthetic texts, through ONNX Runtime.

usage: scripts/reference/onnx_parity.py --program mate-kd --model DIR --task NAME --input FILE [--rows N]

Prints, for float32 and int8: the file's size, whether ONNX's checker takes it, the largest
difference of logits relative to the largest logit, the share of equal labels, and texts a second
of ONNX Runtime with one thread. Texts are tokenized by transformers. Needs onnx, onnxruntime and
transformers. Exits with 1 if float32 differs by more than 1e-5.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import onnx
import onnxruntime
import transformers


def main():
    parser = argparse.ArgumentParser()
    for name in ["program", "model", "task", "input"]:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--columns", default="0", help="columns of the texts, such as 0 or 1,2")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=16)
    arguments = parser.parse_args()
    columns = [int(column) for column in arguments.columns.split(",")]
    lines = pathlib.Path(arguments.input).read_text("utf-8").splitlines()[1 : arguments.rows + 1]
    rows = [line.split("\t") for line in lines]
    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.model)
    folder = pathlib.Path(tempfile.mkdtemp())
    answers = folder / "answers.jsonl"
    subprocess.run(
        [arguments.program, "predict", "--model", arguments.model, "--task", arguments.task,
         "--input", arguments.input, "--output", answers], check=True, stderr=subprocess.DEVNULL)
    ours = [json.loads(line)["logits"] for line in answers.read_text().splitlines()[: len(rows)]]
    ours = numpy.array([list(row.values()) if isinstance(row, dict) else row for row in ours])
    failed = False
    for kind in ["float32", "int8"]:
        path = folder / f"{kind}.onnx"
        subprocess.run(
            [arguments.program, "export", "--model", arguments.model, "--quantize", kind,
             "--output", path], check=True)
        onnx.checker.check_model(str(path), full_check=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"])
        wanted = [port.name for port in session.get_inputs()]
        results, seconds = [], 0.0
        for start in range(0, len(rows), arguments.batch):
            batch = rows[start : start + arguments.batch]
            texts = [[row[column] for row in batch] for column in columns]
            encoded = tokenizer(
                *texts, padding=True, truncation=True, max_length=128, return_tensors="np")
            if "token_type_ids" in wanted and "token_type_ids" not in encoded:
                encoded["token_type_ids"] = numpy.zeros_like(encoded["input_ids"])
            inputs = {name: encoded[name].astype(numpy.int64) for name in wanted}
            began = time.perf_counter()
            results.append(session.run(["logits"], inputs)[0])
            seconds += time.perf_counter() - began
        theirs = numpy.concatenate(results)
        deviation = numpy.abs(theirs - ours).max() / numpy.abs(ours).max()
        equal = (theirs.argmax(1) == ours.argmax(1)).mean()
        print(f"{kind}: {path.stat().st_size} bytes, checked, deviation {deviation:.1e}, "
              f"equal labels {equal:.4f}, {len(rows) / seconds:.0f} texts/s")
        failed |= kind == "float32" and deviation > 1e-5
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
