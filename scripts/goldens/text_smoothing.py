"""Goldens of text smoothing (arXiv 2005.03848, 2202.13840), written naively: the language model's
softmax over the whole vocabulary at every position, mixed with the one-hot vector and multiplied by
the embeddings, as inputs_embeds.

Uses the models and the batch of Tests/Goldens/mate-kd, and for answers those of bert-qa (student
and batch), distilbert-qa (teacher) and distilbert-mlm; writes Tests/Goldens/text-smoothing:
expected.json and the student's gradients of each loss. Dropout is off everywhere.
Run: ${PYTHON:-python3} scripts/goldens/text_smoothing.py
"""

import json
import os

import torch
import torch.nn.functional as F
import transformers
from transformers import (
    BertConfig, BertForMaskedLM, BertForQuestionAnswering, BertForSequenceClassification,
    DistilBertForMaskedLM, DistilBertForQuestionAnswering, DistilBertForSequenceClassification,
    RobertaForSequenceClassification)

from bert import MASK, Batch, load, save_gradients
from golden import GOLDENS, number, tensor, versions, write
from mate_kd import cross_entropy, kl, squared

FOLDER, MODELS = "text-smoothing", "mate-kd"


def batch_of(golden):
    """The batch of a golden as sequences again."""
    sequences, start = [], 0
    for length in golden["lengths"]:
        part = slice(start, start + length)
        sequences.append((golden["ids"][part], golden["types"][part]))
        start += length
    return Batch(sequences, golden.get("labels"))


def read(folder):
    with open(os.path.join(GOLDENS, folder, "expected.json"), encoding="utf-8") as file:
        return json.load(file)


class Texts:
    """A batch, the expectations of the language model for it, and the models that read it."""

    def __init__(self, teacher, student, language_model, batch, scores=None):
        self.teacher, self.student = teacher, student
        self.language_model, self.batch = language_model, batch
        self.scores = scores

    def run(self, model, **inputs):
        if isinstance(model.config, BertConfig):
            inputs["token_type_ids"] = self.batch.types
        return model(attention_mask=self.batch.mask, **inputs).logits

    def mixture(self, rate, temperature, special):
        """x^ at every position of the padded batch, and the mean probability of the words."""
        logits = self.run(self.language_model, input_ids=self.batch.ids)
        p = torch.softmax(logits / temperature, -1).detach()
        smoothed = self.batch.mask.bool()
        if not special:
            smoothed = smoothed & (self.batch.ids > MASK)
        one_hot = F.one_hot(self.batch.ids, logits.shape[-1]).double()
        kept = (p * one_hot).sum(-1)[smoothed]
        rates = rate * smoothed[..., None].double()
        return (1 - rates) * one_hot + rates * p, kept.mean(), int(smoothed.sum())

    def plain(self, model):
        return self.run(model, input_ids=self.batch.ids)

    def smoothed(self, model, mixture):
        return self.run(model, inputs_embeds=mixture @ model.get_input_embeddings().weight)

    def supervised(self, logits):
        if self.scores:
            return squared(logits, torch.tensor(self.scores, dtype=torch.float64)[:, None])
        return F.cross_entropy(logits, torch.tensor(self.batch.labels))

    def divergence(self, kind, student, teacher, t):
        if self.scores:
            return squared(student, teacher)
        return {"kl": kl, "ce": cross_entropy}[kind](student / t, teacher / t)

    def step(self, name, updates, rate=0.5, smoothing_temperature=1.0, special=True, ce=1.0,
             kd=0.0, teacher_reads="text", temperature=1.0, divergence="kl", smoothed_weight=0.5):
        for model in (self.teacher, self.student, self.language_model):
            model.zero_grad(set_to_none=True)
        mixture, kept, count = self.mixture(rate, smoothing_temperature, special)

        def loss(is_smoothed):
            def read(model, wants):
                return self.smoothed(model, mixture) if wants else self.plain(model)

            student = read(self.student, is_smoothed)
            with torch.no_grad():
                teacher = read(self.teacher, is_smoothed and teacher_reads == "smoothed")
            return ce * self.supervised(student) + kd * temperature ** 2 * self.divergence(
                divergence, student, teacher, temperature)

        plain, smoothed = loss(False), loss(True)
        total = {"smoothed": smoothed,
                 "together": (1 - smoothed_weight) * plain + smoothed_weight * smoothed}[updates]
        total.backward()
        save_gradients(self.student, f"{FOLDER}/{name}.safetensors")
        return {
            "name": name, "updates": updates, "lambda": rate,
            "smoothing_temperature": smoothing_temperature, "smooth_special_tokens": special,
            "ce": ce, "kd": kd, "teacher_reads": teacher_reads, "temperature": temperature,
            "divergence": divergence, "smoothed_weight": smoothed_weight,
            "loss": number(total), "plain_loss": number(plain), "smoothed_loss": number(smoothed),
            "original_probability": number(kept), "smoothed_tokens": count,
            "smoothed_logits": tensor(self.smoothed(self.student, mixture)),
        }


class Questions(Texts):
    """Texts with answers: distributions over tokens, averaged over first and last token."""

    def __init__(self, teacher, student, language_model, batch, places):
        super().__init__(teacher, student, language_model, batch)
        self.places = places

    def run(self, model, **inputs):
        if isinstance(model.config, BertConfig):
            inputs["token_type_ids"] = self.batch.types
        result = model(attention_mask=self.batch.mask, **inputs)
        if "logits" in result:
            return result.logits
        padding = self.batch.mask == 0
        # Padding has no part in a distribution; a large negative number keeps products finite.
        return torch.stack([logits.masked_fill(padding, -1e9) for logits
                            in (result.start_logits, result.end_logits)])

    def supervised(self, logits):
        return sum(F.cross_entropy(row, torch.tensor(places)) for row, places
                   in zip(logits, self.places)) / 2

    def divergence(self, kind, student, teacher, t):
        return sum(super(Questions, self).divergence(kind, s, u, t)
                   for s, u in zip(student, teacher)) / 2


def main():
    golden = read(MODELS)
    os.makedirs(os.path.join(GOLDENS, FOLDER), exist_ok=True)
    batch = batch_of(golden["batch"])
    language_model = load(BertForMaskedLM, f"{MODELS}/generator")

    def texts(prefix="", teacher=BertForSequenceClassification,
              student=BertForSequenceClassification, scores=None):
        return Texts(load(teacher, f"{MODELS}/{prefix}teacher"),
                     load(student, f"{MODELS}/{prefix}student"), language_model, batch, scores)

    plain = texts()
    regression = texts("regression/", scores=golden["scores"])
    mixed = texts("mixed/", RobertaForSequenceClassification, DistilBertForSequenceClassification)
    answers = read("bert-qa")
    questions = Questions(
        load(DistilBertForQuestionAnswering, "distilbert-qa"),
        load(BertForQuestionAnswering, "bert-qa"), load(DistilBertForMaskedLM, "distilbert-mlm"),
        batch_of(answers["batch"]), [answers["starts"], answers["ends"]])
    write(f"{FOLDER}/expected.json", {
        "questions": questions.step(
            "questions", "together", rate=0.6, special=False, ce=0.5, kd=0.5,
            teacher_reads="smoothed", temperature=2.0, smoothed_weight=0.7),
        "steps": [
            plain.step("gold", "smoothed"),
            plain.step("both", "smoothed", rate=0.3, smoothing_temperature=2.0, special=False,
                       ce=0.4, kd=0.6, teacher_reads="smoothed", temperature=2.0),
            plain.step("together", "together", rate=0.8, smoothing_temperature=0.5, special=False,
                       ce=0.0, kd=1.0, divergence="ce", smoothed_weight=0.25),
            regression.step("regression-both", "together", ce=0.5, kd=0.5,
                            teacher_reads="smoothed"),
            mixed.step("mixed-both", "smoothed", special=False, ce=0.5, kd=0.5,
                       teacher_reads="smoothed"),
        ],
    }, __file__, versions(transformers),
        "models, batch and scores of Tests/Goldens/mate-kd; expected values computed in float64; "
        "x^ = (1 - lambda) onehot + lambda softmax(MLM(x) / smoothing_temperature); "
        "original_probability: mean softmax at the words themselves over smoothed tokens")


if __name__ == "__main__":
    main()
