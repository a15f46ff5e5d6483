#!/usr/bin/env python3
"""How far the answers on STS-B's validation pairs go with the share of words that a pair has in
common (docs/results.md). Prints, for each method, Pearson's correlation of its answers with that
share and with the true scores, mean over the records.

usage: scripts/proof-overlap.py STS-B/dev.tsv RECORDS
  RECORDS   a folder with one folder for each method, such as records/proof/pair-b/sts-b
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


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    shares = [share(row["sentence1"], row["sentence2"]) for row in rows]
    truth = [float(row["score"]) for row in rows]
    print(f"{len(rows)} pairs; shared words with true scores: "
          f"{statistics.correlation(shares, truth):.3f}")
    for folder in sorted(path for path in pathlib.Path(sys.argv[2]).iterdir() if path.is_dir()):
        found = []
        for path in sorted(folder.rglob("*.json")):
            answers = json.loads(path.read_text(encoding="utf-8"))["answers"]
            if len(answers["scores"]) != len(rows):
                sys.exit(f"{path} has {len(answers['scores'])} answers for {len(rows)} pairs")
            found.append((statistics.correlation(answers["scores"], shares),
                          statistics.correlation(answers["scores"], answers["references"])))
        if found:
            with_shares, with_truth = (statistics.mean(column) for column in zip(*found))
            print(f"{folder.name}: shared words {with_shares:.3f}, true scores {with_truth:.3f} "
                  f"({len(found)} records)")


main()
