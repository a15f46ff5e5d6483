"""Compares `mate-kd tokenize` with transformers on random texts, for every folder of
Tests/Goldens/tokenizer-folders.json that is not refused.

Usage: ${PYTHON:-python3} scripts/tests/random_texts.py MATE_KD [TEXTS A FOLDER, 10000] [SEED, 1]
"""

import json
import os
import random
import subprocess
import sys
import tempfile

from transformers import AutoTokenizer

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PIECES = [
    "the", "plot", "Plot", "was", "good", "Good", "BAD", "bad", "badgood", "BadGood", "plot-hole",
    "Plot-hole", "hole", "ab", "Ab", "AB", "a", "b", "x", "E", "e1", "1", "café", "cafe\u0301", "É",
    "é中x", "中", "国", "İ", "ẞ", "ǅ", "ß", "Σ", "ς", "한", "か\u3099", "\u1e9b\u0323", "\u0301",
    "\u0307", "\u093c", "[E1]", "[/E1]", "[E2]", "[e1]", "<E1>", "[SEP]", "[CLS]", "[MASK]",
    "[PAD]",
    "[UNK]", "<s>", "</s>", "<mask>", "<pad>", "<unk>", "[", "]", "<", ">", "/", "-", "_", ".", ",",
    "'s", "'", "!", "…", "—", "☃", "😀", "👩\u200d💻", "\u200d", "\u200b", "\u00ad", "\ufeff",
    "\ufffd",
    "\x01", "\x7f", "\x85", "٣", "²", "ⅷ", "\u20e3", "ﬁ", "A\u030a", "Å", "\U0002f800", "\uf900",
]
SPACES = ["", "", "", " ", " ", "  ", "\t", "\u00a0", "\u2003", "\u3000", "\u2028", "\x0b", "\x0c"]


def text(source):
    return "".join(
        source.choice(SPACES) + source.choice(PIECES) for _ in range(source.randrange(12)))


def main():
    mate_kd = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    source = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    with open(f"{ROOT}/Tests/Goldens/tokenizer-folders.json", encoding="utf-8") as file:
        cases = [case for case in json.load(file)["cases"] if "refused" not in case]
    differences = 0
    for case in cases:
        texts = [text(source) for _ in range(count)]
        # A line cannot end in the character that ends lines elsewhere.
        texts = [t.rstrip("\r") for t in texts]
        with tempfile.TemporaryDirectory() as folder:
            for name, content in case["files"].items():
                with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
                    out.write(content)
            tokenizer = AutoTokenizer.from_pretrained(folder)
            found = subprocess.run(
                [mate_kd, "tokenize", "--model", folder, "--special-tokens-in-text"],
                input="".join(t + "\n" for t in texts).encode(), stdout=subprocess.PIPE, check=True)
            lines = [json.loads(line) for line in found.stdout.splitlines()]
            assert len(lines) == len(texts), (len(lines), len(texts))
            wrong = 0
            for t, ids in zip(texts, lines):
                expected = tokenizer(t)["input_ids"]
                if ids != expected:
                    wrong += 1
                    if wrong <= 3:
                        print(f"  {t!r}: {ids}, transformers {expected}")
        print(f"{case['name']}: {wrong} of {count} texts differ")
        differences += wrong
    print(f"{len(cases)} folders, {differences} differences")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
