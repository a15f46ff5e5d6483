"""Goldens of BERT sequence classification: forward, every gradient, and 20 steps of training.

Writes Tests/Goldens/bert-classifier (a Hugging Face folder, expected.json, gradients.safetensors)
and Tests/Goldens/trajectory/expected.json (AdamW from those weights).
Run: ${PYTHON:-python3} scripts/goldens/bert_classifier.py
"""

import torch
import torch.nn.functional as F
import transformers
from transformers import BertForSequenceClassification, get_linear_schedule_with_warmup

from bert import Batch, create, load, save_gradients, sequence
from golden import number, tensor, versions, write

FOLDER = "bert-classifier"
VOCABULARY, LABELS = 120, 3
NOTE = "float32 weights, expected values computed in float64 on padded batches; packed order here"
random = torch.Generator().manual_seed(20180704)


def batch(*shapes):
    sequences = [sequence(random, VOCABULARY, *shape) for shape in shapes]
    labels = torch.randint(0, LABELS, (len(shapes),), generator=random).tolist()
    return Batch(sequences, labels)


def forward():
    model = create(BertForSequenceClassification, FOLDER, 1, vocab_size=VOCABULARY, hidden_size=36,
                   num_hidden_layers=3, num_attention_heads=3, intermediate_size=72,
                   max_position_embeddings=40, num_labels=LABELS)
    given = batch((7,), (3,), (12, 6), (5,))
    result = model(input_ids=given.ids, token_type_ids=given.types, attention_mask=given.mask,
                   output_hidden_states=True)
    loss = F.cross_entropy(result.logits, torch.tensor(given.labels))
    loss.backward()
    names = save_gradients(model, f"{FOLDER}/gradients.safetensors")
    write(f"{FOLDER}/expected.json", {
        "batch": given.integers(),
        "hidden_states": [tensor(given.packed(state)) for state in result.hidden_states],
        "logits": tensor(result.logits),
        "loss": number(loss),
        "gradient_file": "gradients.safetensors",
        "gradient_names": names,
    }, __file__, versions(transformers), NOTE + "; hidden_states[0] is the embedding output")


def trajectory():
    random.manual_seed(20171114)
    rate, decay, steps, warmup, limit = 1e-3, 0.01, 20, 3, 1.0
    model = load(BertForSequenceClassification, FOLDER, hidden_dropout_prob=0.0,
                 attention_probs_dropout_prob=0.0).train()
    batches = [batch((7,), (3,), (12, 6), (5,)), batch((4,), (9, 4), (6,)), batch((15, 8), (3,)),
               batch((8,), (8,), (8,), (8,)), batch((5,), (11,), (2,), (17, 9), (6,))]
    undecayed = [name for name, _ in model.named_parameters()
                 if name.endswith("bias") or "LayerNorm" in name]
    groups = [
        {"params": [p for n, p in model.named_parameters() if n not in undecayed],
         "weight_decay": decay},
        {"params": [p for n, p in model.named_parameters() if n in undecayed], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.999), eps=1e-8)
    schedule = get_linear_schedule_with_warmup(optimiser, warmup, steps)
    losses, norms, rates = [], [], []
    for step in range(steps):
        given = batches[step % len(batches)]
        logits = model(input_ids=given.ids, token_type_ids=given.types,
                       attention_mask=given.mask).logits
        loss = F.cross_entropy(logits, torch.tensor(given.labels))
        optimiser.zero_grad()
        loss.backward()
        norms.append(number(torch.nn.utils.clip_grad_norm_(model.parameters(), limit)))
        losses.append(number(loss))
        rates.append(number(schedule.get_last_lr()[0]))
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        given = batches[0]
        last = model(input_ids=given.ids, token_type_ids=given.types, attention_mask=given.mask)
    write("trajectory/expected.json", {
        "weights": "../bert-classifier",
        "settings": {"optimiser": "adamw", "learning_rate": rate, "weight_decay": decay,
                     "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "max_grad_norm": limit,
                     "schedule": "linear", "warmup_steps": warmup, "max_steps": steps,
                     "dropout": 0.0},
        "undecayed": undecayed,
        "batches": [given.integers() for given in batches],
        "learning_rates": rates,
        "losses": losses,
        "gradient_norms": norms,
        "logits_after_training": tensor(last.logits),
        "classifier_bias_after_training": tensor(model.classifier.bias),
        "classifier_weight_after_training": tensor(model.classifier.weight),
    }, __file__, versions(transformers),
        "trained in float64; step i uses batch i mod 5 at learning_rates[i]; norms are before "
        "clipping; the logits are those of batch 0 after step 20")


if __name__ == "__main__":
    forward()
    trajectory()
