"""Compares `mate-kd tokenize` with Hugging Face's tokenizer of the same model folder.

Reads every text column of every TSV below --glue, every line of every file below --lines and, with
--golden, the single texts of a tokenizer golden ([{"text", "pair", "bert": ids, "roberta": ids}]);
--random makes texts of random Unicode. Hugging Face's tokenizer is set to read special tokens
spelled in a text as text, as mate-kd does. The ids of a golden were made without this setting, so
its texts with such a spelling are left out and counted. So are texts with a line feed, or with a
carriage return at the end, which the line protocol cannot carry. Exits with 1 on any difference.

Run: ${PYTHON:-python3} scripts/reference/compare_tokens.py --mate-kd .build/release/mate-kd
     --model DIR [--glue DIR] [--lines DIR] [--golden FILE] [--random 100000 --seed 1]
"""

import argparse
import glob
import json
import os
import random
import subprocess
import sys

from transformers import BertTokenizerFast, RobertaTokenizerFast

from glue_columns import text_columns

SPECIAL = {
    "bert": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    "roberta": ["<pad>", "<unk>", "<s>", "</s>", "<mask>"],
}


def ours(options, texts):
    """Ids by `mate-kd tokenize`, which reads one text and writes one JSON array per line."""
    command = [options.mate_kd, "tokenize", "--model", options.model]
    result = subprocess.run(command, input="".join(text + "\n" for text in texts).encode(),
                            stdout=subprocess.PIPE, check=False)
    if result.returncode != 0:
        sys.exit(f"compare_tokens.py: {' '.join(command)} ended with {result.returncode}")
    lines = result.stdout.decode().splitlines()
    if len(lines) != len(texts):
        sys.exit(f"compare_tokens.py: {len(texts)} texts gave {len(lines)} lines")
    return [json.loads(line) for line in lines]


def random_texts(count, seed):
    """Texts of 1 to 40 parts: scalars, white space, marks, words, contractions, special tokens."""
    draw = random.Random(seed)
    spaces = [chr(c) for c in range(0x110000) if chr(c).isspace() and chr(c) != "\n"]
    words = ["the", "The", "it's", "IT'S", "they've", "we'll", "I'M", "o'clock", "2nd", "3.14",
             "1\u00bd", "na\u00efve", "e\u0301", "\u6771\u4eac", "\ud55c\uad6d",
             "\U0001f44d\U0001f3fd",
             "\u0627\u0644\u0639", "fi\u00df", "\ufb01", "unaffable", "--", "...", "''", "\u0130"]
    words += [token for tokens in SPECIAL.values() for token in tokens]

    def scalar():
        while True:
            c = draw.randrange(draw.choice([0x80, 0x250, 0x3000, 0x10000, 0x20000, 0x110000]))
            if not 0xD800 <= c <= 0xDFFF and c != 0x0A:
                return chr(c)

    kinds = [scalar, lambda: draw.choice(spaces), lambda: " ", lambda: draw.choice(words),
             lambda: chr(draw.randrange(0x20, 0x7F)), lambda: chr(draw.randrange(0x300, 0x370)),
             lambda: draw.choice("aeiost ") * draw.randrange(1, 9)]
    return ["".join(draw.choice(kinds)() for _ in range(draw.randrange(1, 41))).rstrip("\r")
            for _ in range(count)]


def compare(name, options, texts, expected):
    """Prints a line for the set; returns how many texts were compared, left out, different."""
    kept = [i for i, text in enumerate(texts)
            if "\n" not in text and not text.endswith("\r")
            and (callable(expected) or not any(token in text for token in SPECIAL[options.family]))]
    chosen = [texts[i] for i in kept]
    reference = expected(chosen) if callable(expected) else [expected[i] for i in kept]
    found = ours(options, chosen) if chosen else []
    different = [i for i in range(len(chosen)) if found[i] != reference[i]]
    print(f"{name}: {len(chosen)} texts, {len(texts) - len(chosen)} left out, "
          f"{len(different)} differences", flush=True)
    for index in different[:options.show]:
        print(f"  {chosen[index]!r}\n    reference {reference[index]}\n"
              f"    mate-kd   {found[index]}")
    return len(chosen), len(texts) - len(chosen), len(different)


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--mate-kd", required=True, help="the program")
    parser.add_argument("--model", required=True, help="folder with a tokenizer")
    parser.add_argument("--glue", help="folder searched for *.tsv")
    parser.add_argument("--lines", help="folder whose files' lines are texts")
    parser.add_argument("--golden", help="tokenizer_golden.json")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="random texts")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random texts")
    parser.add_argument("--show", type=int, default=3, help="differences printed per set")
    options = parser.parse_args()
    definition = os.path.join(options.model, "tokenizer.json")
    if os.path.exists(definition):
        with open(definition, encoding="utf-8") as file:
            is_bert = "merges" not in json.load(file)["model"]
    else:
        is_bert = os.path.exists(os.path.join(options.model, "vocab.txt"))
    options.family = "bert" if is_bert else "roberta"
    family = BertTokenizerFast if options.family == "bert" else RobertaTokenizerFast
    # No length limit on either side: nothing is truncated.
    tokenizer = family.from_pretrained(options.model, model_max_length=10**9)

    def reference(chosen):
        return tokenizer(chosen, split_special_tokens=True)["input_ids"]

    totals = []

    if options.golden:
        with open(options.golden, encoding="utf-8") as file:
            rows = [row for row in json.load(file)
                    if row["pair"] is None and options.family in row]
        totals.append(compare(os.path.basename(options.golden), options,
                              [row["text"] for row in rows],
                              [row[options.family] for row in rows]))
    if options.glue:
        for path in sorted(glob.glob(os.path.join(options.glue, "**", "*.tsv"), recursive=True)):
            for column, texts in text_columns(path).items():
                totals.append(compare(f"{os.path.relpath(path, options.glue)} {column}", options,
                                      texts, reference))
    if options.lines:
        for path in sorted(glob.glob(os.path.join(options.lines, "**", "*"), recursive=True)):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    lines = file.read().decode("utf-8", errors="replace").split("\n")
                totals.append(compare(f"{os.path.relpath(path, options.lines)} lines", options,
                                      [line.rstrip("\r") for line in lines if line.rstrip("\r")],
                                      reference))
    if options.random:
        totals.append(compare(f"random texts of seed {options.seed}", options,
                              random_texts(options.random, options.seed), reference))
    compared, skipped, different = (sum(column) for column in zip(*totals)) if totals else (0, 0, 0)
    print(f"total: {compared} texts, {skipped} left out, {different} differences")
    if compared == 0:
        sys.exit("compare_tokens.py: nothing to compare; "
                 "give --glue, --lines, --golden or --random")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
