"""Loads a model folder written by mate-kd with transformers and compares predictions.

Fails if transformers reports a missing, unexpected or mismatched tensor, or if its tokenizer cannot
be loaded from the folder or does not suit the model. With --same-as it compares with the folder
that mate-kd read: class, architecture, every tensor bit by bit, and outputs on random ids. With
--input (TSV with a header, or plain lines) it computes logits in float64, one text at a time and
without padding. With --predictions (the JSON Lines of `mate-kd predict` for the same input: index,
label, probabilities, logits) it prints the largest relative difference of the logits (per row:
max |a - b| / max |reference|), the largest absolute difference of the probabilities, and the number
of different labels. Prints one JSON object; exits with 1 if a difference exceeds --tolerance.

Run: ${PYTHON:-python3} scripts/reference/check_folder.py --model DIR --input FILE
     --predictions FILE
or:  ${PYTHON:-python3} scripts/reference/check_folder.py --model DIR --same-as DIR
"""

import argparse
import json
import sys

import torch
import transformers
from transformers import AutoConfig, AutoTokenizer

from glue_columns import text_columns

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def load(folder):
    """The model, loaded strictly, by the class that its config names."""
    name = (AutoConfig.from_pretrained(folder).architectures or ["BertModel"])[0]
    model, report = getattr(transformers, name).from_pretrained(
        folder, dtype=torch.float64, output_loading_info=True)
    kinds = ["missing_keys", "unexpected_keys", "mismatched_keys"]
    faults = {kind: sorted(map(str, report.get(kind) or [])) for kind in kinds}
    if any(faults.values()):
        sys.exit(f"check_folder.py: {folder}: {json.dumps(faults)}")
    return model.eval(), name


def outputs(result):
    """The logits of any head; for a span head, those of starts and ends side by side."""
    if "start_logits" in result:
        return torch.stack([result.start_logits, result.end_logits], dim=-1)
    return result.logits


# Keys that mate-kd does not write, writes on its own, or that an encoder never uses.
OWN_KEYS = {"id2label", "label2id", "problem_type", "finetuning_task", "transformers_version",
            "_name_or_path", "dtype", "torch_dtype", "bos_token_id", "eos_token_id"}


def differences(folder, reference):
    """The differences between a model and the one in another folder: a list of sentences."""
    (model, name), (wanted, wanted_name) = load(folder), load(reference)
    found = [] if name == wanted_name else [f"class {name} instead of {wanted_name}"]
    config, wanted_config = model.config.to_dict(), wanted.config.to_dict()
    found += [f"config {key}: {config.get(key)} instead of {value}"
              for key, value in wanted_config.items()
              if key not in OWN_KEYS and config.get(key) != value]
    tensors, wanted_tensors = model.state_dict(), wanted.state_dict()
    found += [f"tensor {key} is in one folder only"
              for key in tensors.keys() ^ wanted_tensors.keys()]
    found += [f"tensor {key} differs" for key, value in tensors.items()
              if key in wanted_tensors and not torch.equal(value, wanted_tensors[key])]
    if found:
        return found
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(2, model.config.vocab_size, (3, 9), generator=generator)
    mask = torch.tensor([[1] * n + [0] * (9 - n) for n in (9, 4, 6)])
    with torch.no_grad():
        same = torch.equal(outputs(model(input_ids=ids, attention_mask=mask)),
                           outputs(wanted(input_ids=ids, attention_mask=mask)))
    return [] if same else ["the outputs differ"]


def texts_of(path):
    """Texts or pairs of texts of a TSV with known columns, else the lines of the file."""
    columns = list(text_columns(path).values())
    if columns:
        return list(zip(*columns[:2]))
    with open(path, encoding="utf-8", newline="\n") as file:
        return [(line.rstrip("\n"),) for line in file]


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--same-as", help="a folder with the same weights, written by transformers")
    parser.add_argument("--input")
    parser.add_argument("--predictions")
    parser.add_argument("--max-seq-length", type=int, default=128)
    parser.add_argument("--limit", type=int, default=1000, help="compare at most so many texts")
    parser.add_argument("--tolerance", type=float, default=1e-5)
    parser.add_argument("--show", type=int, default=3, help="texts whose logits are printed")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, name = load(options.model)
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    report = {"model": options.model, "class": name, "tokenizer": type(tokenizer).__name__,
              "parameters": sum(value.numel() for value in model.parameters()),
              "labels": getattr(model.config, "id2label", None)}
    failed = False
    if options.same_as:
        report["differences"] = differences(options.model, options.same_as)
        failed = bool(report["differences"])
    # The tokenizer must give the model exactly the inputs that it takes.
    with torch.no_grad():
        outputs(model(**tokenizer("a", "b", return_tensors="pt")))
    if options.input:
        texts = texts_of(options.input)[:options.limit]
        logits = []
        with torch.no_grad():
            for parts in texts:
                encoded = tokenizer(*parts, truncation=True, max_length=options.max_seq_length,
                                    return_tensors="pt")
                logits.append(outputs(model(**encoded))[0])
        report["texts"] = len(texts)
        report["first"] = [{"text": parts, "logits": row.tolist()}
                           for parts, row in list(zip(texts, logits))[:options.show]]
        if options.predictions:
            failed = not compare(options, logits, report)
    print(json.dumps(report, ensure_ascii=False))
    sys.exit(1 if failed else 0)


def compare(options, logits, report):
    """Adds the differences to the report; returns true if they are within the tolerance."""
    with open(options.predictions, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file][:options.limit]
    if [row["index"] for row in rows] != list(range(len(logits))):
        sys.exit(f"check_folder.py: {options.predictions}: expected rows with index 0 to "
                 f"{len(logits) - 1} in order, found {len(rows)} rows")
    relative, absolute, labels = 0.0, 0.0, 0
    for row, reference in zip(rows, logits):
        found = torch.tensor(row["logits"], dtype=torch.float64)
        relative = max(relative, ((found - reference).abs().max() / reference.abs().max()).item())
        if len(reference) > 1:
            probabilities = torch.tensor(row["probabilities"], dtype=torch.float64)
            absolute = max(absolute, (probabilities - reference.softmax(-1)).abs().max().item())
            number = int(reference.argmax())
            names = report["labels"] or {}
            labels += row["label"] not in (number, str(number), names.get(number),
                                           names.get(str(number)))
    report["max_relative_difference"] = relative
    report["max_probability_difference"] = absolute
    report["different_labels"] = labels
    return relative <= options.tolerance and absolute <= options.tolerance and labels == 0


if __name__ == "__main__":
    main()
