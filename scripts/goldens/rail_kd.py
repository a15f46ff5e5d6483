"""Goldens of RAIL-KD (arXiv 2109.10164) with the models of Tests/Goldens/mate-kd.

Writes Tests/Goldens/rail-kd: maps-VARIANT.safetensors, expected.json, and the gradients of the
student and of the maps for each step.
Run: ${PYTHON:-python3} scripts/goldens/rail_kd.py
"""

import os

import torch.nn.functional as F
import transformers

from bert import save_gradients
from golden import GOLDENS, number, versions, write
from states import Maps, World

FOLDER, WIDTH = "rail-kd", 8


def step(name, kind, variant, drawn, pooling="mean", temperature=1.0,
         weights=(1 / 3, 1 / 3, 1 / 3)):
    """The student's step with the teacher's layers `drawn`."""
    world = World(kind)
    if variant == "layer-wise":
        shapes = {"teacher.0": (24, WIDTH), "teacher.1": (24, WIDTH), "student.0": (16, WIDTH)}
    else:
        shapes = {"teacher": (24, WIDTH), "student": (16, WIDTH)}
    maps = Maps(2, shapes)
    maps.save(f"{FOLDER}/maps-{variant}.safetensors")
    student = world.clean(world.student)
    teacher = world.clean(world.teacher).detach()

    def distance(teacher_map, teacher_layers, student_map):
        a = F.normalize(maps(teacher_map, world.pooled(
            world.teacher, pooling, teacher_layers).detach()), dim=-1)
        b = F.normalize(maps(student_map, world.pooled(world.student, pooling)), dim=-1)
        return ((a - b) ** 2).sum(-1).mean()

    if variant == "layer-wise":
        layers = distance(f"teacher.{drawn[0]}", drawn, "student.0")
    else:
        layers = distance("teacher", drawn, "student")
    terms = {
        "ce_loss": world.supervised(student),
        "kd_loss": world.divergence(student, teacher, temperature=temperature),
        "layer_loss": layers,
    }
    factors = (weights[0], weights[1] * temperature ** 2, weights[2])
    loss = sum(factor * term for factor, term in zip(factors, terms.values()))
    loss.backward()
    save_gradients(world.student, f"{FOLDER}/{name}.safetensors")
    maps.save_gradients(f"{FOLDER}/{name}-maps.safetensors")
    return {"name": name, "kind": kind, "variant": variant, "drawn": drawn, "pooling": pooling,
            "temperature": temperature, "weights": [float(w) for w in weights],
            "loss": number(loss), "terms": {key: number(term) for key, term in terms.items()}}


def main():
    os.makedirs(os.path.join(GOLDENS, FOLDER), exist_ok=True)
    write(f"{FOLDER}/expected.json", {"steps": [
        step("concatenated", "", "concatenated", [1]),
        step("layer-wise", "", "layer-wise", [1], temperature=2.0, weights=(0.2, 0.5, 0.3)),
        step("layer-wise-first", "", "layer-wise", [0], pooling="first"),
        step("regression-concatenated", "regression", "concatenated", [0]),
        step("mixed-layer-wise", "mixed", "layer-wise", [1]),
    ]}, __file__, versions(transformers),
        "models and batch of mate-kd; the student has one layer, so one of the teacher's two is drawn")


if __name__ == "__main__":
    main()
