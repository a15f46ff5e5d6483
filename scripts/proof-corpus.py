#!/usr/bin/env python3
"""The texts that the generator of the second study is trained on, one a line, each once.

usage: scripts/proof-corpus.py DATA > corpus.txt

DATA has glue/, ag_news/, snli/, imdb/ and squad2/. Training texts and unlabelled test texts are
taken, and MNLI's dev texts; no text that stands in a validation file that the study measures on.
Long texts are split into sentences.
"""
import json
import re
import sys

# Texts that are not to be printed (again).
seen = set()


def add(text, out=sys.stdout):
    text = re.sub(r"\s+", " ", text).strip()
    if len(text) >= 12 and text not in seen:
        seen.add(text)
        if out:
            print(text, file=out)


def table(path, columns, header=1, out=sys.stdout):
    with open(f"{sys.argv[1]}/{path}", encoding="utf-8-sig", newline="\n") as lines:
        for number, line in enumerate(lines):
            fields = line.rstrip("\r\n").split("\t")
            for column in columns:
                if number >= header and column < len(fields):
                    add(fields[column], out)


def sentences(text):
    for sentence in re.split(r"(?<=[.!?]) +", text):
        add(sentence)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    table("glue/CoLA/dev.tsv", [3], header=0, out=None)
    table("glue/SST-2/dev.tsv", [0], out=None)
    for task, columns in [("MRPC", [3, 4]), ("STS-B", [7, 8]), ("QNLI", [1, 2]), ("QQP", [3, 4])]:
        table(f"glue/{task}/dev.tsv", columns, out=None)
    table("glue/CoLA/train.tsv", [3], header=0)
    table("glue/CoLA/test.tsv", [1])
    table("glue/SST-2/train.tsv", [0])
    table("glue/SST-2/test.tsv", [1])
    for task, columns in [
        ("MRPC", [3, 4]), ("RTE", [1, 2]), ("STS-B", [7, 8]), ("WNLI", [1]), ("QNLI", [1, 2]),
    ]:
        for split in ["train", "test"]:
            table(f"glue/{task}/{split}.tsv", columns)
    table("glue/QQP/train.tsv", [3, 4])
    for part in [
        "train", "dev_matched", "dev_matched_hard", "dev_mismatched", "dev_mismatched_hard",
    ]:
        table(f"glue/MNLI/{part}.tsv", [8, 9])
    table("ag_news/train_sample.tsv", [1], header=0)
    table("snli/train.tsv", [1, 2])
    with open(f"{sys.argv[1]}/imdb/test.tsv", encoding="utf-8") as lines:
        for line in lines:
            sentences(line.split("\t")[0].replace("<br />", " "))
    with open(f"{sys.argv[1]}/squad2/dev-subset-v2.0.json", encoding="utf-8") as file:
        for article in json.load(file)["data"]:
            for paragraph in article["paragraphs"]:
                sentences(paragraph["context"])
                for question in paragraph["qas"]:
                    add(question["question"])


main()
