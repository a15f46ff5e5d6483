"""Writes Tests/Goldens/factorised.json: students with factorised embeddings, cut from
Tests/Goldens/electra-classifier.

The tables are factorised in double precision by numpy, and transformers runs the student: an
ElectraForSequenceClassification with the narrow tables and the layer behind them. `sensitivity` is
how far the logits move, at most over eight draws and relative to the largest, if every weight of
the teacher moves by one rounding of float32 up or down.
Run: ${PYTHON:-python3} scripts/goldens/factorised.py
"""

import json
import math
import os

import numpy as np
import scipy
import torch
import transformers
from scipy.linalg import helmert
from transformers import ElectraConfig, ElectraForSequenceClassification

from golden import GOLDENS, number, tensor, versions, write

E = "electra.embeddings."
TABLES = [f"{E}{n}_embeddings.weight" for n in ("word", "position", "token_type")]


def factorised(weights, width):
    """The weights of the student, and the error of the tables as a share of their squares."""
    result = dict(weights)
    tables = [weights[t] - weights[t].mean(1, keepdims=True) for t in TABLES]
    wide = tables[0].shape[1]
    stacked = np.concatenate([t / math.sqrt(len(t)) for t in tables])
    _, values, directions = np.linalg.svd(stacked, full_matrices=False)
    spread = math.sqrt(width / wide) * helmert(width).T @ directions[:width - 1]
    for name, table in zip(TABLES, tables):
        result[name] = table @ spread.T
    back = weights[f"{E}LayerNorm.weight"][:, None] * spread.T * wide / width
    beta = weights[f"{E}LayerNorm.bias"]
    layer = weights["electra.embeddings_project.weight"]
    result["electra.embeddings_project.weight"] = layer @ back
    bias = "electra.embeddings_project.bias"
    result[bias] = weights[bias] + layer @ beta
    result[f"{E}LayerNorm.weight"], result[f"{E}LayerNorm.bias"] = np.ones(width), np.zeros(width)
    return result, (values[width - 1:] ** 2).sum() / (values ** 2).sum()


def main():
    folder = os.path.join(GOLDENS, "electra-classifier")
    with open(os.path.join(folder, "expected.json")) as file:
        golden = json.load(file)
    batch = golden["batch"]
    borders = np.cumsum([0] + batch["lengths"])
    model = ElectraForSequenceClassification.from_pretrained(folder).double().eval()
    weights = {k: v.detach().numpy().copy() for k, v in model.state_dict().items()}

    def logits(weights, width):
        config = ElectraConfig.from_pretrained(folder, embedding_size=width)
        student = ElectraForSequenceClassification(config).double().eval()
        student.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in weights.items()})
        with torch.no_grad():
            return np.concatenate([
                student(input_ids=torch.tensor([batch["ids"][a:b]]),
                        token_type_ids=torch.tensor([batch["types"][a:b]])).logits.numpy()
                for a, b in zip(borders, borders[1:])])

    whole = logits(weights, 20)
    expected = np.array(golden["logits"]["values"]).reshape(golden["logits"]["shape"])
    assert abs(whole - expected).max() < 1e-6
    rng = np.random.default_rng(3)
    cases = []
    for width in (20, 14, 8, 2):
        found, lost = factorised(weights, width)
        found = logits(found, width)
        if width == 20:
            # The whole way with nothing cut.
            assert abs(found - whole).max() < 1e-12, abs(found - whole).max()
        moved = []
        for _ in range(8):
            other = {k: v * (1 + 2.0 ** -24 * rng.choice([-1.0, 1.0], v.shape))
                     if v.dtype == np.float64 else v for k, v in weights.items()}
            moved.append(
                abs(logits(factorised(other, width)[0], width) - found).max() / abs(found).max())
        cases.append({"embedding_size": width, "sensitivity": number(max(moved)),
                      "lost": number(lost), "logits": tensor(torch.from_numpy(found))})
    write("factorised.json", {"cases": cases}, __file__, versions(np, scipy, transformers),
          "double precision from float32 weights")


if __name__ == "__main__":
    main()
