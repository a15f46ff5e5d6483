#!/usr/bin/env python3
"""How far the answers on validation pairs go with the share of words that a pair has in common
(docs/results.md). Prints, for each method, Pearson's correlation of its answers (scores, or 0 and
1) with that share and with the true ones, mean over the records.

usage: scripts/proof-overlap.py DEV RECORDS
  DEV       dev.tsv of STS-B, MRPC or QQP
  RECORDS   the folder of the same task with one folder for each method, such as
            records/proof/pair-b/sts-b
"""
import csv
import json
import pathlib
import re
import statistics
import sys


def share(first, second):
    """Words that both texts have, divided by the words that either has (Jaccard)."""
    a, b = (set(re.findall(r"\w+", text.lower())) for text in (first, second))
    return len(a & b) / len(a | b) if a | b else 0.0


# The columns of the two texts and of the answer.
COLUMNS = [
    ("sentence1", "sentence2", "score"),
    ("#1 String", "#2 String", "Quality"),
    ("question1", "question2", "is_duplicate"),
]


def pairs(path):
    """The share of common words and the true answer of each pair of a dev.tsv."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    found = [names for names in COLUMNS if rows and set(names) <= set(rows[0])]
    if not found:
        sys.exit(f"{path} has no rows with the columns of STS-B, MRPC or QQP")
    first, second, answer = found[0]
    try:
        return ([share(row[first], row[second]) for row in rows],
                [float(row[answer]) for row in rows])
    except (TypeError, ValueError):
        sys.exit(f"{path} has a row that lacks a text or a number")


def correlations(path, shares, truth):
    """How far the answers in a record go with the shares and with the true answers."""
    try:
        answers = json.loads(path.read_text(encoding="utf-8"))["answers"]
        given, references = answers.get("scores") or answers["classes"], answers["references"]
    except (ValueError, KeyError, TypeError):
        sys.exit(f"{path} is no record of a task with one score or class a row")
    # A study may measure on the first rows only.
    if not 1 < len(given) == len(references) <= len(truth) or any(
            abs(a - b) > 1e-4 for a, b in zip(references, truth)):
        sys.exit(f"{path} was measured on other pairs than the ones given")
    try:
        return (statistics.correlation(given, shares[:len(given)]),
                statistics.correlation(given, references))
    except statistics.StatisticsError:
        sys.exit(f"{path} has the same answer for all pairs, so there is no correlation")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    shares, truth = pairs(sys.argv[1])
    print(f"{len(truth)} pairs; shared words with true answers: "
          f"{statistics.correlation(shares, truth):.3f}")
    for folder in sorted(path for path in pathlib.Path(sys.argv[2]).iterdir() if path.is_dir()):
        found = [correlations(path, shares, truth) for path in sorted(folder.rglob("*.json"))]
        if found:
            with_shares, with_truth = (statistics.mean(column) for column in zip(*found))
            print(f"{folder.name}: shared words {with_shares:.3f}, true answers {with_truth:.3f} "
                  f"({len(found)} records)")


try:
    main()
except (OSError, statistics.StatisticsError) as error:
    sys.exit(f"{sys.argv[0]}: {error}")
