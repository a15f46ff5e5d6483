#!/usr/bin/env python3
"""Writes Tests/Goldens/unicode/{blocks,sequences,pool,vocab,pieces,truncation}.txt.

blocks:     for six option sets, one FNV-1a 64 hash per 4096 scalars over the words into which
            the reference splits `a<scalar>b`.
sequences:  the same over pseudo-random strings of the scalars in pool.txt (marks, Hangul, Chinese,
            controls, punctuation, ASCII), in which scalars affect each other.
pieces:     texts as hexadecimal UTF-8 with the ids under vocab.txt: plain, and with special
            tokens parsed.
truncation: lengths of pairs after Hugging Face's longest-first truncation.
Usage: ${PYTHON:-python3} scripts/goldens/wordpiece.py
"""
import pathlib
import unicodedata

from tokenizers import AddedToken, Tokenizer, models, processors
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests/Goldens/unicode"
SETS = {  # name: clean, chinese, strip, lower
    "uncased": (1, 1, 1, 1), "cased": (1, 1, 0, 0), "lower": (1, 1, 0, 1), "strip": (1, 1, 1, 0),
    "bare": (0, 0, 0, 0), "unclean": (0, 1, 1, 1),
}
M64 = (1 << 64) - 1


def fnv(data, h=0xCBF29CE484222325):
    for b in data:
        h = ((h ^ b) * 0x100000001B3) & M64
    return h


def splitter(name):
    clean, chinese, strip, lower = map(bool, SETS[name])
    norm = BertNormalizer(clean_text=clean, handle_chinese_chars=chinese, strip_accents=strip,
                          lowercase=lower)
    pre = BertPreTokenizer()
    return lambda t: [w for w, _ in pre.pre_tokenize_str(norm.normalize_str(t))]


def digest(words):
    return b"".join(w.encode() + b"\xff" for w in words) + b"\xfe"


def pool():
    marks = [c for c in range(0x110000) if unicodedata.combining(chr(c))]
    chosen = marks[::7] + [c for c in marks if unicodedata.category(chr(c)) == "Mc"]
    chosen += list(range(0x1E000, 0x1E02B, 3)) + list(range(0x8D4, 0x8E2, 2)) + [0x302E, 0x302F]
    chosen += list(range(0x1D15E, 0x1D174)) + [0x34F, 0x900, 0x93A, 0x9CB, 0xCCA, 0xAC00, 0xAC01]
    chosen += [0xD7A3, 0x4E00, 0xF900, 0x3000, 0xA0, 0xAD, 0x200D, 0xFFFD, 0, 9, 0x85, 0x2028]
    chosen += [0x130, 0x3A3, 0x1E9E, 0x37E, 0x2260, 0x1FEF, 0x212B, 0xFB01, 0x1F44D, 0x1E944]
    chosen += [0x41, 0x62, 0x20, 0x2E, 0x5B, 0x10FFFF, 0xE9, 0xC5, 0x41, 0x62, 0x20, 0x344, 0x341]
    return sorted(set(chosen))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    lines = []
    for name in SETS:
        words = splitter(name)
        for block in range(0x110000 // 4096):
            h = 0xCBF29CE484222325
            for c in range(block * 4096, block * 4096 + 4096):
                if not 0xD800 <= c <= 0xDFFF:
                    h = fnv(digest(words("a" + chr(c) + "b")), h)
            lines.append(f"{name} {block} {h:016x}")
    (OUT / "blocks.txt").write_text("\n".join(lines) + "\n")

    scalars = pool()
    (OUT / "pool.txt").write_text(" ".join(f"{c:X}" for c in scalars) + "\n")
    lines = []
    for name in SETS:
        words, state = splitter(name), 1
        for block in range(40):
            h = 0xCBF29CE484222325
            for _ in range(500):
                text = ""
                for _ in range(10):
                    state = (state * 6364136223846793005 + 1442695040888963407) & M64
                    text += chr(scalars[(state >> 33) % len(scalars)])
                h = fnv(digest(words(text)), h)
            lines.append(f"{name} {block} {h:016x}")
    (OUT / "sequences.txt").write_text("\n".join(lines) + "\n")

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    vocab = special + list(letters[:20]) + ["##" + x for x in letters[:20]]
    vocab += list("!,.'[]#-") + ["the", "un", "##aff", "##able", "##ffa", "mask", "cafe", "##e",
              "é", "東", "京", "Å", "naive", "Naive", "ab", "abc", "##cd", "##bcd"]
    vocab += ["\u1112\u1161\u11ab", "##\u1100", "x" * 100, "ß"]
    (OUT / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    texts = ["", " ", "the", "The unaffable cafe!", "unaffable unaffablex", "Café CAFÉ cafe\u0301",
             "naïve Naïve", "東京the東", "a[MASK]b [mask] [ MASK ]", "[CLS][SEP] [UNK][PAD]",
             "[MAS[MASK]K]",
             "abcd abcbcd", "x" * 100, "x" * 101,
             "ÅÅ Å", "한가 한", "ß ẞ", "a\u200db a\u00adb a\0b",
             "a\u00a0b\u2028c\td\re\nf\x0bg",
             "zzz the zzz", "e-d.c,b!a", "##ab #ab", "👍🏽 a"]
    lines = []
    for name in ("uncased", "cased"):
        lower = name == "uncased"
        for parse in (0, 1):
            t = Tokenizer(models.WordPiece({w: i for i, w in enumerate(vocab)}, unk_token="[UNK]"))
            t.normalizer, t.pre_tokenizer = BertNormalizer(lowercase=lower), BertPreTokenizer()
            if parse:
                t.add_special_tokens(
                    [AddedToken(s, special=True, normalized=False) for s in special])
            for text in texts:
                ids = t.encode(text, add_special_tokens=False).ids
                listed = ",".join(map(str, ids)) or "-"
                lines.append(f"{name} {parse} {text.encode().hex() or '-'} {listed}")
    (OUT / "pieces.txt").write_text("\n".join(lines) + "\n")

    t = Tokenizer(models.WordPiece({w: i for i, w in enumerate(vocab)}, unk_token="[UNK]"))
    t.pre_tokenizer = BertPreTokenizer()
    t.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    lines = []
    for limit in (3, 4, 5, 6, 8, 9, 12, 16):
        t.enable_truncation(limit)
        for n in range(0, 14):
            e = t.encode(" ".join("a" * n))
            lines.append(f"{limit} {n} - {sum(i == 5 for i in e.ids)} -")
            for m in range(0, 14):
                e = t.encode(" ".join("a" * n), " ".join("b" * m))
                kept = sum(i == 5 for i in e.ids), sum(i == 6 for i in e.ids)
                lines.append(f"{limit} {n} {m} {kept[0]} {kept[1]}")
    (OUT / "truncation.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
