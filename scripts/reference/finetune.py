"""Fine-tunes a BERT folder on a GLUE-format single-sentence task with plain torch and transformers.

The reference for `mate-kd teacher-finetune`: AdamW with no decay on biases and LayerNorms, linear
schedule with warm-up, gradient clipping, random order per epoch, padding to the longest text of
the batch, dropout on. A pooler or classifier that the folder lacks is drawn from N(0, 0.02) with
zero biases. Prints one JSON object; progress goes to standard error.

Run: ${PYTHON:-python3} scripts/reference/finetune.py --model DIR --data DIR/SST-2
"""

import argparse
import json
import math
import sys
import time

import torch
import torch.nn.functional as F
import transformers
from transformers import (BertForSequenceClassification, BertTokenizerFast,
                          get_linear_schedule_with_warmup)

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def arguments():
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", required=True, help="Hugging Face folder")
    parser.add_argument("--data", required=True, help="folder with train.tsv and dev.tsv")
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--eval-batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=2e-5)
    parser.add_argument("--warmup-ratio", type=float, default=0.06)
    parser.add_argument("--warmup-steps", type=int, help="wins over --warmup-ratio")
    parser.add_argument("--weight-decay", type=float, default=0.0)
    parser.add_argument("--max-grad-norm", type=float, default=1.0)
    parser.add_argument("--max-seq-length", type=int, default=128)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--max-steps", type=int, default=-1,
                        help="wins over --epochs when positive")
    parser.add_argument("--eval-steps", type=int, default=0, help="0: after every epoch")
    parser.add_argument("--output", help="save the final model and tokenizer here")
    return parser.parse_args()


def read(path):
    """Texts and labels of a file whose header names `sentence` and `label`; no quoting."""
    with open(path, encoding="utf-8", newline="\n") as file:
        rows = [line.rstrip("\r\n").split("\t") for line in file]
    text, label = rows[0].index("sentence"), rows[0].index("label")
    return [row[text] for row in rows[1:]], [int(row[label]) for row in rows[1:]]


def load(folder):
    """The model in float32 and the names of the tensors that were newly drawn."""
    model, report = BertForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, num_labels=2, initializer_range=0.02,
        output_loading_info=True)
    fresh = sorted(report["missing_keys"])
    allowed = {"bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight",
               "classifier.bias"}
    if not set(fresh) <= allowed:
        sys.exit(f"finetune.py: {folder} lacks {sorted(set(fresh) - allowed)}")
    return model, fresh


def padded(ids, indices, pad):
    """Ids and mask of the given texts, padded to the longest of them."""
    longest = max(len(ids[i]) for i in indices)
    rows = torch.full((len(indices), longest), pad)
    for row, index in enumerate(indices):
        rows[row, :len(ids[index])] = torch.tensor(ids[index])
    return rows, (torch.arange(longest) < torch.tensor([[len(ids[i])] for i in indices])).long()


@torch.no_grad()
def accuracy(model, ids, labels, batch, pad):
    model.eval()
    order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    right = 0
    for start in range(0, len(order), batch):
        chosen = order[start:start + batch]
        rows, mask = padded(ids, chosen, pad)
        found = model(input_ids=rows, attention_mask=mask).logits.argmax(-1).tolist()
        right += sum(a == labels[index] for a, index in zip(found, chosen))
    model.train()
    return right / len(ids)


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    tokenizer = BertTokenizerFast.from_pretrained(options.model)
    model, fresh = load(options.model)

    def encode(name):
        texts, labels = read(f"{options.data}/{name}.tsv")
        return tokenizer(texts, truncation=True,
                         max_length=options.max_seq_length)["input_ids"], labels

    (ids, labels), (dev_ids, dev_labels) = encode("train"), encode("dev")
    steps_per_epoch = math.ceil(len(ids) / options.batch)
    steps = options.max_steps if options.max_steps > 0 else math.ceil(
        options.epochs * steps_per_epoch)
    warmup = options.warmup_steps
    if warmup is None:
        warmup = math.ceil(options.warmup_ratio * steps)
    undecayed = [n for n, _ in model.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
    optimiser = torch.optim.AdamW(
        [{"params": [p for n, p in model.named_parameters() if n not in undecayed],
          "weight_decay": options.weight_decay},
         {"params": [p for n, p in model.named_parameters() if n in undecayed],
          "weight_decay": 0.0}], lr=options.lr, betas=(0.9, 0.999), eps=1e-8)
    schedule = get_linear_schedule_with_warmup(optimiser, warmup, steps)
    pad = model.config.pad_token_id
    order_draws = torch.Generator().manual_seed(options.seed)

    evaluations, losses, step, seen, training = [], [], 0, 0, 0.0
    model.train()
    while step < steps:
        order = torch.randperm(len(ids), generator=order_draws).tolist()
        for start in range(0, len(order), options.batch):
            began = time.perf_counter()
            chosen = order[start:start + options.batch]
            rows, mask = padded(ids, chosen, pad)
            logits = model(input_ids=rows, attention_mask=mask).logits
            loss = F.cross_entropy(logits, torch.tensor([labels[i] for i in chosen]))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), options.max_grad_norm)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
            training += time.perf_counter() - began
            step += 1
            seen += len(chosen)
            every = options.eval_steps or steps_per_epoch
            if step % every == 0 or step == steps:
                found = accuracy(model, dev_ids, dev_labels, options.eval_batch, pad)
                recent = losses[-min(every, len(losses)):]
                evaluations.append({"step": step, "epoch": step / steps_per_epoch,
                                    "accuracy": found, "train_loss": sum(recent) / len(recent),
                                    "train_seconds": training})
                print(json.dumps(evaluations[-1]), file=sys.stderr, flush=True)
            if step == steps:
                break
    if options.output:
        model.save_pretrained(options.output)
        tokenizer.save_pretrained(options.output)
    print(json.dumps({
        "settings": {**vars(options), "warmup_steps": warmup, "steps": steps},
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "newly_initialised": fresh, "train_examples": len(ids), "dev_examples": len(dev_ids),
        "evaluations": evaluations, "dev_accuracy": evaluations[-1]["accuracy"],
        "best_dev_accuracy": max(e["accuracy"] for e in evaluations),
        "train_seconds": training,
        "train_samples_per_second": seen / training,
    }))


if __name__ == "__main__":
    main()
