"""Goldens of CILDA (arXiv 2204.07674) with the models of Tests/Goldens/mate-kd, written naively:
dense one-hot vectors over the vocabulary, the contrastive term pair by pair.

Writes Tests/Goldens/cilda: projections.safetensors (the two maps), expected.json, and for each step
the gradients of what learns: NAME.safetensors (generator or student) and
NAME-projections.safetensors (of the loss of the step, upwards or downwards according to its sign).
Run: ${PYTHON:-python3} scripts/goldens/cilda.py
"""

import math
import os

import torch
import torch.nn.functional as F
import transformers

from bert import save_gradients
from contrastive import info_nce
from golden import GOLDENS, draw, number, tensor, versions, write
from states import Maps, World

FOLDER, WIDTH = "cilda", 8
TEACHER_STATES, STUDENT_STATES = 2 * 24, 16
random = torch.Generator().manual_seed(20220416)
BANK = {name: F.normalize(draw(random, 4, WIDTH), dim=-1).float().double()
        for name in ("teacher", "student")}
BANK_ROWS = [7, 1, 8, 9]  # row 1 is in the batch, so its old vectors do not compete


class Contrast:
    """The term and its options."""

    def __init__(self, world, maps, pooling, temperature, anchor, over_log, bank):
        self.world, self.maps, self.pooling = world, maps, pooling
        self.temperature, self.anchor, self.over_log = temperature, anchor, over_log
        self.bank = bank

    def vectors(self):
        """h^T and h^S of the last runs."""
        world = self.world
        return [self.maps(name, world.pooled(model, self.pooling))
                for name, model in [("teacher", world.teacher), ("student", world.student)]]

    def loss(self, teacher, student):
        def side(anchors, candidates, name):
            if not self.bank:
                return info_nce(anchors, candidates, self.temperature)
            excluded = [(k, row) for row, old in enumerate(BANK_ROWS)
                        for k in range(len(anchors)) if k == old]
            return info_nce(anchors, candidates, self.temperature, BANK[name], excluded)
        terms = {"teacher": lambda: side(teacher, student, "student"),
                 "student": lambda: side(student, teacher, "teacher")}
        value = (terms[self.anchor]() if self.anchor in terms
                 else (terms["teacher"]() + terms["student"]()) / 2)
        candidates = len(teacher) + (len(BANK_ROWS) if self.bank else 0)
        return value / math.log(candidates) if self.over_log else value


def step(name, kind, what, pooling="first", temperature=2.0, anchor="teacher", over_log=False,
         bank=False, divergence="kl", max_weights=(0.5, 0.5),
         min_weights=(1 / 3, 1 / 3, 0, 2 / 9, 1 / 9, 0)):
    """One step; `what` learns: "generator", "projections" or "student"."""
    world = World(kind)
    maps = Maps(1, {"teacher": (TEACHER_STATES, WIDTH), "student": (STUDENT_STATES, WIDTH)})
    maps.save(f"{FOLDER}/projections.safetensors")
    contrast = Contrast(world, maps, pooling, temperature, anchor, over_log, bank)
    one_hot = world.sample(1.0)[0]
    if what != "generator":
        one_hot = one_hot.detach()
    student = world.adversarial(world.student, one_hot)
    teacher = world.adversarial(world.teacher, one_hot)
    if what == "student":
        teacher = teacher.detach()
    output = world.divergence(student, teacher, divergence)
    hostile = contrast.loss(*contrast.vectors())
    terms = {"adversarial_divergence": output, "contrastive_loss": hostile}
    if what == "generator":
        loss = -max_weights[0] * output - max_weights[1] * hostile
    elif what == "projections":
        loss = hostile
        terms = {"contrastive_loss": hostile}
    else:
        adversarial_labels = world.supervised(student)
        clean_student = world.clean(world.student)
        clean_teacher = world.clean(world.teacher).detach()
        clean_contrast = contrast.loss(*contrast.vectors())
        terms = {
            "ce_loss": world.supervised(clean_student),
            "clean_divergence": world.divergence(clean_student, clean_teacher, divergence),
            "contrastive_loss": clean_contrast,
            "adversarial_ce_loss": adversarial_labels,
            "adversarial_divergence": output,
            "adversarial_contrastive_loss": hostile,
        }
        loss = sum(weight * term for weight, term in zip(min_weights, terms.values()))
        terms = {key: term for weight, (key, term) in zip(min_weights, terms.items()) if weight}
    loss.backward()
    if what != "projections":
        save_gradients(getattr(world, what), f"{FOLDER}/{name}.safetensors")
    maps.save_gradients(f"{FOLDER}/{name}-projections.safetensors")
    return {
        "name": name, "kind": kind, "learns": what, "pooling": pooling, "temperature": temperature,
        "anchor": anchor, "over_log": over_log, "bank": bank, "divergence": divergence,
        "max_weights": list(max_weights), "min_weights": [float(w) for w in min_weights],
        "loss": number(loss), "terms": {key: number(term) for key, term in terms.items()},
    }


def main():
    os.makedirs(os.path.join(GOLDENS, FOLDER), exist_ok=True)
    follow_up = (2 / 9, 2 / 9, 2 / 9, 1 / 6, 1 / 12, 1 / 12)
    steps = [
        step("generator-default", "", "generator"),
        step("generator-symmetric", "", "generator", pooling="mean", temperature=0.5,
             anchor="symmetric", over_log=True, divergence="ce", max_weights=(0.7, 0.3)),
        step("generator-student-bank", "", "generator", anchor="student", bank=True,
             temperature=0.2, max_weights=(0.0, 1.0)),
        step("regression-generator", "regression", "generator"),
        step("mixed-generator", "mixed", "generator", anchor="symmetric", bank=True, over_log=True),
        step("projections", "", "projections", pooling="mean"),
        step("student-default", "", "student"),
        step("student-follow-up", "", "student", over_log=True, min_weights=follow_up),
        step("student-mean-clean", "", "student", pooling="mean", anchor="symmetric",
             min_weights=(0.5, 0.5, 1.0, 0.0, 0.0, 0.0)),
        step("regression-student", "regression", "student", min_weights=follow_up),
        step("mixed-student", "mixed", "student", min_weights=follow_up),
    ]
    write(f"{FOLDER}/expected.json", {
        "bank": {**{name: tensor(value) for name, value in BANK.items()}, "rows": BANK_ROWS},
        "steps": steps,
    }, __file__, versions(transformers),
        "models, batch, masks and noise of mate-kd; min weights: labels, teacher, contrast on x, "
        "then on x'; the loss of a generator step is minus what it maximises")


if __name__ == "__main__":
    main()
