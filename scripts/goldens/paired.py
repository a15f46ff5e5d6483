#!/usr/bin/env python3
"""Writes Tests/Goldens/paired/values.json: p values of Student's t and paired t tests, by scipy.

NaN is written as null, infinity as "inf". Usage: ${PYTHON:-python3} scripts/goldens/paired.py
"""
import json
import math
import pathlib
import warnings

import numpy as np
import scipy
from scipy import stats

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests/Goldens/paired/values.json"
warnings.simplefilter("ignore")


def number(value):
    value = float(value)
    if math.isnan(value):
        return None
    return ("inf" if value > 0 else "-inf") if math.isinf(value) else value


def main():
    random = np.random.default_rng(11)
    tails = [{"t": t, "degrees": n, "p": number(2 * stats.t.sf(abs(t), n))}
             for n in (1, 2, 3, 4, 5, 9, 30, 101, 1000)
             for t in (0.0, 1e-3, 0.01, -0.5, 1.0, 2.0, -4.303, 12.706, 100.0, 1e6)]
    pairs = [([0.5, 0.6], [0.4, 0.55]), ([0.5, 0.75, 1.0], [0.25, 0.5, 0.75]),
             ([0.25, 0.5, 0.75], [0.25, 0.5, 0.75]), ([1.0, 0.0], [0.0, 1.0])]
    pairs += [(list(random.normal(0.8, 0.02, n)), list(random.normal(0.79, 0.02, n)))
              for n in (2, 3, 5, 10, 50)]
    tests = []
    for ours, theirs in pairs:
        result = stats.ttest_rel(ours, theirs)
        difference = np.subtract(ours, theirs)
        tests.append({"ours": ours, "theirs": theirs, "statistic": number(result.statistic),
                      "p": number(result.pvalue), "mean": float(difference.mean()),
                      "deviation": float(difference.std(ddof=1))})
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
        "tails": tails, "tests": tests}) + "\n")


if __name__ == "__main__":
    main()
