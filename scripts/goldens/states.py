"""Shared code of the goldens of methods that use hidden layers: the models, the batch, the masks
and the noise of Tests/Goldens/mate-kd, and additional linear maps.
"""

import json
import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import (
    BertForMaskedLM, BertForSequenceClassification, DistilBertForSequenceClassification,
    RobertaForSequenceClassification)

import mate_kd
from bert import Batch, load
from golden import GOLDENS

SOURCE = "mate-kd"
KINDS = {
    "": (BertForSequenceClassification, BertForSequenceClassification),
    "regression": (BertForSequenceClassification, BertForSequenceClassification),
    "mixed": (RobertaForSequenceClassification, DistilBertForSequenceClassification),
}


class World(mate_kd.Game):
    """One of the three games of the golden: plain (""), "regression" or "mixed" families."""

    def __init__(self, kind):
        with open(os.path.join(GOLDENS, SOURCE, "expected.json"), encoding="utf-8") as file:
            golden = json.load(file)
        body, start, sequences = golden["batch"], 0, []
        for length in body["lengths"]:
            end = start + length
            sequences.append((body["ids"][start:end], body["types"][start:end]))
            start = end
        noise = torch.tensor(golden["noise"]["values"], dtype=torch.float32).double()
        teacher, student = [
            load(family, os.path.join(SOURCE, kind, role), output_hidden_states=True)
            for family, role in zip(KINDS[kind], ["teacher", "student"])]
        super().__init__(teacher, student, load(BertForMaskedLM, f"{SOURCE}/generator"),
                         Batch(sequences, body["labels"]),
                         noise.reshape(golden["noise"]["shape"]))
        self.labels = torch.tensor(body["labels"])
        self.scores = torch.tensor(golden["scores"], dtype=torch.float64)[:, None]
        self.is_regression = kind == "regression"
        self.states = {}  # of the last run of a model: embeddings and all layers
        for model in (teacher, student):
            model.register_forward_hook(
                lambda module, inputs, output: self.states.update({module: output.hidden_states}))

    def pooled(self, model, pooling, layers=None):
        """States of the last run, pooled and concatenated; layers from 0, no embeddings."""
        states = self.states[model][1:]
        chosen = states if layers is None else [states[layer] for layer in layers]
        if pooling == "first":
            return torch.cat([state[:, 0] for state in chosen], -1)
        mask = self.batch.mask[..., None]
        return torch.cat([(state * mask).sum(1) / mask.sum(1) for state in chosen], -1)

    def supervised(self, logits):
        """The loss against labels or scores, averaged over the batch."""
        return (F.mse_loss(logits, self.scores) if self.is_regression
                else F.cross_entropy(logits, self.labels))

    def divergence(self, student, teacher, kind="kl", temperature=1.0):
        """The divergence of the outputs, averaged over the batch, without a temperature factor."""
        if self.is_regression:
            return mate_kd.squared(student, teacher)
        function = {"kl": mate_kd.kl, "ce": mate_kd.cross_entropy}[kind]
        return function(student / temperature, teacher / temperature)


class Maps(torch.nn.Module):
    """Named linear maps whose weights are float32 values, as Projections.swift names them."""

    def __init__(self, seed, shapes):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.names = list(shapes)
        self.maps = torch.nn.ModuleList()
        for inputs, outputs in shapes.values():
            layer = torch.nn.Linear(inputs, outputs)
            with torch.no_grad():
                for value in layer.parameters():
                    value.copy_(0.3 * torch.randn(value.shape, generator=generator))
            self.maps.append(layer.double())

    def forward(self, name, x):
        return self.maps[self.names.index(name)](x)

    def _tensors(self):
        for name, layer in zip(self.names, self.maps):
            for part, value in layer.named_parameters():
                yield f"{name}.{part}", value

    def save(self, relative_path):
        """Writes the weights."""
        values = {name: value.detach().float().contiguous() for name, value in self._tensors()}
        save_file(values, os.path.join(GOLDENS, relative_path), metadata={"format": "pt"})

    def save_gradients(self, relative_path):
        """Writes the gradients; zero for a map that took no part."""
        values = {
            name: (torch.zeros_like(value) if value.grad is None else value.grad)
            .float().contiguous() for name, value in self._tensors()}
        save_file(values, os.path.join(GOLDENS, relative_path), metadata={"format": "pt"})
