"""Goldens of FreeLB (arXiv 1909.11764) and of FreeLB with distillation, written as in the
authors' code: K passes whose gradients of loss / K are added up, delta on padded word embeddings.

Uses the student, the teacher and the batch of Tests/Goldens/mate-kd, and a teacher of the student's
width, which it writes to Tests/Goldens/freelb/teacher, next to expected.json and the student's
gradients. The first delta is given; dropout is off.
Run: ${PYTHON:-python3} scripts/goldens/freelb.py
"""

import torch
import torch.nn.functional as F
import transformers
from transformers import BertForSequenceClassification

from bert import create, load, save_gradients
from golden import number, tensor, versions, write
from mate_kd import VOCABULARY, kl, squared
from text_smoothing import batch_of, read

FOLDER, MODELS = "freelb", "mate-kd"
random = torch.Generator().manual_seed(20190919)


class Game:
    """A student, and possibly a teacher, on one batch, with a given first delta."""

    def __init__(self, student, teacher, batch, initial, scores=None):
        self.student, self.teacher, self.batch = student, teacher, batch
        self.initial, self.scores = initial, scores

    def run(self, model, delta):
        embeddings = model.get_input_embeddings()(self.batch.ids)
        if delta is not None:
            embeddings = embeddings + delta
        return model(inputs_embeds=embeddings, attention_mask=self.batch.mask,
                     token_type_ids=self.batch.types).logits

    def supervised(self, logits):
        if self.scores:
            return squared(logits, torch.tensor(self.scores, dtype=torch.float64)[:, None])
        return F.cross_entropy(logits, torch.tensor(self.batch.labels))

    def terms(self, delta, perturbs_teacher, t):
        """Cross-entropy and divergence as functions of delta, through both models' inputs."""
        student = self.run(self.student, delta)
        if self.teacher is None:
            return self.supervised(student), torch.zeros((), dtype=torch.float64)
        teacher = self.run(self.teacher, delta if perturbs_teacher else None)
        divergence = (squared(student, teacher) if self.scores else kl(student / t, teacher / t))
        return self.supervised(student), divergence

    def step(self, name, passes, rate, maximum=0.0, magnitude=1.0, ce=1.0, kd=0.0, ascent="loss",
             perturbs_teacher=True, temperature=1.0, frozen_words=False):
        self.student.zero_grad(set_to_none=True)
        total = lambda first, second: ce * first + kd * temperature ** 2 * second
        delta = (magnitude * self.initial * self.batch.mask[..., None]).detach()
        losses, divergences, lengths = [], [], []
        for index in range(passes):
            # Descent: only the student's weights.
            first, second = self.terms(delta, perturbs_teacher, temperature)
            (total(first, second) / passes).backward()
            losses.append(number(total(first, second)))
            divergences.append(number(second))
            if index == passes - 1:
                break
            # Ascent: only delta.
            delta = delta.requires_grad_()
            first, second = self.terms(delta, perturbs_teacher, temperature)
            aim = {"loss": total(first, second), "kl": second, "ce": first}[ascent]
            gradient, = torch.autograd.grad(aim, delta)
            norm = gradient.flatten(1).norm(dim=1).clamp_min(1e-8)[:, None, None]
            delta = (delta + rate * gradient / norm).detach()
            if maximum > 0:
                norm = delta.flatten(1).norm(dim=1)
                lengths.append(norm.tolist())
                delta = delta * torch.where(norm > maximum, maximum / norm, 1.0)[:, None, None]
        if maximum > 0:
            assert any(norm > maximum for norms in lengths for norm in norms), "none left the ball"
        words = self.student.get_input_embeddings().weight
        if frozen_words:
            words.grad = torch.zeros_like(words)
        save_gradients(self.student, f"{FOLDER}/{name}.safetensors")
        return {
            "name": name, "adversarial_steps": passes, "adversarial_learning_rate": rate,
            "max_norm": maximum, "magnitude": magnitude, "ce": ce, "kd": kd, "ascent": ascent,
            "perturb_teacher": perturbs_teacher, "temperature": temperature,
            "freeze_word_embeddings": frozen_words,
            "loss": number(sum(losses) / passes), "losses": losses, "divergences": divergences,
            "norm": number(delta.flatten(1).norm(dim=1).mean()),
        }


def main():
    golden = read(MODELS)
    batch = batch_of(golden["batch"])
    student = load(BertForSequenceClassification, f"{MODELS}/student")
    wide = load(BertForSequenceClassification, f"{MODELS}/teacher")
    teacher = create(BertForSequenceClassification, f"{FOLDER}/teacher", 19, hidden_size=16,
                     num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
                     num_labels=2, vocab_size=VOCABULARY, max_position_embeddings=16)
    width = student.config.hidden_size
    uniform = 2 * torch.rand(*batch.ids.shape, width, generator=random) - 1
    lengths = torch.tensor(batch.lengths, dtype=torch.float64)
    magnitude = 0.3 / (lengths * width).sqrt()
    initial = (uniform.double() * magnitude[:, None, None]).float().double()
    alone = Game(student, None, batch, initial)
    both = Game(student, teacher, batch, initial)
    other = Game(student, wide, batch, initial)
    scored = Game(load(BertForSequenceClassification, f"{MODELS}/regression/student"), None, batch,
                  initial, golden["scores"])
    write(f"{FOLDER}/expected.json", {
        "initial": tensor(batch.packed(initial * batch.mask[..., None])),
        "freelb": [
            alone.step("ball", 3, 0.4, maximum=0.35),
            alone.step("zero-start", 2, 0.5, magnitude=0.0),
            scored.step("regression", 3, 0.3),
        ],
        "freelb_kd": [
            both.step("kd-kl", 3, 0.4, maximum=0.5, ce=0.3, kd=0.7, ascent="kl", temperature=2.0),
            both.step("kd-ce", 3, 0.4, ce=0.5, kd=0.5, ascent="ce", frozen_words=True),
            both.step("kd-loss", 3, 0.4, ce=0.5, kd=0.5, ascent="loss"),
            both.step("kd-only", 2, 0.4, ce=0.0, kd=1.0, ascent="kl"),
            other.step("kd-wide", 3, 0.4, ce=0.5, kd=0.5, ascent="kl", perturbs_teacher=False),
        ],
    }, __file__, versions(transformers),
        "student, wide teacher (kd-wide), batch and scores of Tests/Goldens/mate-kd; expected "
        "values computed in float64; initial: the first delta of all tokens in packed order, times "
        "magnitude; loss: mean over the passes; norm: mean over texts of the last delta's")


if __name__ == "__main__":
    main()
