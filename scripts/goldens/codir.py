"""Goldens of CoDIR's fine-tuning loss (arXiv 2009.14167) with the models of Tests/Goldens/mate-kd.
There are two consecutive steps with the same weights, so that the second sees the banks as the
first left them, and the normaliser that the first set.

Writes Tests/Goldens/codir: projections.safetensors, expected.json, and the gradients of the student
and of the maps for both steps.
Run: ${PYTHON:-python3} scripts/goldens/codir.py
"""

import os

import torch
import torch.nn.functional as F
import transformers

from bert import save_gradients
from golden import GOLDENS, draw, number, tensor, versions, write
from states import Maps, World

FOLDER, WIDTH, POPULATION, FALSE = "codir", 8, 9, 4
TEMPERATURE, MOMENTUM = 0.3, 0.5


class Memory:
    """Banks and normalisers, as in contrastive representation distillation."""

    def __init__(self, random):
        self.banks = {side: draw(random, POPULATION, WIDTH, scale=WIDTH ** -0.5)
                      for side in ("teacher", "student")}
        self.normaliser = {}

    def score(self, side, anchors, candidates):
        """P of every candidate of the bank, [batch, 1 + FALSE]."""
        score = torch.exp(torch.einsum("kcw,kw->kc", self.banks[side][candidates], anchors)
                          / TEMPERATURE)
        if side not in self.normaliser:
            self.normaliser[side] = (score.mean() * POPULATION).detach()
        return score / self.normaliser[side]

    def loss(self, side, anchors, candidates):
        p = self.score(side, anchors, candidates)
        mass = FALSE / POPULATION
        true = torch.log(p[:, 0] / (p[:, 0] + mass))
        false = torch.log(mass / (p[:, 1:] + mass))
        return -(true.sum() + false.sum()) / len(anchors)

    def take(self, rows, **vectors):
        for side, new in vectors.items():
            mixed = MOMENTUM * self.banks[side][rows] + (1 - MOMENTUM) * new.detach()
            self.banks[side][rows] = F.normalize(mixed, dim=-1)


def run(prefix, kind, teacher_layers, pooling, weights, temperature):
    random = torch.Generator().manual_seed(20201004)
    memory = Memory(random)
    start = {side: tensor(bank) for side, bank in memory.banks.items()}
    maps = Maps(3, {"teacher": (24 * len(teacher_layers), WIDTH), "student": (16, WIDTH)})
    maps.save(f"{FOLDER}/{prefix}-projections.safetensors")
    rows = [0, 1, 2]
    steps = []
    for turn in (1, 2):
        world = World(kind)
        maps.zero_grad()
        candidates = torch.cat([
            torch.tensor(rows)[:, None],
            torch.randint(len(rows), POPULATION, (len(rows), FALSE), generator=random)], 1)
        student = world.clean(world.student)
        teacher = world.clean(world.teacher).detach()
        vectors = {
            "teacher": F.normalize(maps("teacher", world.pooled(
                world.teacher, pooling, teacher_layers).detach()), dim=-1),
            "student": F.normalize(maps("student", world.pooled(world.student, pooling)), dim=-1),
        }
        terms = {
            "ce_loss": world.supervised(student),
            "kd_loss": world.divergence(student, teacher, temperature=temperature),
            "contrastive_loss": (memory.loss("teacher", vectors["student"], candidates)
                                 + memory.loss("student", vectors["teacher"], candidates)) / 2,
        }
        factors = (weights[0], weights[1] * temperature ** 2, weights[2])
        loss = sum(factor * term for factor, term in zip(factors, terms.values()))
        loss.backward()
        memory.take(torch.tensor(rows), **vectors)
        save_gradients(world.student, f"{FOLDER}/{prefix}-{turn}.safetensors")
        maps.save_gradients(f"{FOLDER}/{prefix}-{turn}-maps.safetensors")
        steps.append({"candidates": candidates.reshape(-1).tolist(), "loss": number(loss),
                      "terms": {key: number(term) for key, term in terms.items()},
                      "banks": {side: tensor(bank) for side, bank in memory.banks.items()}})
    return {"name": prefix, "kind": kind, "teacher_layers": teacher_layers, "pooling": pooling,
            "weights": list(weights), "temperature": temperature, "banks": start, "steps": steps}


def main():
    os.makedirs(os.path.join(GOLDENS, FOLDER), exist_ok=True)
    write(f"{FOLDER}/expected.json", {
        "negatives": FALSE, "contrastive_temperature": TEMPERATURE, "momentum": MOMENTUM,
        "training_rows": POPULATION,
        "runs": [
            run("plain", "", [0, 1], "first", (0.5, 0.5, 1.0), 2.0),
            run("regression", "regression", [1], "mean", (0.3, 0.7, 0.1), 1.0),
        ],
    }, __file__, versions(transformers),
        "models and batch of mate-kd, whose texts are rows 0 to 2; banks after each step")


if __name__ == "__main__":
    main()
