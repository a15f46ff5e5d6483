"""Compares `mate-kd tokenize` with Hugging Face's BertTokenizerFast on real texts.

Reads every text column of every TSV below --glue and, with --golden, the single texts of a
tokenizer golden ([{"text", "pair", "bert": ids}]). Texts holding the spelling of a special token
are left out and counted: Hugging Face lets user text inject such tokens, mate-kd does not. So are
texts with a line feed, which the line protocol cannot carry. Exits with 1 on any difference.

Run: ${PYTHON:-python3} scripts/reference/compare_tokens.py --mate-kd .build/release/mate-kd
     --model DIR --glue DIR [--golden FILE]
"""

import argparse
import glob
import json
import os
import subprocess
import sys

from transformers import BertTokenizerFast

from glue_columns import text_columns

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def ours(options, texts):
    """Ids by `mate-kd tokenize`: a text a line in, a JSON array a line out."""
    command = [options.mate_kd, "tokenize", "--model", options.model]
    result = subprocess.run(command, input="".join(text + "\n" for text in texts).encode(),
                            stdout=subprocess.PIPE, check=False)
    if result.returncode != 0:
        sys.exit(f"compare_tokens.py: {' '.join(command)} ended with {result.returncode}")
    lines = result.stdout.decode().splitlines()
    if len(lines) != len(texts):
        sys.exit(f"compare_tokens.py: {len(texts)} texts gave {len(lines)} lines")
    return [json.loads(line) for line in lines]


def compare(name, options, texts, expected):
    """Prints a line for the set; returns how many texts were compared, left out, different."""
    kept = [i for i, text in enumerate(texts)
            if "\n" not in text and not any(token in text for token in SPECIAL)]
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
    parser.add_argument("--model", required=True, help="folder with vocab.txt")
    parser.add_argument("--glue", help="folder searched for *.tsv")
    parser.add_argument("--golden", help="tokenizer_golden.json")
    parser.add_argument("--show", type=int, default=3, help="differences printed per set")
    options = parser.parse_args()
    # No length limit on either side: nothing is truncated.
    tokenizer = BertTokenizerFast.from_pretrained(options.model, model_max_length=10**9)
    totals = []

    if options.golden:
        with open(options.golden, encoding="utf-8") as file:
            rows = [row for row in json.load(file) if row["pair"] is None and "bert" in row]
        totals.append(compare(os.path.basename(options.golden), options,
                              [row["text"] for row in rows], [row["bert"] for row in rows]))
    if options.glue:
        for path in sorted(glob.glob(os.path.join(options.glue, "**", "*.tsv"), recursive=True)):
            for column, texts in text_columns(path).items():
                totals.append(compare(f"{os.path.relpath(path, options.glue)} {column}", options,
                                      texts, lambda chosen: tokenizer(chosen)["input_ids"]))
    compared, skipped, different = (sum(column) for column in zip(*totals)) if totals else (0, 0, 0)
    print(f"total: {compared} texts, {skipped} left out, {different} differences")
    if compared == 0:
        sys.exit("compare_tokens.py: nothing to compare; give --glue or --golden")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
