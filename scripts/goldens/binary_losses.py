"""Goldens of the losses for texts with several labels, from torch autograd in float64.

Writes Tests/Goldens/functions/binary_cross_entropy.json and binary_divergence.json, like
functions.py. Run: ${PYTHON:-python3} scripts/goldens/binary_losses.py
"""

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, kl_divergence

from golden import case, draw, exact, versions, write

NOTE = "float32 inputs, expected values computed in float64"
SHAPES = [(5, 3), (3, 33), (1, 2), (7, 5)]
random = torch.Generator().manual_seed(20211121)


def save(name, cases, about):
    write(f"functions/{name}.json", {"about": about, "cases": cases}, __file__, versions(), NOTE)


def hard():
    cases = []
    for rows, columns in SHAPES:
        targets = torch.randint(0, 2, (rows, columns), generator=random)
        # Above 88 the exponential of a float overflows.
        for scale in [2.0, 60.0]:
            cases.append(case(f"{rows}x{columns} scale {scale:g}",
                              {"logits": draw(random, rows, columns, scale=scale)},
                              lambda logits: F.binary_cross_entropy_with_logits(
                                  logits, targets.double()),
                              exact([0.75])[0], {}, {"targets": targets.flatten().tolist()}))
    save("binary_cross_entropy", cases, "mean over rows and labels (BCEWithLogitsLoss)")


def soft():
    cases = []
    for rows, columns in SHAPES:
        for temperature in [1.0, 2.0]:
            logits = {
                "student": draw(random, rows, columns, scale=2.0),
                "teacher": draw(random, rows, columns, scale=2.0),
            }

            def kl(student, teacher):
                return kl_divergence(Bernoulli(logits=teacher / temperature),
                                     Bernoulli(logits=student / temperature)).mean()

            def ce(student, teacher):
                return F.binary_cross_entropy_with_logits(student / temperature,
                                                          torch.sigmoid(teacher / temperature))

            for kind, function in [("kl", kl), ("ce", ce)]:
                cases.append(case(f"{kind} {rows}x{columns} temperature {temperature:g}", logits,
                                  function, exact([0.75])[0],
                                  {"kind": kind, "temperature": temperature}))
    save("binary_divergence", cases,
         "KL(teacher || student) of Bernoulli distributions, or their cross-entropy, "
         "mean over rows and labels, no T^2")


if __name__ == "__main__":
    hard()
    soft()
