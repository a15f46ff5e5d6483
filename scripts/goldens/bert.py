"""Shared code of the BERT goldens: tiny vocabularies, random Hugging Face folders, batches.

Weights are drawn and saved as float32. Expected values are computed after loading the saved folder
again as float64, so that they are exact for the content of the folder.
"""

import json
import os

import torch
import transformers
from safetensors.torch import save_file
from transformers import BertConfig

from golden import GOLDENS

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

PAD, UNK, CLS, SEP, MASK = range(5)


def vocabulary(size):
    """`size` tokens: specials, letters as words and as word pieces, then syllables."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    syllables = [first + second for second in "aeiou" for first in letters]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", "!", "'"]
    tokens += list(letters) + ["##" + letter for letter in letters] + syllables
    return tokens[:size]


def save(model, folder):
    """Saves config.json, model.safetensors, vocab.txt and tokenizer_config.json."""
    path = os.path.join(GOLDENS, folder)
    model.save_pretrained(path)
    os.chmod(os.path.join(path, "model.safetensors"), 0o644)
    generation = os.path.join(path, "generation_config.json")
    if os.path.exists(generation):
        os.remove(generation)
    with open(os.path.join(path, "vocab.txt"), "w", encoding="utf-8") as file:
        file.writelines(token + "\n" for token in vocabulary(model.config.vocab_size))
    with open(os.path.join(path, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump({"do_lower_case": True,
                   "model_max_length": model.config.max_position_embeddings,
                   "tokenizer_class": "BertTokenizer"}, file, indent=2)
        file.write("\n")


def create(kind, folder, seed, **sizes):
    """Draws a random model whose biases and LayerNorms differ from their initial 0 and 1."""
    torch.manual_seed(seed)
    config = BertConfig(hidden_act="gelu", hidden_dropout_prob=0.1,
                        attention_probs_dropout_prob=0.1, initializer_range=0.2,
                        layer_norm_eps=1e-12, pad_token_id=PAD, type_vocab_size=2, **sizes)
    model = kind(config)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.dim() == 1:
                value.add_(0.2 * torch.randn_like(value))
    save(model, folder)
    return load(kind, folder)


def load(kind, folder, **changes):
    """The model of a golden folder in float64, in evaluation mode."""
    model, report = kind.from_pretrained(os.path.join(GOLDENS, folder), dtype=torch.float64,
                                         attn_implementation="eager", output_loading_info=True,
                                         **changes)
    assert not report["missing_keys"] and not report["unexpected_keys"], report
    return model.eval()


def sequence(random, vocabulary_size, length, split=None):
    """Ids [CLS] … [SEP], or [CLS] … [SEP] … [SEP] with the second part starting at `split`."""
    ids = torch.randint(MASK + 1, vocabulary_size, (length,), generator=random).tolist()
    types = [0] * length
    ids[0], ids[-1] = CLS, SEP
    if split:
        ids[split - 1] = SEP
        types[split:] = [1] * (length - split)
    return ids, types


class Batch:
    """A ragged batch: packed lists for the golden, padded tensors for torch."""

    def __init__(self, sequences, labels):
        self.sequences, self.labels = sequences, labels
        self.lengths = [len(ids) for ids, _ in sequences]
        longest = max(self.lengths)
        self.ids = torch.tensor([ids + [PAD] * (longest - len(ids)) for ids, _ in sequences])
        self.types = torch.tensor([types + [0] * (longest - len(types)) for _, types in sequences])
        self.mask = torch.tensor([[1] * n + [0] * (longest - n) for n in self.lengths])

    def integers(self):
        """Packed ids, type ids and lengths, for the golden."""
        body = {
            "lengths": self.lengths,
            "ids": [i for ids, _ in self.sequences for i in ids],
            "types": [t for _, types in self.sequences for t in types],
        }
        if self.labels is not None:
            body["labels"] = self.labels
        return body

    def packed(self, padded):
        """The rows of a padded tensor that belong to real tokens, in packed order."""
        return padded[self.mask.bool()]


def save_gradients(model, relative_path):
    """Writes the gradient of every parameter under its Hugging Face name, as float32.

    A tied weight goes by the name that it has among the embeddings, as in checkpoints.
    """
    names = {}
    for name, value in model.named_parameters(remove_duplicate=False):
        if id(value) not in names or "word_embeddings" in name:
            names[id(value)] = (name, value)
    gradients = {}
    for name, value in names.values():
        assert value.grad is not None, f"no gradient for {name}"
        gradients[name] = value.grad.float().contiguous()
    save_file(gradients, os.path.join(GOLDENS, relative_path), metadata={"format": "pt"})
    return sorted(gradients)
