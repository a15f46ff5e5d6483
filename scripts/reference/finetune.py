"""Fine-tunes a BERT folder on a GLUE task's own files with plain torch and transformers.

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
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import f1_score, matthews_corrcoef
from transformers import (BertForSequenceClassification, BertTokenizerFast,
                          get_linear_schedule_with_warmup)
from transformers.trainer_pt_utils import get_length_grouped_indices

from glue_columns import rows_of, text_columns

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
    parser.add_argument("--warmup-steps", type=int, help="overrides --warmup-ratio")
    parser.add_argument("--weight-decay", type=float, default=0.0)
    parser.add_argument("--max-grad-norm", type=float, default=1.0)
    parser.add_argument("--max-seq-length", type=int, default=128)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--max-steps", type=int, default=-1,
                        help="overrides --epochs if positive")
    parser.add_argument("--eval-steps", type=int, default=0, help="0: after every epoch")
    parser.add_argument("--group-by-length", action="store_true",
                        help="batches of texts of similar length, as in transformers' Trainer")
    parser.add_argument("--output", help="save the final model and tokenizer here")
    return parser.parse_args()


# For labels that are words; the other labels of GLUE are numbers.
LABELS = {"not_equivalent": 0, "equivalent": 1, "entailment": 0, "not_entailment": 1}


def read(path):
    """Texts (or pairs of texts), labels, and whether the labels are scores."""
    rows = rows_of(path)
    columns = list(text_columns(path).values())
    if not any(name in rows[0] for name in ("label", "score", "Quality")):
        column, rows = 1, [rows[0], *rows]  # CoLA has no header
    else:
        column = next(rows[0].index(name) for name in ("label", "score", "Quality")
                      if name in rows[0])
    values = [row[column] for row in rows[1:]]
    scores = rows[0][column] == "score"
    labels = [float(v) if scores else LABELS[v] if v in LABELS else int(v) for v in values]
    return columns, labels, scores


def metrics(found, labels, scores):
    """The metrics of GLUE that apply to these labels, by scipy and scikit-learn."""
    if scores:
        return {"pearson": float(pearsonr(found, labels)[0]),
                "spearmanr": float(spearmanr(found, labels)[0])}
    right = sum(a == b for a, b in zip(found, labels))
    return {"accuracy": right / len(labels), "f1": float(f1_score(labels, found)),
            "matthews_correlation": float(matthews_corrcoef(labels, found))}


def load(folder, outputs):
    """The model in float32 and the names of the tensors that were newly drawn."""
    model, report = BertForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, num_labels=outputs, initializer_range=0.02,
        output_loading_info=True)
    fresh = sorted(report["missing_keys"])
    allowed = {"bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight",
               "classifier.bias"}
    if not set(fresh) <= allowed:
        sys.exit(f"finetune.py: {folder} lacks {sorted(set(fresh) - allowed)}")
    return model, fresh


def padded(texts, indices, tokenizer):
    """The tensors of the given texts, padded to the longest of them."""
    return tokenizer.pad({name: [values[i] for i in indices] for name, values in texts.items()},
                         return_tensors="pt")


@torch.no_grad()
def evaluate(model, texts, labels, scores, batch, tokenizer):
    model.eval()
    order = sorted(range(len(labels)), key=lambda index: len(texts["input_ids"][index]))
    found = [0] * len(labels)
    for start in range(0, len(order), batch):
        chosen = order[start:start + batch]
        logits = model(**padded(texts, chosen, tokenizer)).logits
        values = logits[:, 0].tolist() if scores else logits.argmax(-1).tolist()
        for index, value in zip(chosen, values):
            found[index] = value
    model.train()
    return metrics(found, labels, scores)


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    tokenizer = BertTokenizerFast.from_pretrained(options.model)

    def encode(name):
        columns, labels, scores = read(f"{options.data}/{name}.tsv")
        texts = tokenizer(*columns, truncation=True, max_length=options.max_seq_length)
        return dict(texts), labels, scores

    (texts, labels, scores), (dev_texts, dev_labels, _) = encode("train"), encode("dev")
    model, fresh = load(options.model, 1 if scores else 2)
    steps_per_epoch = math.ceil(len(labels) / options.batch)
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
    order_draws = torch.Generator().manual_seed(options.seed)

    evaluations, losses, step, seen, training = [], [], 0, 0, 0.0
    model.train()
    while step < steps:
        if options.group_by_length:
            order = get_length_grouped_indices([len(ids) for ids in texts["input_ids"]],
                                               options.batch, generator=order_draws)
        else:
            order = torch.randperm(len(labels), generator=order_draws).tolist()
        for start in range(0, len(order), options.batch):
            began = time.perf_counter()
            chosen = order[start:start + options.batch]
            logits = model(**padded(texts, chosen, tokenizer)).logits
            target = torch.tensor([labels[i] for i in chosen])
            loss = (F.mse_loss(logits[:, 0], target) if scores
                    else F.cross_entropy(logits, target))
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
                found = evaluate(model, dev_texts, dev_labels, scores, options.eval_batch,
                                 tokenizer)
                recent = losses[-min(every, len(losses)):]
                evaluations.append({"step": step, "epoch": step / steps_per_epoch,
                                    **found, "train_loss": sum(recent) / len(recent),
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
        "newly_initialised": fresh, "train_examples": len(labels),
        "dev_examples": len(dev_labels),
        "evaluations": evaluations, "dev": found,
        "train_seconds": training,
        "train_samples_per_second": seen / training,
    }))


if __name__ == "__main__":
    main()
