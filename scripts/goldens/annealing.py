"""Goldens of Annealing-KD (arXiv 2104.07163), Continuation-KD (2212.05998) and ComKD (2109.05696),
written naively, with the models, batch, masks and Gumbel noise of the MATE-KD goldens.

Writes Tests/Goldens/annealing: expected.json and the gradients of every parameter for each loss.
Dropout is off everywhere.
Run: ${PYTHON:-python3} scripts/goldens/annealing.py
"""

import json
import os

import torch
import torch.nn.functional as F
import transformers
from transformers import BertForMaskedLM, BertForSequenceClassification

from bert import Batch, load, save_gradients
from golden import GOLDENS, number, tensor, versions, write
from mate_kd import Game

FOLDER, SOURCE = "annealing", "mate-kd"


def distance(student, teacher):
    """The squared norm over classes of each text."""
    return ((student - teacher) ** 2).sum(-1)


def stage_one(game, name, phi):
    """Annealing-KD, stage I."""
    game.reset()
    student, teacher = game.clean(game.student), game.clean(game.teacher).detach()
    loss = distance(student, phi * teacher).mean()
    loss.backward()
    save_gradients(game.student, f"{FOLDER}/{name}.safetensors")
    return {"name": name, "multiplier": phi, "loss": number(loss)}


def continuation(game, name, phi, psi, margin, supervised):
    """Continuation-KD, at a point between the teacher alone and gold labels alone."""
    game.reset()
    student, teacher = game.clean(game.student), game.clean(game.teacher).detach()
    distances = distance(student, phi * teacher)
    hinged = torch.clamp(distances - margin * phi, min=0)
    ce, kd = supervised(student), hinged.mean()
    loss = psi * ce + (1 - psi) * kd
    loss.backward()
    save_gradients(game.student, f"{FOLDER}/{name}.safetensors")
    return {"name": name, "multiplier": phi, "gold_weight": psi, "margin": margin,
            "distances": tensor(distances), "loss": number(loss), "ce_loss": number(ce),
            "kd_loss": number(kd)}


def combined_generator(game, name):
    """ComKD, the generator's step: minus the squared distance on x'."""
    game.reset()
    one_hot = game.sample(1.0)[0]
    loss = -distance(game.adversarial(game.student, one_hot),
                     game.adversarial(game.teacher, one_hot)).mean()
    loss.backward()
    save_gradients(game.generator, f"{FOLDER}/{name}.safetensors")
    return {"name": name, "loss": number(loss)}


def combined_student(game, name, phi):
    """ComKD, the student's step of stage I."""
    game.reset()
    one_hot = game.sample(1.0)[0].detach()
    with torch.no_grad():
        teacher, hostile = game.clean(game.teacher), game.adversarial(game.teacher, one_hot)
    clean = distance(game.clean(game.student), phi * teacher).mean()
    adversarial = distance(game.adversarial(game.student, one_hot), phi * hostile).mean()
    loss = 0.5 * adversarial + 0.5 * clean
    loss.backward()
    save_gradients(game.student, f"{FOLDER}/{name}.safetensors")
    return {"name": name, "multiplier": phi, "loss": number(loss),
            "clean_distance": number(clean), "adversarial_distance": number(adversarial)}


def main():
    with open(os.path.join(GOLDENS, SOURCE, "expected.json"), encoding="utf-8") as file:
        source = json.load(file)
    batch, sequences, start = source["batch"], [], 0
    for length in batch["lengths"]:
        part = slice(start, start + length)
        sequences.append((batch["ids"][part], batch["types"][part]))
        start += length
    labels = batch["labels"]
    batch = Batch(sequences, labels)
    noise = torch.tensor(source["noise"]["values"], dtype=torch.float64)
    noise = noise.reshape(source["noise"]["shape"])
    generator = load(BertForMaskedLM, f"{SOURCE}/generator")

    def game(prefix, outputs):
        return Game(
            load(BertForSequenceClassification, f"{SOURCE}/{prefix}teacher", num_labels=outputs),
            load(BertForSequenceClassification, f"{SOURCE}/{prefix}student", num_labels=outputs),
            generator, batch, noise)

    plain, regression = game("", 2), game("regression/", 1)
    with torch.no_grad():
        middle = distance(plain.clean(plain.student), 0.5 * plain.clean(plain.teacher))
    # A margin such that one text is within it and another is not.
    margin = float(f"{2 * middle.sort().values[:2].mean().item():.6g}")
    os.makedirs(os.path.join(GOLDENS, FOLDER), exist_ok=True)
    write(f"{FOLDER}/expected.json", {
        "annealing": stage_one(plain, "annealing", 3 / 7),
        "regression": stage_one(regression, "annealing-regression", 3 / 7),
        "continuation": continuation(
            plain, "continuation", 0.5, 0.2, margin,
            lambda logits: F.cross_entropy(logits, torch.tensor(labels))),
        "combined_generator": combined_generator(plain, "combined-generator"),
        "combined_student": combined_student(plain, "combined-student", 0.7),
    }, __file__, versions(transformers),
        "models, batch, masks and noise are those of Tests/Goldens/mate-kd; squared norms over "
        "classes, means over texts; computed in float64")


if __name__ == "__main__":
    main()
