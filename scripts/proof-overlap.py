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


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    found = [names for names in COLUMNS if rows and set(names) <= set(rows[0])]
    if not found:
        sys.exit(f"{sys.argv[1]} has the columns of none of STS-B, MRPC and QQP")
    first, second, answer = found[0]
    shares = [share(row[first], row[second]) for row in rows]
    truth = [float(row[answer]) for row in rows]
    print(f"{len(rows)} pairs; shared words with true answers: "
          f"{statistics.correlation(shares, truth):.3f}")
    for folder in sorted(path for path in pathlib.Path(sys.argv[2]).iterdir() if path.is_dir()):
        found = []
        for path in sorted(folder.rglob("*.json")):
            answers = json.loads(path.read_text(encoding="utf-8"))["answers"]
            given = answers.get("scores") or answers["classes"]
            if len(given) > len(rows):
                sys.exit(f"{path} has {len(given)} answers for {len(rows)} pairs")
            # A study may measure on the first rows only.
            if any(abs(a - b) > 1e-4 for a, b in zip(answers["references"], truth)):
                sys.exit(f"{path} was measured on other pairs than those of {sys.argv[1]}")
            found.append((statistics.correlation(given, shares[:len(given)]),
                          statistics.correlation(given, answers["references"])))
        if found:
            with_shares, with_truth = (statistics.mean(column) for column in zip(*found))
            print(f"{folder.name}: shared words {with_shares:.3f}, true answers {with_truth:.3f} "
                  f"({len(found)} records)")


main()
