#!/usr/bin/env python3
"""Writes Tests/Goldens/squad: questions, and the results of the official rules for answers to them.

dev.json:      a made-up file in the layout of SQuAD 2.0.
words.txt:     one FNV-1a 64 hash per 4096 scalars over the normalised answers
               `A<s>the<s> <s>an x<s>a The_<s>.`, and of pseudo-random texts of odd parts.
offsets.txt:   pseudo-random texts of odd parts, and hashes over their tokens with the bytes that
               each token represents.
scores.json:   answers to dev.json with the metrics of evaluate-v1.1.py and evaluate-v2.0.py.
decoding.json: windows of dev.json under two tokenizers, and the results of run_qa.py for made-up
               logits.
subset.json:   only with the folder of data and models next to the repository: metrics of made-up
               answers to its SQuAD 2.0 sample, and hashes of windows under two real tokenizers.
Usage: ${PYTHON:-python3} scripts/goldens/squad.py [SHARED-FOLDER]
"""
import collections
import json
import pathlib
import re
import string
import sys
import unicodedata

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import BPE, WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, ByteLevel
from tokenizers.processors import RobertaProcessing, TemplateProcessing

from wordpiece import M64, fnv

GOLDENS = pathlib.Path(__file__).resolve().parents[2] / "Tests/Goldens"
OUT = GOLDENS / "squad"


class Draws:
    """The generator that the tests also have."""

    def __init__(self, state):
        self.state = state

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & M64
        return (self.state >> 33) % bound


# The official scripts.

def normalize_answer(text):
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    text = re.sub(re.compile(r"\b(a|an|the)\b", re.UNICODE), " ", text)
    return " ".join(text.split())


def f1_score(gold, answer, version):
    gold, answer = normalize_answer(gold).split(), normalize_answer(answer).split()
    if version == "2.0" and (not gold or not answer):
        return int(gold == answer)
    same = sum((collections.Counter(gold) & collections.Counter(answer)).values())
    if same == 0:
        return 0
    precision, recall = 1.0 * same / len(answer), 1.0 * same / len(gold)
    return (2 * precision * recall) / (precision + recall)


def questions_of(dataset):
    for article in dataset["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                yield paragraph["context"], question


def raw_scores(dataset, answers, version):
    exact, f1 = {}, {}
    for _, question in questions_of(dataset):
        golds = [a["text"] for a in question["answers"]]
        if version == "2.0":
            golds = [g for g in golds if normalize_answer(g)] or [""]
        answer = answers[question["id"]]
        exact[question["id"]] = max(
            int(normalize_answer(g) == normalize_answer(answer)) for g in golds)
        f1[question["id"]] = max(f1_score(g, answer, version) for g in golds)
    return exact, f1


def best_threshold(answers, scores, margins, has_answer):
    current = best = sum(1 for k in has_answer if not has_answer[k])
    threshold = 0.0
    for key in sorted(margins, key=lambda k: margins[k]):
        if has_answer[key]:
            current += scores[key]
        elif answers[key]:
            current -= 1
        if current > best:
            best, threshold = current, margins[key]
    return 100.0 * best / len(scores), threshold


def metrics(dataset, answers, version, margins=None):
    exact, f1 = raw_scores(dataset, answers, version)

    def means(keys):
        return [100.0 * sum(x[k] for k in keys) / len(keys) for x in (exact, f1)]
    keys = list(exact)
    if version == "1.1":
        return dict(zip(("exact_match", "f1"), means(keys)))
    result = dict(zip(("exact", "f1"), means(keys)))
    has_answer = {q["id"]: bool(q["answers"]) for _, q in questions_of(dataset)}
    for name, wanted in (("HasAns", True), ("NoAns", False)):
        chosen = [k for k in keys if has_answer[k] == wanted]
        if chosen:
            result |= dict(zip((f"{name}_exact", f"{name}_f1"), means(chosen)))
    if margins is not None:
        for name, scores in (("exact", exact), ("f1", f1)):
            best, threshold = best_threshold(answers, scores, margins, has_answer)
            result |= {f"best_{name}": best, f"best_{name}_thresh": threshold}
    return result


# run_qa.py.

def windows_of(tokenizer, question, context, maximum, overlap):
    tokenizer.enable_truncation(maximum, stride=overlap, strategy="only_second")
    first = tokenizer.encode(question.lstrip(), context)
    return [first] + first.overflowing


def target_of(window, answers, impossible):
    if impossible:
        return 0, 0
    start, text = answers[0]["answer_start"], answers[0]["text"]
    end = start + len(text)
    first, last = 0, len(window.ids) - 1
    while window.sequence_ids[first] != 1:
        first += 1
    while window.sequence_ids[last] != 1:
        last -= 1
    if not (window.offsets[first][0] <= start and window.offsets[last][1] >= end):
        return 0, 0
    # If the answer begins with the last token, run_qa.py here runs past the end of the window,
    # whose special token is also "at 0". And it leaves pairs in the wrong order if tokens of
    # parts of one character all have its position.
    final = last
    while first <= final and window.offsets[first][0] <= start:
        first += 1
    while window.offsets[last][1] >= end:
        last -= 1
    return tuple(sorted((first - 1, last + 1)))


def decode(context, windows, logits, negative, count, longest, threshold):
    none, found = None, []
    for window, (starts, ends) in zip(windows, logits):
        score = starts[0] + ends[0]
        if none is None or none["score"] > score:
            none = {"offsets": (0, 0), "score": score}
        offsets = [o if s == 1 else None for o, s in zip(window.offsets, window.sequence_ids)]
        for first in np.argsort(starts)[-1:-count - 1:-1].tolist():
            for last in np.argsort(ends)[-1:-count - 1:-1].tolist():
                if offsets[first] is None or offsets[last] is None:
                    continue
                if last < first or last - first + 1 > longest:
                    continue
                found.append({"offsets": (offsets[first][0], offsets[last][1]),
                              "score": starts[first] + ends[last]})
    if negative:
        found.append(none)
    kept = sorted(found, key=lambda x: x["score"], reverse=True)[:count]
    if negative and not any(x["offsets"] == (0, 0) for x in kept):
        kept.append(none)
    scores = np.array([x["score"] for x in kept], dtype=np.float64)
    powers = np.exp(scores - scores.max())
    texts = [context[a:b] for a, b in (x["offsets"] for x in kept)]
    best = next((i for i, text in enumerate(texts) if text), None)
    answer = "" if best is None else texts[best]
    margin = 0.0
    if negative:
        margin = float(none["score"]) - (0.0 if best is None else float(kept[best]["score"]))
        if margin > threshold:
            answer = ""
    return {"answer": answer, "margin": margin,
            "candidates": [[text, float(f"{p:.7g}")] for text, p in
                           zip(texts, powers / powers.sum())]}


def made_up_dataset():
    rows = [
        ("The Normans (Norman: Nourmands; French: Normands; Latin: Normanni) were the people who in "
         "the 10th and 11th centuries gave their name to Normandy, a region in France. They were "
         "descended from Norse raiders from Denmark, Iceland and Norway who, under their leader "
         "Rollo, agreed to swear fealty to King Charles III of West Francia.", [
             ("In what country is Normandy?", ["France", "France.", "the France"]),
             ("Who was the leader of the Norse?", ["Rollo", "their leader Rollo"]),
             ("When were the Normans in Normandy?", ["10th and 11th centuries",
                                                     "in the 10th and 11th centuries"]),
             ("Who gave their name to Normandy in the 1000's and 1100's", []),
             ("   Which king?", ["Charles III of West Francia"]),
             ("What comes first?", ["The"]),
             ("What comes last?", ["Francia."])]),
        ("Der Café-Preis stieg auf 3,50 €; in 東京都 kostet er ¥500. Ελλάδα ΟΔΟΣ 👍🏽 sagt: "
         "„naïve Ångström“ … e\u0301te\u0301 und İstanbul\u00a0(a an the) 😀😀 Ende", [
             ("Preis?", ["3,50 €"]), ("東京?", ["¥500", "500"]), ("ΟΔΟΣ?", ["ΟΔΟΣ 👍🏽"]),
             ("Wer?", ["Ångström“ …"]), ("Wo?", ["İstanbul"]), ("Artikel?", ["a an the"]),
             ("Smileys?", ["😀😀"]), ("Nichts?", []), ("Letztes?", ["e\u0301te\u0301 und"])]),
        ("Short.", [("What?", ["Short"]), ("Why?", [])]),
    ]
    paragraphs = []
    for context, entries in rows:
        questions = []
        for text, answers in entries:
            listed = [{"text": a, "answer_start": context.find(a)} for a in answers]
            # An annotator's answer may not be in the text; it counts all the same.
            questions.append({
                "question": text, "id": f"q{len(paragraphs)}-{len(questions)}",
                "answers": listed, "is_impossible": not answers})
        paragraphs.append({"qas": questions, "context": context})
    return {"version": "v2.0", "data": [{"title": "made up", "paragraphs": paragraphs}]}


def made_up_answers(dataset, draws):
    """No answer, an annotator's answer, or a piece of the text; and a margin."""
    answers, margins = {}, {}
    for context, question in questions_of(dataset):
        kind, golds = draws.below(4), question["answers"]
        if kind == 0:
            answer = ""
        elif kind == 1 and golds:
            answer = golds[draws.below(len(golds))]["text"]
        else:
            start = draws.below(len(context))
            answer = context[start:start + 1 + draws.below(30)]
        answers[question["id"]] = answer
        margins[question["id"]] = (draws.below(2001) - 1000) / 64
    return answers, margins


def write_words():
    lines = []
    for block in range(0x110000 // 4096):
        h = 0xCBF29CE484222325
        for c in range(block * 4096, block * 4096 + 4096):
            s = chr(c)
            if unicodedata.category(s) in ("Cn", "Cs"):
                continue
            text = f"A{s}the{s} {s}an x{s}a The_{s}."
            h = fnv(normalize_answer(text).encode() + b"\xff", h)
        lines.append(f"{block} {h:016x}")
    parts = ["a", "A", "an", "the", "The", "THE", " ", " ", "  ", ".", "'", "-", "_", "x", "1", "½",
             "Σ", "Σ", "ΑΣ", "İ", "\u0301", "\u0301", "\u00ad", "\u200d", "é", "東", "ª", "²", "\t",
             "\u00a0", "\u3000", "\u0085", "\x1c", "ͅ", "’", "„", "ß", "ẞ", "Ⅷ", "ǅ", "٣", "ा"]
    draws = Draws(3)
    lines.append(" ".join(p.encode().hex() for p in parts))
    for _ in range(20):
        h = 0xCBF29CE484222325
        for _ in range(500):
            text = "".join(parts[draws.below(len(parts))] for _ in range(9))
            h = fnv(normalize_answer(text).encode() + b"\xff", h)
        lines.append(f"{h:016x}")
    (OUT / "words.txt").write_text(f"{unicodedata.unidata_version}\n" + "\n".join(lines) + "\n")


def small_tokenizers():
    words = (GOLDENS / "unicode/vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    wordpiece = Tokenizer(WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    wordpiece.normalizer, wordpiece.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    wordpiece.post_processor = TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    files = GOLDENS / "byte-level/files"
    bpe = Tokenizer(BPE.from_file(str(files / "vocab.json"), str(files / "merges.txt")))
    bpe.pre_tokenizer = ByteLevel(add_prefix_space=False)
    vocab = bpe.get_vocab()
    bpe.post_processor = RobertaProcessing(
        ("</s>", vocab["</s>"]), ("<s>", vocab["<s>"]), True, False)
    return {"wordpiece": wordpiece, "byte-level": bpe}


def byte_offsets(text):
    places = [0]
    for c in text:
        places.append(places[-1] + len(c.encode()))
    return places


def write_offsets():
    parts = ["a", "the", "The", "unaffable", "cafe", "x", "1st", " ", " ", " ", "  ", "\t", "\n", ".",
             ",", "!", "-", "'s", "'", "(", "é", "É", "e\u0301", "ﬁ", "Å", "ß", "ẞ", "İ", "Σ", "東京",
             "東", "한", "한국", "Ⅷ", "½", "👍", "👍🏽", "👨\u200d👩", "\u00ad", "\u200b", "\u00a0", "\u3000",
             "\ufffd", "\0", "\x7f", "«", "…", "„", "ü", "u\u0308", "ạ\u0302", "\u0378", "ज़ी", "𝔞"]
    lines = [" ".join(p.encode().hex() for p in parts)]
    for name, tokenizer in small_tokenizers().items():
        draws = Draws(13)
        for _ in range(20):
            h = 0xCBF29CE484222325
            for _ in range(500):
                text = "".join(parts[draws.below(len(parts))] for _ in range(8))
                found, places = tokenizer.encode(text, add_special_tokens=False), byte_offsets(text)
                for token, (a, b) in zip(found.ids, found.offsets):
                    for n in (token, places[a], places[b]):
                        h = fnv(n.to_bytes(4, "little"), h)
            lines.append(f"{name} {h:016x}")
    (OUT / "offsets.txt").write_text("\n".join(lines) + "\n")


def write_decoding(dataset):
    cases, draws = [], Draws(5)
    settings = [  # window, overlap, candidates, tokens of an answer, threshold
        (52, 8, 20, 30, 0.0), (64, 16, 5, 6, -1.5), (400, 100, 20, 30, 2.0)]
    for name, tokenizer in small_tokenizers().items():
        for maximum, overlap, count, longest, threshold in settings:
            case = {"tokenizer": name, "max_seq_length": maximum, "doc_stride": overlap,
                    "n_best_size": count, "max_answer_length": longest,
                    "threshold": threshold, "questions": []}
            for context, question in questions_of(dataset):
                windows = windows_of(tokenizer, question["question"], context, maximum, overlap)
                # Distinct within a window, so that the order of equal ones does not matter.
                logits = []
                for window in windows:
                    pair = []
                    for _ in range(2):
                        steps = list(range(len(window.ids)))
                        for i in range(len(steps) - 1, 0, -1):
                            j = draws.below(i + 1)
                            steps[i], steps[j] = steps[j], steps[i]
                        pair.append(np.array(
                            [(s * 1000 + draws.below(999)) / 16384 for s in steps], np.float32))
                    logits.append(pair)
                found = {"windows": [
                    {"ids": w.ids, "types": w.type_ids,
                     "offsets": [list(o) for o, s in zip(w.offsets, w.sequence_ids) if s == 1],
                     "target": list(target_of(w, question["answers"], question["is_impossible"]))}
                    for w in windows]}
                located = all(a["answer_start"] >= 0 for a in question["answers"][:1])
                assert located
                for key, negative in (("v1.1", False), ("v2.0", True)):
                    found[key] = decode(
                        context, windows, logits, negative, count, longest, threshold)
                case["questions"].append(found)
            cases.append(case)
    (OUT / "decoding.json").write_text(
        json.dumps(cases, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_scores(dataset):
    draws, cases = Draws(7), []
    for _ in range(40):
        answers, margins = made_up_answers(dataset, draws)
        answerable = {"data": [{"paragraphs": [
            {"context": p["context"], "qas": [q for q in p["qas"] if q["answers"]]}
            for p in dataset["data"][0]["paragraphs"]]}]}
        cases.append({
            "answers": list(answers.values()), "margins": list(margins.values()),
            "v1.1": metrics(answerable, answers, "1.1"),
            "v2.0": metrics(dataset, answers, "2.0", margins)})
    (OUT / "scores.json").write_text(
        json.dumps(cases, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_subset(shared):
    dataset = json.loads((shared / "data/squad2/dev-subset-v2.0.json").read_text(encoding="utf-8"))
    answers, margins = made_up_answers(dataset, Draws(11))
    result = {"metrics": metrics(dataset, answers, "2.0", margins), "windows": {}}
    models = shared / "models"
    words = (models / "paraphrase-MiniLM-L3-v2/vocab.txt").read_text(encoding="utf-8").split("\n")
    words = [w for w in words if w]
    uncased = Tokenizer(WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    uncased.normalizer, uncased.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    cls, sep = words.index("[CLS]"), words.index("[SEP]")
    uncased.post_processor = TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", cls), ("[SEP]", sep)])
    roberta = Tokenizer.from_file(str(models / "roberta-base-tokenizer/tokenizer.json"))
    for name, tokenizer in (("paraphrase-MiniLM-L3-v2", uncased),
                            ("roberta-base-tokenizer", roberta)):
        for maximum, overlap in ((96, 24), (384, 128)):
            hashes, h, count = [], 0xCBF29CE484222325, 0
            rows = list(questions_of(dataset))
            for row, (context, question) in enumerate(rows):
                places = byte_offsets(context)
                for w in windows_of(tokenizer, question["question"], context, maximum, overlap):
                    count += 1
                    numbers = list(w.ids)
                    for (a, b), s in zip(w.offsets, w.sequence_ids):
                        if s == 1:
                            numbers += [places[a], places[b]]
                    numbers += target_of(w, question["answers"], question["is_impossible"])
                    h = fnv(b"".join(n.to_bytes(4, "little") for n in numbers), h)
                if row % 100 == 99 or row == len(rows) - 1:
                    hashes.append(f"{h:016x}")
            result["windows"][f"{name} {maximum} {overlap}"] = {"count": count, "hashes": hashes}
    (OUT / "subset.json").write_text(json.dumps(result, indent=1) + "\n")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    dataset = made_up_dataset()
    (OUT / "dev.json").write_text(json.dumps(dataset, ensure_ascii=False, indent=1) + "\n")
    write_words()
    write_offsets()
    write_scores(dataset)
    write_decoding(dataset)
    if len(sys.argv) > 1:
        write_subset(pathlib.Path(sys.argv[1]))


if __name__ == "__main__":
    main()
