"""Goldens of MATE-KD and CILDA with a teacher of another vocabulary, which reads decoded texts.

Writes Tests/Goldens/decoded-text: teacher/ (a RoBERTa with a byte-level BPE), student/ and
generator/ (BERTs with one WordPiece vocabulary), and expected.json with a step of the generator and
one of the student for single texts and for pairs: x', what transformers' `decode` makes of it, the
teacher's ids of that text, losses, and the gradients of every parameter. In the file decode.json
are random ids with what `decode` makes of them, for tokenizers of all kinds.

torch sees one text at a time. Generator and student are differentiated densely, with a one-hot
vector over the whole vocabulary at every position; the teacher sees ids. Dropout is off.
Run: ${PYTHON:-python3} scripts/goldens/decoded_text.py
"""

import json
import os
import random
import tempfile

import tokenizers
import torch
import torch.nn.functional as F
import transformers
from tokenizers import ByteLevelBPETokenizer, Tokenizer
from transformers import (
    AutoTokenizer, BertForMaskedLM, BertForSequenceClassification, RobertaConfig,
    RobertaForSequenceClassification)

from bert import CLS, MASK, SEP, create, load, save_gradients
from golden import GOLDENS, number, tensor, versions, write

FOLDER = "decoded-text"
VOCABULARY, LENGTH, TEACHER_LENGTH = 90, 16, 11
TEXTS = {
    "single": [("Ab cad, e!", None), ("bad ba o.", None), ("I do, I can't", None)],
    "pair": [("Ab cad", "e! e"), ("o.", "bad ba, o ab o"), ("I do", "it")],
}
LABELS = [1, 0, 1]
RATE = 0.4


def own_tokenizer(folder):
    return AutoTokenizer.from_pretrained(os.path.join(GOLDENS, folder))


def teacher():
    path = os.path.join(GOLDENS, FOLDER, "teacher")
    tokenizer = ByteLevelBPETokenizer()
    words = [text for pairs in TEXTS.values() for pair in pairs for text in pair if text]
    tokenizer.train_from_iterator(
        words * 2, vocab_size=290, min_frequency=2,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], show_progress=False)
    torch.manual_seed(13)
    model = RobertaForSequenceClassification(RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=12, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=20, max_position_embeddings=20, type_vocab_size=1,
        initializer_range=0.3, bos_token_id=0, pad_token_id=1, eos_token_id=2, num_labels=2))
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.1 * torch.randn_like(value))
    model.save_pretrained(path)
    os.chmod(os.path.join(path, "model.safetensors"), 0o644)
    for extra in ("generation_config.json",):
        if os.path.exists(os.path.join(path, extra)):
            os.remove(os.path.join(path, extra))
    tokenizer.save_model(path)
    with open(os.path.join(path, "tokenizer_config.json"), "w") as file:
        json.dump({"tokenizer_class": "RobertaTokenizer"}, file)
    return load(RobertaForSequenceClassification, f"{FOLDER}/teacher")


def divergence(student, teacher):
    """KL(teacher || student), mean over the texts."""
    return F.kl_div(torch.log_softmax(student, -1), torch.log_softmax(teacher, -1),
                    log_target=True, reduction="batchmean")


class Game:
    """The three models and the texts of a case, with fixed masks and fixed Gumbel noise."""

    def __init__(self, models, pairs, seed):
        self.teacher, self.student, self.generator = models
        self.own, self.other = own_tokenizer(f"{FOLDER}/student"), own_tokenizer(f"{FOLDER}/teacher")
        self.pairs = pairs
        self.rows = [self.own(*[t for t in pair if t], truncation=True, max_length=LENGTH)
                     for pair in pairs]
        draw = torch.Generator().manual_seed(seed)
        self.masks, self.noise = [], []
        for row in self.rows:
            ordinary = torch.tensor([i not in (CLS, SEP) for i in row.input_ids])
            chosen = (torch.rand(len(row.input_ids), generator=draw) < RATE) & ordinary
            uniform = torch.rand(len(row.input_ids), VOCABULARY, generator=draw)
            noise = -torch.log(-torch.log(uniform.clamp(1e-6, 1 - 1e-6).double()))
            self.masks.append(chosen)
            self.noise.append(noise.float().double())

    def texts(self):
        return range(len(self.rows))

    def sample(self, text, tau):
        """The straight-through one-hot of every position and x'."""
        row, chosen = self.rows[text], self.masks[text]
        ids = torch.tensor(row.input_ids)
        logits = self.generator(
            input_ids=torch.where(chosen, MASK, ids)[None],
            token_type_ids=torch.tensor([row.token_type_ids])).logits[0]
        soft = torch.softmax((torch.log_softmax(logits, -1) + self.noise[text]) / tau, -1)
        best = soft[chosen].topk(2, -1).values
        assert (best[:, 0] / best[:, 1]).min() > 1.05, "too close a choice for float32: reseed"
        one_hot = F.one_hot(soft.argmax(-1), VOCABULARY).double() - soft.detach() + soft
        return one_hot, torch.where(chosen, soft.argmax(-1), ids)

    def parts(self, text, ids):
        """The ids of the one or two texts within x'."""
        ends = [i for i, token in enumerate(self.rows[text].input_ids) if token == SEP]
        starts = [1] + [end + 1 for end in ends]
        return [ids[start:end] for start, end in zip(starts, ends)]

    def decoded(self, text, ids):
        return [self.own.decode(part.tolist(), skip_special_tokens=True)
                for part in self.parts(text, ids)]

    def read(self, texts):
        return self.other(*texts, truncation=True, max_length=TEACHER_LENGTH).input_ids

    def ask(self, texts, **more):
        return self.teacher(input_ids=torch.tensor([self.read(texts)]), **more)

    def answer(self, text, one_hot=None, **more):
        """The student on x, or on x' given as one-hot vectors at the masked tokens."""
        row = self.rows[text]
        table = self.student.get_input_embeddings().weight
        words = table[torch.tensor(row.input_ids)]
        if one_hot is not None:
            words = torch.where(self.masks[text][:, None], one_hot @ table, words)
        return self.student(inputs_embeds=words[None],
                            token_type_ids=torch.tensor([row.token_type_ids]), **more)

    def reset(self):
        for model in (self.teacher, self.student, self.generator):
            model.zero_grad(set_to_none=True)

    def step(self, name, tau):
        samples = [self.sample(text, tau) for text in self.texts()]
        texts = [self.decoded(t, samples[t][1]) for t in self.texts()]
        with torch.no_grad():
            hostile = torch.cat([self.ask(t).logits for t in texts])
            clean = torch.cat([self.ask([t for t in pair if t]).logits for pair in self.pairs])
        self.reset()
        student = torch.cat([self.answer(t, samples[t][0]).logits for t in self.texts()])
        loss = -divergence(student, hostile)
        loss.backward()
        save_gradients(self.generator, f"{FOLDER}/{name}-generator.safetensors")
        self.reset()
        fixed = [one_hot.detach() for one_hot, _ in samples]
        logits = torch.cat([self.answer(t).logits for t in self.texts()])
        terms = {
            "ce_loss": F.cross_entropy(logits, torch.tensor(LABELS)),
            "clean_divergence": divergence(logits, clean),
            "adversarial_divergence": divergence(
                torch.cat([self.answer(t, fixed[t]).logits for t in self.texts()]), hostile),
        }
        total = sum(terms.values()) / 3
        total.backward()
        save_gradients(self.student, f"{FOLDER}/{name}-student.safetensors")
        chosen = torch.cat(self.masks)
        return {
            "name": name, "texts": [[t for t in pair if t] for pair in self.pairs],
            "labels": LABELS, "gumbel_temperature": tau, "max_seq_length": LENGTH,
            "teacher_max_seq_length": TEACHER_LENGTH,
            "ids": [row.input_ids for row in self.rows],
            "masked_rows": chosen.nonzero()[:, 0].tolist(),
            "noise": tensor(torch.cat(self.noise)[chosen]),
            "adversarial_ids": [ids.tolist() for _, ids in samples],
            "decoded": texts, "teacher_ids": [self.read(t) for t in texts],
            "generator_loss": number(loss),
            "student": {"loss": number(total), **{k: number(v) for k, v in terms.items()}},
        }

    def contrast(self, name, tau, maps):
        """CILDA's generator step: half the divergence and half the InfoNCE of all layers' first
        states, mapped by `maps`, each text's teacher against all students; temperature 2."""
        samples = [self.sample(text, tau) for text in self.texts()]
        texts = [self.decoded(t, samples[t][1]) for t in self.texts()]
        with torch.no_grad():
            hostile = [self.ask(t, output_hidden_states=True) for t in texts]
        self.reset()
        found = [self.answer(t, samples[t][0], output_hidden_states=True) for t in self.texts()]

        def vectors(outputs, weight):
            pooled = torch.cat([
                torch.cat([h[:, 0] for h in o.hidden_states[1:]], -1) for o in outputs])
            return F.normalize(pooled @ weight.T, dim=-1)

        cosines = vectors(hostile, maps[0]) @ vectors(found, maps[1]).T / 2
        term = F.cross_entropy(cosines, torch.arange(len(self.rows)))
        student = torch.cat([o.logits for o in found])
        output = divergence(student, torch.cat([o.logits for o in hostile]))
        loss = -0.5 * output - 0.5 * term
        loss.backward()
        save_gradients(self.generator, f"{FOLDER}/{name}-contrast.safetensors")
        return {"contrastive_loss": number(term), "adversarial_divergence": number(output),
                "maps": [tensor(m) for m in maps]}


def decodings():
    """Random ids of every kind of tokenizer and their texts."""
    draw = random.Random(5)

    def case(name, size, decode, count=60):
        ids = [[draw.randrange(size) for _ in range(draw.randrange(0, 12))] for _ in range(count)]
        return {"folder": name, "cases": [{"ids": i, "text": decode(i)} for i in ids]}

    def folder(name):
        tokenizer = own_tokenizer(name)
        return case(name, len(tokenizer), lambda ids: tokenizer.decode(ids, skip_special_tokens=True))

    def file(name):
        tokenizer = Tokenizer.from_file(os.path.join(GOLDENS, name, "tokenizer.json"))
        if name == "unigram/bytes":
            # The file's own decoder is for a tokenizer with a prefix and without bytes.
            tokenizer.decoder = tokenizers.decoders.Sequence([
                tokenizers.decoders.ByteFallback(),
                tokenizers.decoders.Metaspace(prepend_scheme="never", split=False)])
        return case(name, tokenizer.get_vocab_size(),
                    lambda ids: tokenizer.decode(ids, skip_special_tokens=True), 120)

    return [folder(f"{FOLDER}/student"), folder(f"{FOLDER}/teacher"), file("byte-level/json"),
            file("unigram/xlmr"), file("unigram/bytes")]


def main():
    sizes = dict(vocab_size=VOCABULARY, max_position_embeddings=LENGTH)
    models = (
        teacher(),
        create(BertForSequenceClassification, f"{FOLDER}/student", 1, hidden_size=12,
               num_hidden_layers=1, num_attention_heads=2, intermediate_size=20, num_labels=2,
               **sizes),
        create(BertForMaskedLM, f"{FOLDER}/generator", 2, hidden_size=8, num_hidden_layers=1,
               num_attention_heads=2, intermediate_size=12, **sizes))
    random_maps = torch.Generator().manual_seed(3)
    maps = [torch.randn(6, width, generator=random_maps).double() / 3 for width in (24, 12)]
    cases = []
    for seed, (name, pairs) in enumerate(TEXTS.items()):
        game = Game(models, pairs, seed + 40)
        cases.append(game.step(name, 0.8) | {"contrast": game.contrast(name, 0.8, maps)})
    note = "float32 weights, expected values computed in float64, one text at a time"
    found = versions(transformers, tokenizers)
    write(f"{FOLDER}/expected.json", {"cases": cases}, __file__, found, note)
    write(f"{FOLDER}/decode.json", {"tokenizers": decodings()}, __file__, found,
          "decode(ids, skip_special_tokens=True)")


if __name__ == "__main__":
    main()
