"""Goldens of the methods without training data (as-dfd, zskd, zskt), written naively: padded
inputs_embeds for both models, and autograd for everything.

Writes Tests/Goldens/data-free: teacher/ (4 layers), student/ (3 layers), expected.json and the
gradients of student, reconstruction layer and generator. Dropout is off everywhere.
Run: ${PYTHON:-python3} scripts/goldens/data_free.py
"""

import os

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from transformers import BertForSequenceClassification

from bert import CLS, MASK, SEP, create
from golden import GOLDENS, draw, number, tensor, versions, write

FOLDER, VOCABULARY, WIDTH, CLASSES = "data-free", 50, 12, 3
LENGTHS = [6, 9, 5]
LABELS = [2, 0, 1]
HIDDEN = [2, 4, 7, 13, 16, 18]  # packed rows, two in each text
random = torch.Generator().manual_seed(20201008)


def special(row):
    starts = [sum(LENGTHS[:i]) for i in range(len(LENGTHS))]
    return row in starts or row + 1 in starts or row == sum(LENGTHS) - 1


ORDINARY = [row for row in range(sum(LENGTHS)) if not special(row)]


def ids():
    return [i for length in LENGTHS for i in [CLS] + [MASK] * (length - 2) + [SEP]]


def padded(packed):
    """[texts, longest, width] and the mask of real tokens."""
    parts = packed.split(LENGTHS)
    mask = torch.zeros(len(LENGTHS), max(LENGTHS), dtype=torch.long)
    for text, length in enumerate(LENGTHS):
        mask[text, :length] = 1
    return torch.nn.utils.rnn.pad_sequence(list(parts), batch_first=True), mask


def run(model, vectors):
    """Logits and all hidden states, [texts, longest, width] each, of packed vectors."""
    embeds, mask = padded(vectors)
    output = model(inputs_embeds=embeds, attention_mask=mask,
                   token_type_ids=torch.zeros_like(mask), output_hidden_states=True)
    return output.logits, output.hidden_states, mask.bool()


def replaced(vectors, rows, values):
    keep = torch.ones(len(vectors), 1, dtype=torch.float64)
    keep[rows] = 0
    return vectors * keep + torch.zeros_like(vectors).index_put((torch.tensor(rows),), values)


def reconstruction(student, head, vectors, mask_vector, target):
    """Sum over texts of the mean over hidden tokens of the squared distance."""
    hidden = replaced(vectors, HIDDEN, mask_vector.expand(len(HIDDEN), -1))
    _, states, mask = run(student, hidden)
    restored = F.linear(states[-1][mask][HIDDEN], *head)
    return ((restored - target[HIDDEN]) ** 2).sum() / 2


def kl(student, teacher, temperature):
    """KL(teacher || student) at a temperature, mean over texts, no factor."""
    return F.kl_div(torch.log_softmax(student / temperature, -1),
                    torch.log_softmax(teacher / temperature, -1),
                    log_target=True, reduction="batchmean")


def save(name, tensors):
    path = os.path.join(GOLDENS, FOLDER, f"{name}.safetensors")
    save_file({key: value.float().contiguous() for key, value in tensors.items()}, path,
              metadata={"format": "pt"})


def gradients(model):
    """Gradients of every parameter; the words are not looked up, so theirs are zero."""
    return {name: torch.zeros_like(value) if value.grad is None else value.grad
            for name, value in model.named_parameters()}


def guess_loss(teacher, student, head, mask_vector, vectors, alpha, moves):
    logits, _, _ = run(teacher, vectors)
    ce = F.cross_entropy(logits, torch.tensor(LABELS), reduction="sum")
    ssl = reconstruction(student, head, vectors, mask_vector,
                         vectors if moves else vectors.detach())
    return ce - alpha * ssl, ce, ssl


def main():
    sizes = dict(vocab_size=VOCABULARY, max_position_embeddings=16, hidden_size=WIDTH,
                 num_attention_heads=2, intermediate_size=24, num_labels=CLASSES)
    teacher = create(BertForSequenceClassification, f"{FOLDER}/teacher", 21,
                     num_hidden_layers=4, **sizes)
    student = create(BertForSequenceClassification, f"{FOLDER}/student", 22,
                     num_hidden_layers=3, **sizes)
    words = teacher.get_input_embeddings().weight.detach()
    tokens = torch.tensor(ids())
    vectors = words[tokens].clone()
    vectors[ORDINARY] = draw(random, len(ORDINARY), WIDTH, scale=0.3)
    head = (draw(random, WIDTH, WIDTH, scale=0.2), draw(random, WIDTH, scale=0.2))
    body = {
        "batch": {"lengths": LENGTHS, "ids": ids(), "types": [0] * len(tokens), "labels": LABELS},
        "hidden_rows": HIDDEN, "vectors": tensor(vectors),
        "head_weight": tensor(head[0]), "head_bias": tensor(head[1]),
    }

    body["guesses"] = []
    for name, alpha, moves in [("plain", 0.0, False), ("adversarial", 0.7, False),
                               ("moving", 0.7, True)]:
        leaf = vectors.clone().requires_grad_(True)
        loss, ce, ssl = guess_loss(teacher, student, head, words[MASK], leaf, alpha, moves)
        loss.backward()
        body["guesses"].append({
            "name": name, "alpha": alpha, "moves_targets": moves, "loss": number(ce),
            "reconstruction_loss": number(ssl), "gradient": tensor(leaf.grad)})

    leaf = vectors.clone().requires_grad_(True)
    adam = torch.optim.Adam([leaf], lr=0.05)
    for _ in range(4):
        adam.zero_grad()
        guess_loss(teacher, student, head, words[MASK], leaf, 0.7, False)[0].backward()
        leaf.grad[[row for row in range(len(tokens)) if row not in ORDINARY]] = 0
        adam.step()
    body["trajectory"] = {"alpha": 0.7, "learning_rate": 0.05, "steps": 4, "vectors": tensor(leaf)}

    targets = torch.softmax(draw(random, len(LENGTHS), CLASSES, scale=2.0), -1)
    leaf = vectors.clone().requires_grad_(True)
    logits, _, _ = run(teacher, leaf)
    loss = -(targets * torch.log_softmax(logits / 4, -1)).sum()
    loss.backward()
    output = teacher.classifier.weight.detach()
    cosines = F.cosine_similarity(output[:, None], output[None], dim=-1)
    low, high = cosines.min(-1, True).values, cosines.max(-1, True).values
    body["soft_guess"] = {"temperature": 4.0, "targets": tensor(targets), "loss": number(loss),
                          "gradient": tensor(leaf.grad),
                          "similarities": tensor((cosines - low) / (high - low))}

    teacher.requires_grad_(False)
    student.zero_grad(set_to_none=True)
    temperature, layers = 2.0, [0, 2]
    leaves = [part.clone().requires_grad_(True) for part in head]
    logits, states, _ = run(student, vectors)
    wanted, wanted_states, _ = run(teacher, vectors)
    distillation = kl(logits, wanted, temperature)
    first = lambda state: F.normalize(state[:, 0], dim=-1)
    patience = sum(((first(states[i + 1]) - first(wanted_states[layer + 1])) ** 2).sum(-1).mean()
                   for i, layer in enumerate(layers)) / len(layers)
    ssl = reconstruction(student, leaves, vectors, words[MASK], vectors) / len(LENGTHS)
    loss = 0.8 * temperature ** 2 * distillation + 0.6 * patience + 0.5 * ssl
    loss.backward()
    save("student", {**gradients(student), "reconstruction.weight": leaves[0].grad,
                     "reconstruction.bias": leaves[1].grad})
    body["student_step"] = {
        "temperature": temperature, "patience_layers": layers, "loss": number(loss),
        "weights": {"kd": 0.8, "patience": 0.6, "reconstruction": 0.5},
        "kd_loss": number(distillation), "patience_loss": number(patience),
        "reconstruction_loss": number(ssl)}

    noise = draw(random, len(ORDINARY), 6)
    maps = {"hidden.weight": draw(random, 10, 6, scale=0.4), "hidden.bias": draw(random, 10),
            "output.weight": draw(random, WIDTH, 10, scale=0.4), "output.bias": draw(random, WIDTH)}

    def generated(maps):
        x = F.gelu(F.linear(noise, maps["hidden.weight"], maps["hidden.bias"]))
        x = F.linear(x, maps["output.weight"], maps["output.bias"])
        made = F.layer_norm(x, (WIDTH,), words.std(0, unbiased=False), words.mean(0), 1e-5)
        return replaced(words[tokens], ORDINARY, made)

    student.zero_grad(set_to_none=True)
    student.requires_grad_(False)
    leaves = {name: value.clone().requires_grad_(True) for name, value in maps.items()}
    made = generated(leaves)
    divergence = kl(run(student, made)[0], run(teacher, made)[0], temperature)
    (-divergence).backward()
    save("generator", {name: value.grad for name, value in leaves.items()})
    student.requires_grad_(True)
    made = generated(maps)
    distillation = kl(run(student, made)[0], run(teacher, made)[0], temperature)
    loss = temperature ** 2 * distillation
    loss.backward()
    save("transfer", gradients(student))
    body["transfer"] = {
        "temperature": temperature, "noise": tensor(noise),
        "maps": {name: tensor(value) for name, value in maps.items()},
        "vectors": tensor(made), "divergence": number(divergence), "loss": number(loss)}

    write(f"{FOLDER}/expected.json", body, __file__, versions(transformers),
          "float32 weights, expected values computed in float64; rows are packed; guessing losses "
          "are sums over texts, all others means; reconstruction: mean over a text's two hidden "
          "tokens of the squared distance over the width; generator loss = -divergence")


if __name__ == "__main__":
    main()
