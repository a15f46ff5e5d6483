#!/usr/bin/env python3
"""Writes Tests/Goldens/metrics/values.json: inputs, and values by scikit-learn and scipy.

NaN is written as null. Usage: ${PYTHON:-python3} scripts/goldens/metrics.py
"""
import json
import math
import pathlib
import warnings

import numpy as np
from scipy import stats
from sklearn import dummy, metrics

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests/Goldens/metrics/values.json"
warnings.simplefilter("ignore")


def number(value):
    return None if math.isnan(value) else float(value)


# Number of rows of each class in the validation data, in the order of the task's labels.
# "published" are the numbers of GLUE, if the available data is a sample.
MAJORITY = [
    ("cola", "validation", [322, 721]), ("sst-2", "validation", [428, 444]),
    ("mrpc", "validation", [129, 279]), ("qqp", "validation", [2173, 1324]),
    ("qqp", "published", [25545, 14885]), ("mnli", "validation", [373, 311, 316]),
    ("mnli", "validation_mismatched", [346, 319, 335]), ("mnli", "published", [3479, 3123, 3213]),
    ("mnli-mm", "validation", [346, 319, 335]), ("mnli-mm", "published", [3463, 3129, 3240]),
    ("qnli", "validation", [2702, 2761]), ("rte", "validation", [146, 131]),
    ("wnli", "validation", [40, 31])]


def majority(task, split, counts):
    """The result of scikit-learn's DummyClassifier, fitted on the same rows that judge it."""
    r = np.repeat(range(len(counts)), counts)
    p = dummy.DummyClassifier(strategy="most_frequent").fit(r.reshape(-1, 1), r).predict(
        r.reshape(-1, 1))
    binary = {"labels": [1], "average": "macro", "zero_division": 0}
    return {"task": task, "split": split, "counts": counts,
            "accuracy": metrics.accuracy_score(r, p), "f1": float(metrics.f1_score(r, p, **binary)),
            "matthews_correlation": float(metrics.matthews_corrcoef(r, p))}


def label_sets(p, r):
    """Metrics of rows with several labels each; p and r are indicator matrices."""
    return {"labels": p.shape[1], "predictions": p.flatten().tolist(),
            "references": r.flatten().tolist(), "accuracy": float(metrics.accuracy_score(r, p)),
            "f1_micro": float(metrics.f1_score(r, p, average="micro", zero_division=0)),
            "f1_macro": float(metrics.f1_score(r, p, average="macro", zero_division=0))}


def main():
    random = np.random.default_rng(5)
    labels = [([1, 0, 1], [1, 0, 1]), ([0, 0, 0], [1, 1, 1]), ([0, 0, 0], [0, 0, 0]),
              ([1, 1, 1], [0, 1, 0]), ([1], [1]), ([0], [1]), ([0, 0, 0, 0], [0, 1, 0, 1]),
              ([0, 1, 0, 1], [0, 0, 0, 0])]
    labels += [(random.integers(0, 2, n), random.integers(0, 2, n)) for n in (2, 5, 33, 400)]
    three = [(random.integers(0, 3, n), random.integers(0, 3, n)) for n in (5, 60)]
    three += [([2, 2, 1], [0, 0, 1]), ([2, 2], [0, 1])]
    scores = [([1, 2], [2, 1]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 2, 3], [5, 5, 5, 1]),
              ([3, 3, 3], [2, 2, 2]), ([1, 2, 3], [4, 4, 4]), ([1, 1 + 1e-15, 1], [0, 5, 1]),
              ([0, 0, 1, 1, 2, 2], [0, 0, 0, 5, 5, 5]),
              ([1e200, 2e200, -1e200], [1, 2, 4]), ([1, 2, 3], [1e-200, 3e-200, 2e-200])]
    scores += [(random.integers(0, 6, n) / 2, random.normal(size=n)) for n in (3, 10, 257)]
    out = {"labels": [], "scores": []}
    for kind, pairs in (("two", labels), ("three", three)):
        for p, r in pairs:
            p, r = [int(x) for x in p], [int(x) for x in r]
            f1 = metrics.f1_score(r, p, zero_division=0) if kind == "two" else metrics.f1_score(
                r, p, labels=[1], average="macro", zero_division=0)
            out["labels"].append({
                "predictions": p, "references": r, "accuracy": metrics.accuracy_score(r, p),
                "f1": float(f1), "macro_f1": float(
                    metrics.f1_score(r, p, average="macro", zero_division=0)),
                "matthews": float(metrics.matthews_corrcoef(r, p))})
    for a, b in scores:
        a, b = [float(x) for x in a], [float(x) for x in b]
        out["scores"].append({
            "predictions": a, "references": b, "pearson": number(stats.pearsonr(a, b)[0]),
            "spearman": number(stats.spearmanr(a, b)[0])})
    out["sets"] = [label_sets(np.zeros((3, 2), int), np.ones((3, 2), int)),
                   label_sets(np.zeros((3, 2), int), np.zeros((3, 2), int)),
                   label_sets(np.array([[1, 0, 0], [1, 1, 0]]), np.array([[1, 0, 0], [0, 1, 0]]))]
    for rows, width in ((1, 2), (7, 3), (60, 5), (400, 11)):
        r = random.integers(0, 2, (rows, width))
        out["sets"].append(label_sets(np.where(random.random((rows, width)) < 0.7, r, 1 - r), r))
    out["majority"] = [majority(*row) for row in MAJORITY]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
