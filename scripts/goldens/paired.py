#!/usr/bin/env python3
"""Writes Tests/Goldens/paired/values.json: p values of Student's t and paired t tests with their
intervals, by scipy, and Holm's correction, by statsmodels.

NaN is written as null, infinity as "inf". Usage: ${PYTHON:-python3} scripts/goldens/paired.py
"""
import json
import math
import pathlib
import warnings

import numpy as np
import scipy
from scipy import stats
import statsmodels
from statsmodels.stats.multitest import multipletests

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
        greater = stats.ttest_rel(ours, theirs, alternative="greater")
        interval = result.confidence_interval(0.95)
        tests.append({"ours": ours, "theirs": theirs, "statistic": number(result.statistic),
                      "p": number(result.pvalue), "mean": float(difference.mean()),
                      "deviation": float(difference.std(ddof=1)),
                      "greater": number(greater.pvalue), "low": number(interval.low),
                      "high": number(interval.high)})
    bounds = [{"level": level, "degrees": n, "t": float(stats.t.ppf((1 + level) / 2, n))}
              for level in (0.5, 0.9, 0.95, 0.99) for n in (1, 2, 4, 5, 9, 30)]
    holm = []
    for p in ([0.01, 0.04, 0.03, 0.005], [0.2], [0.5, 0.5, 0.5], [0.9, 0.001, 0.6, 0.04, 0.04],
              list(random.uniform(0, 0.2, 8))):
        holm.append({"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()})
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__,
                     "statsmodels": statsmodels.__version__},
        "tails": tails, "tests": tests, "bounds": bounds, "holm": holm}) + "\n")


if __name__ == "__main__":
    main()
