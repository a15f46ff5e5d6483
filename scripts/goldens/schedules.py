"""Golden of the learning-rate schedules: the factors of transformers' get_scheduler.

Writes Tests/Goldens/schedules/factors.json: for each case the rate of every update, for a peak
rate of 1. Run: ${PYTHON:-python3} scripts/goldens/schedules.py
"""

import torch
import transformers
from transformers import get_scheduler

from golden import number, versions, write

CASES = [
    ("linear", 0, 10), ("linear", 3, 10), ("linear", 10, 10), ("linear", 1, 1),
    ("cosine", 0, 10), ("cosine", 4, 12), ("cosine", 5, 5),
    ("constant", 3, 8), ("constant_with_warmup", 3, 8),
]


def factors(name, warmup, total):
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = get_scheduler(name, optimiser, num_warmup_steps=warmup, num_training_steps=total)
    values = []
    for _ in range(total):
        values.append(number(schedule.get_last_lr()[0]))
        optimiser.step()
        schedule.step()
    return values


def main():
    write("schedules/factors.json", {
        "cases": [
            {"name": name, "warmup_steps": warmup, "max_steps": total,
             "factors": factors(name, warmup, total)}
            for name, warmup, total in CASES
        ],
    }, __file__, versions(transformers), "factors[i] is the rate of update i, counted from 0")


if __name__ == "__main__":
    main()
