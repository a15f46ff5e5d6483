"""Goldens of MATE-KD (arXiv 2105.05912), written naively: a dense one-hot vector over the
whole vocabulary at every position, straight-through Gumbel-softmax, inputs_embeds for both models.

Writes Tests/Goldens/mate-kd: teacher/, student/, generator/ (classification, two labels),
regression/teacher/, regression/student/ (one output), mixed/teacher/ (RoBERTa), mixed/student/
(DistilBERT), expected.json and the gradients of every parameter for each loss. Dropout is off
everywhere.
Run: ${PYTHON:-python3} scripts/goldens/mate_kd.py
"""

import torch
import torch.nn.functional as F
import transformers
from transformers import (
    BertConfig, BertForMaskedLM, BertForSequenceClassification, DistilBertForSequenceClassification,
    RobertaForSequenceClassification)

import families
from bert import MASK, Batch, create, save_gradients, sequence
from golden import number, tensor, versions, write

FOLDER, VOCABULARY = "mate-kd", 50
MASKED = [2, 3, 7, 9, 11, 14, 17]  # packed rows; none is [CLS] or [SEP]
random = torch.Generator().manual_seed(20210801)


def kl(student, teacher):
    """KL(teacher || student), mean over the batch, temperature 1, no factor."""
    return F.kl_div(torch.log_softmax(student, -1), torch.log_softmax(teacher, -1),
                    log_target=True, reduction="batchmean")


def cross_entropy(student, teacher):
    """Cross-entropy of the student against the teacher's probabilities, mean over the batch."""
    return -(torch.softmax(teacher, -1) * torch.log_softmax(student, -1)).sum(-1).mean()


def squared(student, teacher):
    """Squared error of the single output, mean over the batch."""
    return F.mse_loss(student, teacher)


class Game:
    """The three models on one batch with fixed masks and fixed Gumbel noise."""

    def __init__(self, teacher, student, generator, batch, noise):
        self.teacher, self.student, self.generator = teacher, student, generator
        self.batch = batch
        self.places = batch.mask.bool().nonzero()[MASKED]
        self.noise = torch.zeros(*batch.ids.shape, VOCABULARY, dtype=torch.float64)
        self.chosen = torch.zeros(*batch.ids.shape, 1, dtype=torch.float64)
        self.noise[self.places[:, 0], self.places[:, 1]] = noise
        self.chosen[self.places[:, 0], self.places[:, 1]] = 1

    def at_masks(self, values):
        return values[self.places[:, 0], self.places[:, 1]]

    def run(self, model, **inputs):
        if isinstance(model.config, BertConfig):
            inputs["token_type_ids"] = self.batch.types
        return model(attention_mask=self.batch.mask, **inputs).logits

    def sample(self, tau):
        """Straight-through one-hot of every position, and the generator's logits."""
        masked = torch.where(self.chosen[..., 0] == 1, MASK, self.batch.ids)
        logits = self.run(self.generator, input_ids=masked)
        y = torch.softmax((torch.log_softmax(logits, -1) + self.noise) / tau, -1)
        hard = F.one_hot(y.argmax(-1), VOCABULARY).double()
        best = self.at_masks(y).topk(2, -1).values
        assert (best[:, 0] / best[:, 1]).min() > 1.05, "too close a choice for float32: reseed"
        return hard - y.detach() + y, hard, logits

    def adversarial(self, model, one_hot):
        """Logits of `model` on x', whose masked positions are one_hot E of its own embeddings."""
        table = model.get_input_embeddings().weight
        mixed = self.chosen * (one_hot @ table) + (1 - self.chosen) * table[self.batch.ids]
        return self.run(model, inputs_embeds=mixed)

    def clean(self, model):
        return self.run(model, input_ids=self.batch.ids)

    def reset(self):
        for model in (self.teacher, self.student, self.generator):
            model.zero_grad(set_to_none=True)

    def generator_step(self, name, divergence, tau):
        self.reset()
        one_hot, hard, logits = self.sample(tau)
        logits.retain_grad()
        student = self.adversarial(self.student, one_hot)
        teacher = self.adversarial(self.teacher, one_hot)
        loss = -divergence(student, teacher)
        loss.backward()
        save_gradients(self.generator, f"{FOLDER}/{name}.safetensors")
        ids = torch.where(self.chosen[..., 0] == 1, hard.argmax(-1), self.batch.ids)
        return {
            "name": name, "temperature": tau, "loss": number(loss),
            "generator_logits": tensor(self.at_masks(logits)),
            "sampled_ids": self.at_masks(hard.argmax(-1)).tolist(),
            "adversarial_ids": self.batch.packed(ids).tolist(),
            "teacher_logits": tensor(teacher), "student_logits": tensor(student),
            "generator_logits_gradient": tensor(self.at_masks(logits.grad)),
            "gradient_file": f"{name}.safetensors",
        }

    def student_step(self, name, divergence, supervised):
        self.reset()
        one_hot = self.sample(1.0)[0].detach()
        with torch.no_grad():
            teacher = self.clean(self.teacher)
            teacher_adversarial = self.adversarial(self.teacher, one_hot)
        student = self.clean(self.student)
        student_adversarial = self.adversarial(self.student, one_hot)
        terms = {
            "supervised_loss": supervised(student),
            "clean_divergence": divergence(student, teacher),
            "adversarial_divergence": divergence(student_adversarial, teacher_adversarial),
        }
        loss = sum(terms.values()) / 3
        loss.backward()
        save_gradients(self.student, f"{FOLDER}/{name}.safetensors")
        return {
            "name": name, "temperature": 1.0, "loss": number(loss),
            **{key: number(value) for key, value in terms.items()},
            "teacher_logits": tensor(teacher), "student_logits": tensor(student),
            "adversarial_teacher_logits": tensor(teacher_adversarial),
            "adversarial_student_logits": tensor(student_adversarial),
            "gradient_file": f"{name}.safetensors",
        }


def main():
    common = dict(vocab_size=VOCABULARY, max_position_embeddings=16)

    def teacher(folder, seed, labels):
        return create(BertForSequenceClassification, f"{FOLDER}/{folder}", seed, hidden_size=24,
                      num_hidden_layers=2, num_attention_heads=3, intermediate_size=48,
                      num_labels=labels, **common)

    def student(folder, seed, labels):
        return create(BertForSequenceClassification, f"{FOLDER}/{folder}", seed, hidden_size=16,
                      num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
                      num_labels=labels, **common)

    generator = create(BertForMaskedLM, f"{FOLDER}/generator", 3, hidden_size=20,
                       num_hidden_layers=1, num_attention_heads=2, intermediate_size=40, **common)
    labels, scores = [1, 0, 1], [0.5, -1.25, 2.0]
    batch = Batch([sequence(random, VOCABULARY, *shape) for shape in [(6,), (10, 5), (4,)]], labels)
    special = {0, 5, 6, 10, 15, 16, 19}
    assert not special & set(MASKED)
    uniform = torch.rand(len(MASKED), VOCABULARY, generator=random).clamp(1e-6, 1 - 1e-6)
    noise = (-torch.log(-torch.log(uniform.double()))).float().double()

    game = Game(teacher("teacher", 4, 2), student("student", 5, 2), generator, batch, noise)
    hard = lambda logits: F.cross_entropy(logits, torch.tensor(labels))
    regression = Game(teacher("regression/teacher", 6, 1), student("regression/student", 7, 1),
                      generator, batch, noise)
    sizes = dict(vocab_size=VOCABULARY, num_labels=2)
    mixed = Game(
        families.create(RobertaForSequenceClassification, f"{FOLDER}/mixed/teacher", 8,
                        families.roberta(24, 2, 3, 44, 17, **sizes)),
        families.create(DistilBertForSequenceClassification, f"{FOLDER}/mixed/student", 9,
                        families.distilbert(16, 1, 2, 28, 16, **sizes)),
        generator, batch, noise)
    target = torch.tensor(scores, dtype=torch.float64)[:, None]
    error = lambda outputs: squared(outputs, target)
    write(f"{FOLDER}/expected.json", {
        "batch": batch.integers(),
        "scores": scores,
        "masked_rows": MASKED,
        "noise": tensor(noise),
        "generator_steps": [
            {"divergence": "kl", **game.generator_step("generator-kl", kl, 1.0)},
            {"divergence": "ce", **game.generator_step("generator-ce", cross_entropy, 1.0)},
            {"divergence": "kl", **game.generator_step("generator-kl-cool", kl, 0.7)},
        ],
        "student_steps": [
            {"divergence": "kl", **game.student_step("student-kl", kl, hard)},
            {"divergence": "ce", **game.student_step("student-ce", cross_entropy, hard)},
        ],
        "regression": {
            "teacher": "regression/teacher",
            "student": "regression/student",
            "generator_step": {"divergence": "mse", **regression.generator_step(
                "regression-generator", squared, 1.0)},
            "student_step": {"divergence": "mse", **regression.student_step(
                "regression-student", squared, error)},
        },
        "mixed": {
            "teacher": "mixed/teacher",
            "student": "mixed/student",
            "generator_step": {
                "divergence": "kl", **mixed.generator_step("mixed-generator", kl, 1.0)},
            "student_step": {"divergence": "kl", **mixed.student_step("mixed-student", kl, hard)},
        },
    }, __file__, versions(transformers),
        "float32 weights, expected values computed in float64; rows are packed; noise is that of "
        "the masked rows in packed order; generator loss = -divergence(student, teacher) on x'; "
        "student loss = the mean of its three terms, x' detached from the generator")


if __name__ == "__main__":
    main()
