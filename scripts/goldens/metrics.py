#!/usr/bin/env python3
"""Writes Tests/Goldens/metrics/values.json: inputs and values of scikit-learn and scipy.

NaN is written as null. Usage: ${PYTHON:-python3} scripts/goldens/metrics.py
"""
import json
import math
import pathlib
import warnings

import numpy as np
from scipy import stats
from sklearn import metrics

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests/Goldens/metrics/values.json"
warnings.simplefilter("ignore")


def number(value):
    return None if math.isnan(value) else float(value)


def main():
    random = np.random.default_rng(5)
    labels = [([1, 0, 1], [1, 0, 1]), ([0, 0, 0], [1, 1, 1]), ([0, 0, 0], [0, 0, 0]),
              ([1, 1, 1], [0, 1, 0]), ([1], [1]), ([0], [1]), ([0, 0, 0, 0], [0, 1, 0, 1])]
    labels += [(random.integers(0, 2, n), random.integers(0, 2, n)) for n in (2, 5, 33, 400)]
    three = [(random.integers(0, 3, n), random.integers(0, 3, n)) for n in (5, 60)]
    scores = [([1, 2], [2, 1]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 2, 3], [5, 5, 5, 1]),
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
                "f1": float(f1), "matthews": float(metrics.matthews_corrcoef(r, p))})
    for a, b in scores:
        a, b = [float(x) for x in a], [float(x) for x in b]
        out["scores"].append({
            "predictions": a, "references": b, "pearson": number(stats.pearsonr(a, b)[0]),
            "spearman": number(stats.spearmanr(a, b)[0])})
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
