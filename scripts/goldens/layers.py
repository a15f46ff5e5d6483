"""Goldens of the methods that use inner layers, and of distillation on texts with replaced words,
written naively on padded batches: PKD, DistilBERT, TinyBERT (both steps), its augmentation, MiniLM,
MiniLMv2.

Writes Tests/Goldens/layers: teacher/ (4 layers), student/ (2 layers, the teacher's width), narrow/
(2 layers, narrower), expected.json and the gradients of every parameter for each loss. Needs
Tests/Goldens/mate-kd (mate_kd.py): its generator replaces words, and its models of other families
are also compared. Dropout is off everywhere.
Run: ${PYTHON:-python3} scripts/goldens/layers.py
"""

import math
import os

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from transformers import (
    BertConfig, BertForMaskedLM, BertForSequenceClassification, DistilBertForSequenceClassification,
    RobertaForSequenceClassification)

from bert import MASK, Batch, create, load, sequence
from golden import GOLDENS, draw, number, tensor, versions, write

FOLDER, VOCABULARY, CLASSES = "layers", 50, 3
random = torch.Generator().manual_seed(1)


class Traced:
    """A model's run on a padded batch: logits, states, attention, queries, keys and values."""

    NAMES = {"query": 0, "q_lin": 0, "key": 1, "k_lin": 1, "value": 2, "v_lin": 2}

    def __init__(self, model, batch):
        self.parts, hooks = ([], [], []), []
        for name, module in model.named_modules():
            part = self.NAMES.get(name.rsplit(".", 1)[-1])
            if part is not None:
                keep = self.parts[part]
                hooks.append(module.register_forward_hook(
                    lambda module, inputs, output, keep=keep: keep.append(output)))
        more = {"token_type_ids": batch.types} if isinstance(model.config, BertConfig) else {}
        output = model(batch.ids, attention_mask=batch.mask, output_hidden_states=True,
                       output_attentions=True, **more)
        for hook in hooks:
            hook.remove()
        self.logits, self.states = output.logits, output.hidden_states
        self.attentions, self.mask = output.attentions, batch.mask.bool()
        self.heads = model.config.num_attention_heads

    def scores(self, first, second, layer, heads):
        """Scaled dot products of the rows of two parts: [texts, heads, queries, keys]."""
        a, b = (self.parts[part][layer].unflatten(-1, (heads, -1)).transpose(1, 2)
                for part in (first, second))
        return a @ b.transpose(-1, -2) / math.sqrt(a.shape[-1])

    def relation(self, part, layer, heads):
        """The softmax of a part's relations with itself; 0 for padding."""
        scores = self.scores(part, part, layer, heads)
        return torch.softmax(scores.masked_fill(~self.mask[:, None, None, :], -1e30), -1)


def over_texts(values, mask, pairs):
    """Mean over texts of the mean over real tokens (pairs) of [texts, heads, queries(, keys)]."""
    real = mask[:, None, :]
    if pairs:
        real = real[..., None] & mask[:, None, None, :]
    means = [value[chosen].mean() for value, chosen in zip(values, real.expand_as(values))]
    return sum(means) / len(means)


def divergence_of(teacher, student, mask):
    """KL(teacher || student) of attention-like distributions, mean over heads, tokens and texts."""
    rows = teacher * (teacher.clamp_min(1e-300).log() - student.clamp_min(1e-300).log())
    return over_texts(rows.sum(-1), mask, pairs=False)


def kl(student, teacher, temperature=1.0):
    """KL(teacher || student) of softened logits, mean over texts, no factor."""
    return F.kl_div(torch.log_softmax(student / temperature, -1),
                    torch.log_softmax(teacher / temperature, -1), log_target=True,
                    reduction="batchmean")


def save_gradients(model, name):
    """The gradient of every parameter; zeros where the loss does not reach it."""
    gradients = {key: (torch.zeros_like(value) if value.grad is None else value.grad)
                 .float().contiguous() for key, value in model.named_parameters()}
    save_file(gradients, os.path.join(GOLDENS, FOLDER, f"{name}.safetensors"),
              metadata={"format": "pt"})


def step(name, model, terms, weights):
    """The backward pass of the weighted sum of a step's terms; returns its part of the golden."""
    model.zero_grad(set_to_none=True)
    loss = sum(weight * term for weight, term in zip(weights, terms.values()))
    loss.backward()
    save_gradients(model, name)
    return {"name": name, "loss": number(loss),
            **{key: number(value) for key, value in terms.items()}}


def patience(teacher, student, batch, labels):
    """PKD's two maps of 4 layers to 2, with and without the official code's mean over classes."""
    steps = []
    for name, temperature, alpha, beta, layer, averaged in [
        ("pkd-skip", 10.0, 0.7, 500.0, 1, False), ("pkd-last", 5.0, 0.2, 10.0, 2, True),
    ]:
        s, t = Traced(student, batch), Traced(teacher, batch)
        direction = lambda states: F.normalize(states[:, 0], dim=-1)
        terms = {
            "ce_loss": F.cross_entropy(s.logits, labels),
            "kd_loss": kl(s.logits, t.logits.detach(), temperature),
            "patience_loss": F.mse_loss(
                direction(s.states[1]), direction(t.states[layer + 1]).detach()),
        }
        kd = alpha * temperature**2 / (CLASSES if averaged else 1)
        steps.append({"temperature": temperature, "alpha": alpha, "beta": beta,
                      "strategy": name[4:], "averaged": averaged,
                      **step(name, student, terms, [1 - alpha, kd, beta])})
    return steps


def directions(teacher, student, batch, labels):
    """DistilBERT's triple loss, with the cosine of the last states."""
    s, t = Traced(student, batch), Traced(teacher, batch)
    distance = 1 - F.cosine_similarity(s.states[-1], t.states[-1].detach(), dim=-1)
    terms = {
        "ce_loss": F.cross_entropy(s.logits, labels),
        "kd_loss": kl(s.logits, t.logits.detach(), 2.0),
        "cosine_loss": over_texts(distance[:, None], s.mask, pairs=False),
    }
    return {"temperature": 2.0, "weights": [0.5, 0.3, 0.8],
            **step("distilbert", student, terms, [0.5, 4 * 0.3, 0.8])}


def tiny(name, teacher, student, batch, mapping=None):
    """TinyBERT's step 1: layers 1 and 3 of 4 for a student of 2; `mapping` is (weight, bias)."""
    s, t = Traced(student, batch), Traced(teacher, batch)
    leaves = [value.clone().requires_grad_(True) for value in mapping or []]
    attention = hidden = 0
    for own, layer in enumerate([1, 3]):
        difference = s.scores(0, 1, own, s.heads) - t.scores(0, 1, layer, t.heads).detach()
        attention = attention + over_texts(difference**2, s.mask, pairs=True)
    for own, layer in enumerate([0, 2, 4]):
        mapped = F.linear(s.states[own], *leaves) if leaves else s.states[own]
        squares = (mapped - t.states[layer].detach())**2
        hidden = hidden + over_texts(squares[:, None].mean(-1), s.mask, pairs=False)
    body = step(name, student, {"attention_loss": attention, "hidden_loss": hidden}, [0.5, 2.0])
    if leaves:
        for key, value in zip(("weight", "bias"), leaves):
            body[f"map_{key}"] = tensor(value)
            body[f"map_{key}_gradient"] = tensor(value.grad)
    return {"attention_weight": 0.5, "hidden_weight": 2.0, **body}


def prediction(teacher, student, batch):
    """TinyBERT's step 2: soft cross-entropy at temperature 2, no factor, no gold labels."""
    s, t = Traced(student, batch), Traced(teacher, batch)
    target = torch.softmax(t.logits.detach() / 2, -1)
    loss = -(target * torch.log_softmax(s.logits / 2, -1)).sum(-1).mean()
    return {"temperature": 2.0, **step("tinybert-prediction", student, {"kd_loss": loss}, [1.0])}


def relations(name, teacher, student, batch, labels, parts, weights, heads, layer):
    """MiniLM (attention and value relations) or MiniLMv2 on a layer of the teacher."""
    s, t = Traced(student, batch), Traced(teacher, batch)
    terms = {"ce_loss": F.cross_entropy(s.logits, labels),
             "kd_loss": kl(s.logits, t.logits.detach())}
    for part in parts:
        if part == "attention":  # as the models computed it
            pair = t.attentions[layer], s.attentions[-1]
        else:
            index = ["query", "key", "value"].index(part)
            pair = t.relation(index, layer, heads), s.relation(index, -1, heads)
        terms[f"{part}_loss"] = divergence_of(pair[0].detach(), pair[1], s.mask)
    return {"weights": weights, "heads": heads, "layer": layer,
            **step(name, student, terms, [0.5, 0.5] + weights)}


def word_ranges(batch):
    """Words of letters in packed rows; vocab: 9 to 34 are letters, from 35 on pieces ##a, ##b, ..."""
    ids, words, row = batch.integers()["ids"], [], 0
    while row < len(ids):
        end = row + 1
        while end < len(ids) and ids[end] >= 35:
            end += 1
        if 9 <= ids[row] <= 34:
            words.append([row, end])
        row = end
    return words


def augmented(teacher, student, generator, batch, labels):
    """Hides every other word at once; the likeliest whole word of four candidates replaces it."""
    words = word_ranges(batch)
    chosen = words[::2]
    assert any(end - start > 1 for start, end in chosen) and len(chosen) > 3
    starts = [sum(batch.lengths[:i]) for i in range(len(batch.lengths))]

    def rewritten(replacements):
        texts = []
        for start, (ids, types) in zip(starts, batch.sequences):
            new = ([], [])
            for row, pair in enumerate(zip(ids, types), start):
                inside = [i for i, (first, end) in enumerate(chosen) if first <= row < end]
                if inside and replacements[inside[0]] is not None:
                    if row != chosen[inside[0]][0]:
                        continue
                    pair = (replacements[inside[0]], pair[1])
                for part, value in zip(new, pair):
                    part.append(value)
            texts.append(new)
        return Batch(texts, batch.labels)

    masked = rewritten([MASK] * len(chosen))
    with torch.no_grad():
        logits = generator(masked.ids, attention_mask=masked.mask,
                           token_type_ids=masked.types).logits[masked.ids == MASK]
    best = logits.topk(5, -1)
    assert (best.values[:, :4] - best.values[:, 1:]).min() > 1e-3, "too close for float32: reseed"
    candidates = best.indices[:, :4].tolist()
    new = [next((i for i in row if 9 <= i <= 34), None) for row in candidates]
    changed = rewritten(new)
    s, t = (Traced(model, batch) for model in (student, teacher))
    s2, t2 = (Traced(model, changed) for model in (student, teacher))
    terms = {
        "ce_loss": F.cross_entropy(s.logits, labels),
        "kd_loss": kl(s.logits, t.logits.detach(), 2.0),
        "augmented_kd_loss": kl(s2.logits, t2.logits.detach(), 2.0),
        "augmented_ce_loss": F.cross_entropy(s2.logits, labels),
    }
    weights = [0.4, 0.3, 0.2, 0.1]
    return {"words": [row for word in words for row in word],
            "chosen": [row for word in chosen for row in word],
            "masked": masked.integers(), "candidates": [i for row in candidates for i in row],
            "replacements": [-1 if i is None else i for i in new],
            "augmented": changed.integers(), "temperature": 2.0, "weights": weights,
            **step("tinybert-augmentation", student, terms,
                   [weights[0], 4 * weights[1], 4 * weights[2], weights[3]])}


def main():
    common = dict(vocab_size=VOCABULARY, max_position_embeddings=16, num_attention_heads=2,
                  num_labels=CLASSES)

    def classifier(folder, seed, hidden, layers, intermediate):
        return create(BertForSequenceClassification, f"{FOLDER}/{folder}", seed, hidden_size=hidden,
                      num_hidden_layers=layers, intermediate_size=intermediate, **common)

    teacher = classifier("teacher", 1, 24, 4, 32)
    student = classifier("student", 2, 24, 2, 28)
    narrow = classifier("narrow", 3, 16, 2, 20)
    generator = load(BertForMaskedLM, "mate-kd/generator")
    roberta = load(RobertaForSequenceClassification, "mate-kd/mixed/teacher")
    distilbert = load(DistilBertForSequenceClassification, "mate-kd/mixed/student")

    labels = torch.tensor([2, 0, 1, 1])
    shapes = [(6,), (12, 5), (3,), (9, 7)]
    batch = Batch([sequence(random, VOCABULARY, *shape) for shape in shapes], labels.tolist())
    pair = Batch(batch.sequences, (labels % 2).tolist())
    mapping = draw(random, 24, 16, scale=0.3), draw(random, 24, scale=0.2)
    write(f"{FOLDER}/expected.json", {
        "batch": batch.integers(),
        "pkd": patience(teacher, student, batch, labels),
        "distilbert": directions(teacher, student, batch, labels),
        "tinybert": [
            tiny("tinybert", teacher, student, batch),
            tiny("tinybert-narrow", teacher, narrow, batch, mapping),
        ],
        "tinybert_prediction": prediction(teacher, narrow, batch),
        "augmentation": augmented(teacher, narrow, generator, batch, labels),
        "minilm": relations("minilm", teacher, narrow, batch, labels, ["attention", "value"],
                            [1.0, 0.5], 2, 3),
        "minilmv2": [
            relations("minilmv2", teacher, narrow, batch, labels, ["query", "key", "value"],
                      [1.0, 0.5, 2.0], 4, 2),
            relations("minilmv2-mixed", roberta, distilbert, pair, labels % 2,
                      ["query", "key", "value"], [1.0, 1.0, 1.0], 8, 1),
        ],
    }, __file__, versions(transformers),
        "float32 weights, expected values computed in float64 on padded batches; rows are packed; "
        "every loss is a mean over texts of means over a text's real tokens; words are first row and "
        "end of each")


if __name__ == "__main__":
    main()
