#!/usr/bin/env python3
"""Writes Tests/Goldens/unigram: three small Unigram tokenizers and the results of the reference.

xlmr/tokenizer.json:  as XLMRobertaTokenizer's, with a charsmap of odd rules and scores that are
            often equal.
bytes/tokenizer.json: the same pieces with byte fallback, no prefix, no splitting at marks, and the
            normalisers Strip and Replace.
characters/tokenizer.json: a charsmap that shows where grapheme clusters end.
blocks:     one FNV-1a 64 hash per 4096 scalars over the ids of `a<s> <s>a` by characters/.
pool:       parts of the random texts, as hexadecimal UTF-8.
sequences:  for four modes, a hash over the ids of each 1000 texts of 10 parts drawn from the pool.
The parsed modes read special tokens that are spelled in a text. In the others the reference knows
no special tokens, so that their spellings are text as in mate-kd.
Usage: ${PYTHON:-python3} scripts/goldens/unigram.py
"""
import json
import pathlib
import random

from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors)

from charsmap import charsmap
from wordpiece import M64, fnv

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests/Goldens/unigram"
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
MODES = ["xlmr", "xlmr-parsed", "bytes", "bytes-parsed"]
MARK = "\u2581"

# Among them keys that begin others, keys of several characters, of characters that join others, and
# of the first byte of characters.
RULES = {
    "\t": " ", "\n": " ", "\r": " ", "\u00a0": " ", "\u2003": " ", "\u3000": " ", MARK: " ",
    "\x00": "", "\x01": "", "\x7f": "", "\u00ad": "", "\u200b": "", "\ufeff": " ", "\ufffd": " ",
    "ﬁ": "fi", "½": "1⁄2", "①": "1", "Ａ": "A", "㍿": "株式会社", "＜": "<", "＞": ">", "ß": "ss",
    "e": "e", "e\u0301": "é", "a\u0308": "ä", "が": "か", "か\u3099": "が", "\u0344": "\u0308\u0301",
    "\u0958": "\u0915\u093c", "\u0600": "P", "©\u200d": "(c)", "İ": "i\u0307", "\r\n": "  ",
    b"\xf3": "", "\u0378": "\u0379",
}


def pool():
    parts = ["the", "The", " the", "it's", " good", "goods", "bad", "x", "qz", "q", "2", "10", "½",
             "①", "Ａ", "ﬁ", "㍿", ".", ",", "!", "--", "\t", "\n", "\r\n", "\r", "\x0b", "\x85",
             "\xa0", "\xad", "\u2003", "\u2028", "\u200b", "\u200d", "\u3000", "\ufeff", "\ufffd",
             "\0", "\x01", "\x7f", " ", " ", " ", " ", "  ", "   ", "é", "e\u0301", "\u0301",
             "e\u0301\u0301", "e\u0301\u0301\u0301", "a\u0308", "\u0344", "ß", "İ", "東京", "한국", "한",
             "العربية", "\u0600a", "हिन्दी", "क\u093c", "\u0958", "ไทย", "が", "か\u3099", "👍", "👍🏽",
             "👨\u200d👩\u200d👧", "🇩🇪", "©", "©\u200d", "©\u200d©\u0301", "\u0378", "\U000e0041",
             "\U0010ffff", "ǅ", "aaaa", "<", ">", "s", "/", "＜s＞", MARK, MARK + "the", "the" + MARK,
             "[E1]", "E2", "<0x41>", "<mas", "k>", "</"]
    return parts + SPECIAL + ["<mask>", "[E1]"]


def pieces():
    """Pieces of what the texts are normalised to, with scores in steps that make many equal."""
    draw = random.Random(5)
    normalize = normalizers.Precompiled(charsmap(RULES)).normalize_str
    found = {MARK: -2.0, MARK + "the": -3.0, MARK + "good": -3.5, "s": -4.0}
    for part in pool():
        if part in SPECIAL + ["<mask>", "[E1]", "E2"]:
            continue
        text = MARK + normalize(part).strip(" ").replace(" ", MARK)
        for start in range(len(text)):
            for end in range(start + 1, min(len(text), start + 5) + 1):
                if draw.random() < 0.6 and text[start:end] not in [*SPECIAL, "<mask>"]:
                    found.setdefault(text[start:end], -draw.randrange(2, 20) / 2)
    found.update({"qz": -30.0, "aa": -3.25000000000000001, "aaa": -4.123456789012345})
    return [*[(name, 0.0) for name in SPECIAL], *found.items()]


def tokenizer_of(kind, parsed):
    vocabulary = pieces()
    if kind == "bytes":
        vocabulary += [(f"<0x{byte:02X}>", 0.0) for byte in range(256) if byte != 0xF4]
    vocabulary.append(("<mask>", 0.0))
    if not parsed:
        # Spellings that no text has.
        hidden = [*SPECIAL, "<mask>"]
        vocabulary = [(f"\ue000{name}" if name in hidden else name, score)
                      for name, score in vocabulary]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=kind == "bytes"))
    rules = normalizers.Precompiled(charsmap(RULES))
    if kind == "xlmr":
        tokenizer.normalizer = rules
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Metaspace(replacement=MARK, prepend_scheme="always")])
    else:
        tokenizer.normalizer = normalizers.Sequence([
            rules, normalizers.Strip(left=False, right=True),
            normalizers.Replace(Regex(" {2,}"), MARK), normalizers.Replace("--", "-")])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(
            replacement=MARK, prepend_scheme="never", split=False)
    tokenizer.decoder = decoders.Metaspace(replacement=MARK)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)])
    if parsed:
        tokenizer.add_special_tokens(SPECIAL)
        tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    if parsed and kind == "bytes":
        tokenizer.add_tokens([AddedToken("[E1]", rstrip=True, normalized=False),
                              AddedToken("E2", lstrip=True, normalized=True)])
    return tokenizer


def characters():
    tokenizer = Tokenizer(models.Unigram(
        [(name, 0.0) for name in SPECIAL] + [(piece, -1.0) for piece in ["X", "Y", MARK]]
        + [("<mask>", 0.0)], unk_id=3))
    tokenizer.normalizer = normalizers.Precompiled(
        charsmap({"a": "X", **{bytes([byte]): "Y" for byte in range(0xC2, 0xF5)}}))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement=MARK)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)])
    tokenizer.add_special_tokens(SPECIAL + ["<mask>"])
    return tokenizer


def save(name, tokenizer, **settings):
    (OUT / name).mkdir(parents=True, exist_ok=True)
    (OUT / name / "tokenizer.json").write_text(tokenizer.to_str() + "\n")
    (OUT / name / "tokenizer_config.json").write_text(json.dumps(settings) + "\n")


def main():
    save("xlmr", tokenizer_of("xlmr", True), tokenizer_class="XLMRobertaTokenizer")
    names = {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>",
             "mask_token": "<mask>"}
    save("bytes", tokenizer_of("bytes", True), tokenizer_class="PreTrainedTokenizerFast", **names)
    save("characters", characters(), tokenizer_class="XLMRobertaTokenizer")

    tokenizer = characters()
    lines = []
    for block in range(0x110000 // 4096):
        h = 0xCBF29CE484222325
        for c in range(block * 4096, block * 4096 + 4096):
            if 0xD800 <= c <= 0xDFFF:
                continue
            x = chr(c)
            for i in tokenizer.encode(f"a{x} {x}a", add_special_tokens=False).ids:
                h = fnv(i.to_bytes(2, "little"), h)
            h = fnv(b"\xff\xff", h)
        lines.append(f"{block} {h:016x}")
    (OUT / "blocks.txt").write_text("\n".join(lines) + "\n")

    parts = pool()
    (OUT / "pool.txt").write_text(" ".join(x.encode().hex() for x in parts) + "\n")
    lines = []
    for mode in MODES:
        tokenizer = tokenizer_of(mode.split("-")[0], mode.endswith("parsed"))
        if mode == "bytes":
            # Tokens that are not special are matched in both modes.
            tokenizer.add_tokens([AddedToken("[E1]", rstrip=True, normalized=False),
                                  AddedToken("E2", lstrip=True, normalized=True)])
        state = 1
        for block in range(10):
            h = 0xCBF29CE484222325
            for _ in range(1000):
                text = ""
                for _ in range(10):
                    state = (state * 6364136223846793005 + 1442695040888963407) & M64
                    text += parts[(state >> 33) % len(parts)]
                for i in tokenizer.encode(text, add_special_tokens=False).ids:
                    h = fnv(i.to_bytes(2, "little"), h)
                h = fnv(b"\xff\xff", h)
            lines.append(f"{mode} {block} {h:016x}")
    (OUT / "sequences.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
