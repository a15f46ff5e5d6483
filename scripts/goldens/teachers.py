"""Goldens of distillation from other teachers than a model with the student's tokens.

Writes Tests/Goldens/teachers: a RoBERTa and a BERT classifier as teachers, a BERT student with the
second one's vocabulary, texts, predictions for them, and expected.json with the first loss, the norm
of its gradient and the teacher's loss on the dev rows for each case. The RoBERTa's labels are in
another order. torch sees one text at a time; weights are float32, values are computed in float64.
Run: ${PYTHON:-python3} scripts/goldens/teachers.py
"""

import csv
import json
import math
import os
import shutil

import tokenizers
import torch
import torch.nn.functional as F
import transformers
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    AutoTokenizer, BertConfig, BertForSequenceClassification, RobertaConfig,
    RobertaForSequenceClassification)

from golden import number, versions, write

NOTE = "float32 weights, expected values computed in float64, one text at a time"
ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "Tests", "Goldens", "teachers")
LABELS = ["good", "bad", "odd"]
ORDER = [2, 0, 1]  # The RoBERTa's first output means the third label, and so on.
TRAIN = [
    ("a fine film", 0), ("a dull film", 1), ("what a strange plot", 2), ("fine acting, fine plot", 0),
    ("the plot is dull", 1), ("strange and dull and fine", 2), ("Fine!", 0), ("not a fine plot", 1),
    ("is this a film?", 2),
]
DEV = [
    ("a fine plot", 0), ("dull acting", 1), ("strange film", 2), ("a film", 0), ("the film is dull", 1),
]
TRANSFER = ["this acting is fine", "what a dull and strange film", "plot!", "a plot and a film"]
WORDS = """[PAD] [UNK] [CLS] [SEP] [MASK] a fine film dull what strange plot acting , the is and ! not
this ? ##s f d""".split()
LENGTH, SHORT = 9, 6


def texts(name, rows):
    with open(f"{ROOT}/{name}.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("text", "label")] + [(text, LABELS[label]) for text, label in rows])


def draw(kind, config, seed):
    torch.manual_seed(seed)
    model = kind(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


def save(model, name):
    model.save_pretrained(f"{ROOT}/{name}")
    path = f"{ROOT}/{name}/config.json"
    config = {k: v for k, v in json.load(open(path)).items() if k != "transformers_version"}
    with open(path, "w") as file:
        json.dump(config, file, indent=1)
    for extra in ("generation_config.json",):
        if os.path.exists(f"{ROOT}/{name}/{extra}"):
            os.remove(f"{ROOT}/{name}/{extra}")


def bert(name, hidden, layers, seed):
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=2,
        intermediate_size=2 * hidden, max_position_embeddings=16, hidden_dropout_prob=0,
        attention_probs_dropout_prob=0, initializer_range=0.3,
        id2label=dict(enumerate(LABELS)), label2id={l: i for i, l in enumerate(LABELS)})
    model = draw(BertForSequenceClassification, config, seed)
    save(model, name)
    with open(f"{ROOT}/{name}/vocab.txt", "w") as file:
        file.write("\n".join(WORDS) + "\n")
    with open(f"{ROOT}/{name}/tokenizer_config.json", "w") as file:
        json.dump({"tokenizer_class": "BertTokenizer", "do_lower_case": True}, file)
    return model.double(), AutoTokenizer.from_pretrained(f"{ROOT}/{name}")


def roberta(name):
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(
        [text for text, _ in TRAIN + DEV] + TRANSFER, vocab_size=280, min_frequency=2,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], show_progress=False)
    config = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=12, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=16, max_position_embeddings=20, type_vocab_size=1,
        hidden_dropout_prob=0, attention_probs_dropout_prob=0, initializer_range=0.3,
        bos_token_id=0, pad_token_id=1, eos_token_id=2,
        id2label={i: LABELS[l] for i, l in enumerate(ORDER)},
        label2id={LABELS[l]: i for i, l in enumerate(ORDER)})
    model = draw(RobertaForSequenceClassification, config, 3)
    save(model, name)
    tokenizer.save_model(f"{ROOT}/{name}")
    with open(f"{ROOT}/{name}/tokenizer_config.json", "w") as file:
        json.dump({"tokenizer_class": "RobertaTokenizer"}, file)
    return model.double(), AutoTokenizer.from_pretrained(f"{ROOT}/{name}")


def logits(pair, rows, length, order=None):
    model, tokenizer = pair
    found = torch.cat([
        model(**tokenizer(text, truncation=True, max_length=length, return_tensors="pt")).logits
        for text in rows])
    if order is None:
        return found
    return found[:, [order.index(label) for label in range(len(LABELS))]]


def mean_probabilities(parts, weights):
    total = sum(weights)
    return torch.log(sum(w / total * F.softmax(part, -1) for part, w in zip(parts, weights)))


def mean_sigmoids(parts, weights):
    total = sum(weights)
    return torch.logit(sum(w / total * torch.sigmoid(part) for part, w in zip(parts, weights)))


def mean_logits(parts, weights):
    return sum(w * part for part, w in zip(parts, weights)) / sum(weights)


def main():
    shutil.rmtree(ROOT, ignore_errors=True)
    os.makedirs(ROOT)
    texts("train", TRAIN)
    texts("dev", DEV)
    with open(f"{ROOT}/more.txt", "w") as file:
        file.write("\n".join(TRANSFER) + "\n")
    student = bert("student", 8, 1, 1)
    own = bert("bert", 12, 2, 2)
    other = roberta("roberta")
    train, dev = [t for t, _ in TRAIN], [t for t, _ in DEV]
    gold, dev_gold = (torch.tensor([l for _, l in rows]) for rows in (TRAIN, DEV))

    # Predictions of somebody else: rounded, with a zero, in an order of their own.
    torch.manual_seed(7)
    soft = (F.softmax(2 * torch.randn(len(TRAIN), 3), -1) * 1e4).round().long()
    soft[:, 0] += 10_000 - soft.sum(-1)
    soft[4] = torch.tensor([0, 2_500, 7_500])
    soft = soft.double() / 1e4
    rows = torch.randperm(len(TRAIN)).tolist()
    with open(f"{ROOT}/soft.jsonl", "w") as file:
        for row in rows:
            values = {LABELS[l]: soft[row, l].item() for l in ORDER}
            file.write(json.dumps({"index": row, "probabilities": values}) + "\n")
    with open(f"{ROOT}/soft.csv", "w") as file:
        file.write("index," + ",".join(LABELS[l] for l in ORDER) + "\n")
        for row in rows:
            file.write(f"{row}," + ",".join(repr(soft[row, l].item()) for l in ORDER) + "\n")
    floored = soft.clamp(min=1e-6).log()
    predicted = floored - floored.mean(-1, keepdim=True)

    def ask(rows, length=LENGTH):
        with torch.no_grad():
            return (logits(other, rows, length, ORDER), logits(own, rows, LENGTH))

    cases = {}

    def case(name, teacher, dev_teacher, loss, count=len(TRAIN)):
        model = student[0]
        model.zero_grad()
        value = loss(teacher)
        value.backward()
        norm = math.sqrt(sum(float((p.grad ** 2).sum()) for p in model.parameters()
                             if p.grad is not None))
        cases[name] = {"loss": number(value.item()), "grad_norm": number(norm)}
        if dev_teacher is not None:
            cases[name]["teacher_loss"] = number(F.cross_entropy(dev_teacher, dev_gold).item())

    def kd(teacher, rows=train, temperature=2.0):
        found = logits(student, rows, LENGTH)
        divergence = F.kl_div(
            F.log_softmax(found / temperature, -1), F.log_softmax(teacher / temperature, -1),
            log_target=True, reduction="sum")
        labelled = F.cross_entropy(found[:len(TRAIN)], gold, reduction="sum")
        return (0.5 * temperature ** 2 * divergence + 0.5 * labelled) / len(rows)

    def squared(factor):
        return lambda teacher: (
            ((logits(student, train, LENGTH) - factor * teacher) ** 2).sum() / len(train))

    def several(teacher):
        found = logits(student, train, LENGTH)
        sets = F.one_hot(gold, 3).double()
        sets[:, 0] = 1
        p, q = torch.sigmoid(teacher / 2), torch.sigmoid(found / 2)
        divergence = p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()
        labelled = F.binary_cross_entropy_with_logits(found, sets, reduction="none")
        return (0.5 * 4 * divergence.mean(-1) + 0.5 * labelled.mean(-1)).sum() / len(train)

    here, there = ask(train), ask(dev)
    case("roberta", here[0], there[0], kd)
    case("short", ask(train, SHORT)[0], ask(dev, SHORT)[0], kd)
    case("annealing-kd", here[0], there[0], squared(1 / 7))
    # The only update of its run is past k = 1, so the multiplier is 2/10.
    case("continuation-kd", here[0], there[0], squared(2 / 10))
    case("probabilities", mean_probabilities(here, (2, 1)), mean_probabilities(there, (2, 1)), kd)
    case("logits", mean_logits(here, (2, 1)), mean_logits(there, (2, 1)), kd)
    case("predictions", predicted, None, kd)
    case("mixed", mean_probabilities((here[0], predicted), (1, 3)), None, kd)
    all_texts = train + TRANSFER
    case("transfer", ask(all_texts)[0], there[0], lambda t: kd(t, all_texts))
    case("several", mean_sigmoids(here, (2, 1)), None, several)

    def alone(teacher):
        found = logits(student, TRANSFER, LENGTH)
        divergence = F.kl_div(
            F.log_softmax(found / 2, -1), F.log_softmax(teacher / 2, -1), log_target=True,
            reduction="sum")
        return 0.5 * 4 * divergence / len(TRANSFER)

    case("alone", ask(TRANSFER)[0], there[0], alone)
    lengths = {
        "student": [len(student[1](t, truncation=True, max_length=LENGTH).input_ids) for t in train],
        "roberta": [len(other[1](t, truncation=True, max_length=LENGTH).input_ids) for t in train]}
    assert lengths["student"] != lengths["roberta"]
    write("teachers/expected.json", {
        "cases": cases, "lengths": lengths,
        "train_accuracy_of_predictions": number((predicted.argmax(-1) == gold).double().mean()),
    }, __file__, versions(transformers, tokenizers), NOTE)


main()
