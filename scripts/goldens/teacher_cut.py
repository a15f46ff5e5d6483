"""Writes Tests/Goldens/teacher-cut.json: students cut from Tests/Goldens/bert-classifier.

A second implementation of docs/students.md, in numpy and double precision: the logits of students
that are cut by principal directions and by selection, with heads that are kept whole and joined.
`sensitivity` is how far the logits move, at most over eight draws and relative to the largest, if
every weight of the teacher moves by one rounding of float32 up or down. Besides, linear CKA and
singular values of the hidden states that transformers finds in the goldens of BERT and ELECTRA.
Run: ${PYTHON:-python3} scripts/goldens/teacher_cut.py
"""

import json
import math
import os

import numpy as np
import torch
from transformers import BertForSequenceClassification

from golden import GOLDENS, number, tensor, versions, write

RIDGE = 1e-3
EPSILON = 1e-12


def moments(x):
    mean = x.mean(0)
    return mean, (x - mean).T @ (x - mean) / len(x)


def reading(e, x, kept=None):
    """B and the offset with which x follows from E x."""
    mean, covariance = moments(x)
    inner = e @ covariance @ e.T
    inner += RIDGE * np.trace(inner) / len(inner) * np.eye(len(inner))
    b = np.linalg.solve(inner, e @ covariance).T
    if kept is not None:
        b[kept] = np.eye(len(kept))
    return b, mean - b @ (e @ mean)


def largest(count, sizes):
    return np.array(sorted(sorted(range(len(sizes)), key=lambda i: (-sizes[i], i))[:count]))


def pivots(covariance, count):
    rest, kept = covariance.copy(), []
    for _ in range(count):
        variances = rest.diagonal().copy()
        variances[kept] = -1
        best = int(variances.argmax())
        kept.append(best)
        rest -= np.outer(rest[:, best], rest[best]) / rest[best, best]
    return np.array(sorted(kept))


def norm(x):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + EPSILON)


def gelu(x):
    return torch.nn.functional.gelu(torch.from_numpy(x)).numpy()


class Bert:
    def __init__(self, weights, heads, layers, batch):
        self.w, self.heads, self.layers, self.batch = weights, heads, layers, batch

    def linear(self, name, x):
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def normed(self, name, x):
        return norm(x) * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def embeddings(self):
        ids, types, positions = self.batch["ids"], self.batch["types"], self.batch["positions"]
        table = "bert.embeddings.{}_embeddings.weight".format
        x = (self.w[table("word")][ids] + self.w[table("position")][positions]
             + self.w[table("token_type")][types])
        return self.normed("bert.embeddings.LayerNorm", x)

    def layer(self, index, x):
        p = f"bert.encoder.layer.{index}"
        q, k, v = [self.linear(f"{p}.attention.self.{n}", x) for n in ("query", "key", "value")]
        size = q.shape[1] // self.heads
        context = np.zeros_like(v)
        for start, end in self.batch["texts"]:
            for head in range(self.heads):
                part = (slice(start, end), slice(head * size, (head + 1) * size))
                scores = q[part] @ k[part].T / math.sqrt(size)
                scores = np.exp(scores - scores.max(-1, keepdims=True))
                context[part] = scores / scores.sum(-1, keepdims=True) @ v[part]
        attended = self.normed(
            f"{p}.attention.output.LayerNorm",
            self.linear(f"{p}.attention.output.dense", context) + x)
        inner = gelu(self.linear(f"{p}.intermediate.dense", attended))
        output = self.normed(
            f"{p}.output.LayerNorm", self.linear(f"{p}.output.dense", inner) + attended)
        return context, attended, inner, output

    def pooled(self, x):
        return np.tanh(self.linear("bert.pooler.dense", x[[a for a, _ in self.batch["texts"]]]))

    def logits(self):
        x = self.embeddings()
        for index in range(self.layers):
            x = self.layer(index, x)[3]
        return self.linear("classifier", self.pooled(x))


def fit(model, name, output, target):
    w = model.w
    width = target.shape[1]
    w[f"{name}.weight"], w[f"{name}.bias"] = np.ones(width), np.zeros(width)
    x = output()
    cx, cy = x - x.mean(0), target - target.mean(0)
    gain = (cx * cy).mean(0) / (cx ** 2).mean(0)
    w[f"{name}.weight"], w[f"{name}.bias"] = gain, target.mean(0) - gain * x.mean(0)


def cut(wide, width, heads, units, init):
    x = wide.embeddings()
    states = [x]
    for index in range(wide.layers):
        _, attended, _, x = wide.layer(index, x)
        states += [attended, x]
    covariance = sum(moments(s)[1] for s in states) / len(states)
    kept = None
    if init == "pca":
        e = np.linalg.eigh(covariance)[1][:, ::-1][:, :width].T
        signs = np.sign(e[np.arange(width), abs(e).argmax(1)])
        e = e * signs[:, None]
    else:
        kept = pivots(covariance, width)
        e = np.eye(len(covariance))[kept]

    w = {}
    narrow = Bert(w, heads, wide.layers, wide.batch)
    for name in ("word", "position", "token_type"):
        table = f"bert.embeddings.{name}_embeddings.weight"
        w[table] = wide.w[table] @ e.T

    def read(name, source, rows, factor=1.0):
        b, offset = reading(e, source, kept)
        weight = wide.w[f"{name}.weight"]
        w[f"{name}.weight"] = (weight @ b)[rows] * factor
        w[f"{name}.bias"] = (wide.w[f"{name}.bias"] + weight @ offset)[rows] * factor

    def follow(name, source, rows, outer):
        b, offset = reading(np.eye(source.shape[1])[rows], source, rows)
        weight = wide.w[f"{name}.weight"]
        w[f"{name}.weight"] = outer @ weight @ b
        w[f"{name}.bias"] = outer @ (wide.w[f"{name}.bias"] + weight @ offset)

    x = wide.embeddings()
    fit(narrow, "bert.embeddings.LayerNorm", narrow.embeddings, x @ e.T)
    s = narrow.embeddings()
    size = len(covariance) // wide.heads
    for index in range(wide.layers):
        p = f"bert.encoder.layer.{index}"
        context, attended, inner, output = wide.layer(index, x)
        written = wide.w[f"{p}.attention.output.dense.weight"]
        sizes = [
            ((context[:, part] @ written[:, part].T) ** 2).sum()
            for part in (slice(h * size, (h + 1) * size) for h in range(wide.heads))]
        rows = np.concatenate(
            [np.arange(h * size, (h + 1) * size) for h in largest(width // size, sizes)])
        joined = width // heads // size
        for part in ("query", "key", "value"):
            read(f"{p}.attention.self.{part}", x, rows,
                 1 / math.sqrt(joined) if part == "query" else 1.0)
        follow(f"{p}.attention.output.dense", context, rows, e)
        second = wide.w[f"{p}.output.dense.weight"]
        rows = largest(units, (inner ** 2).mean(0) * (second ** 2).sum(0))
        read(f"{p}.intermediate.dense", attended, rows)
        follow(f"{p}.output.dense", inner, rows, e)
        fit(narrow, f"{p}.attention.output.LayerNorm", lambda: narrow_attended(narrow, index, s),
            attended @ e.T)
        # A LayerNorm that is not fitted yet must not stop the pass before it.
        w[f"{p}.output.LayerNorm.weight"], w[f"{p}.output.LayerNorm.bias"] = (
            np.ones(width), np.zeros(width))
        fit(narrow, f"{p}.output.LayerNorm", lambda: narrow.layer(index, s)[3], output @ e.T)
        x, s = output, narrow.layer(index, s)[3]
    pooled = wide.pooled(x)
    outputs = wide.w["classifier.weight"]
    rows = largest(width, (pooled ** 2).mean(0) * (outputs ** 2).sum(0))
    read("bert.pooler.dense", x, rows)
    follow("classifier", pooled, rows, np.eye(len(outputs)))
    return narrow


def narrow_attended(narrow, index, s):
    p = f"bert.encoder.layer.{index}.output.LayerNorm"
    width = s.shape[1]
    narrow.w.setdefault(f"{p}.weight", np.ones(width))
    narrow.w.setdefault(f"{p}.bias", np.zeros(width))
    return narrow.layer(index, s)[1]


def similarity():
    states = []
    for family in ("bert", "electra"):
        with open(os.path.join(GOLDENS, f"{family}-classifier", "expected.json")) as file:
            states.append([
                np.array(s["values"]).reshape(s["shape"])
                for s in json.load(file)["hidden_states"]])
    centred = [[s - s.mean(0) for s in layers] for layers in states]

    def square(a, b):
        return (np.linalg.norm(a.T @ b)) ** 2

    cka = [
        [square(a, b) / math.sqrt(square(a, a) * square(b, b)) for b in centred[1]]
        for a in centred[0]]
    spectra = [
        [np.linalg.svd(s, compute_uv=False) / math.sqrt(len(s)) for s in layers]
        for layers in centred]
    return {
        "models": ["bert-classifier", "electra-classifier"],
        "cka": tensor(torch.tensor(cka)),
        "singular_values": [
            tensor(torch.from_numpy(np.array(layers))) for layers in spectra],
    }


def main():
    folder = os.path.join(GOLDENS, "bert-classifier")
    with open(os.path.join(folder, "expected.json")) as file:
        golden = json.load(file)
    batch = golden["batch"]
    borders = np.cumsum([0] + batch["lengths"])
    batch = {
        "ids": batch["ids"], "types": batch["types"], "texts": list(zip(borders, borders[1:])),
        "positions": np.concatenate([np.arange(n) for n in batch["lengths"]]),
    }
    model = BertForSequenceClassification.from_pretrained(folder)
    weights = {k: v.detach().double().numpy() for k, v in model.state_dict().items()}
    wide = Bert(
        weights, model.config.num_attention_heads, model.config.num_hidden_layers, batch)
    expected = np.array(golden["logits"]["values"]).reshape(golden["logits"]["shape"])
    assert abs(wide.logits() - expected).max() < 1e-6

    cases = []
    rng = np.random.default_rng(3)
    for init, width, heads, units in [
        ("pca", 24, 2, 48), ("select", 24, 2, 48), ("pca", 24, 1, 72), ("select", 12, 1, 16),
        ("pca", 36, 3, 40),
    ]:
        def make(weights):
            teacher = Bert(weights, wide.heads, wide.layers, batch)
            return cut(teacher, width, heads, units, init if width < 36 else "select").logits()
        logits = make(weights)
        moved = []
        for _ in range(8):
            signs = {k: rng.choice([-1.0, 1.0], v.shape) for k, v in weights.items()}
            other = make({k: v * (1 + 2.0 ** -24 * signs[k]) for k, v in weights.items()})
            moved.append(abs(other - logits).max() / abs(logits).max())
        cases.append({
            "init": init, "hidden_size": width, "num_attention_heads": heads,
            "intermediate_size": units, "sensitivity": number(max(moved)),
            "logits": tensor(torch.from_numpy(logits)),
        })
    write("teacher-cut.json", {"cases": cases, "similarity": similarity()}, __file__,
          versions(np), "double precision from float32 weights and states")


if __name__ == "__main__":
    main()
