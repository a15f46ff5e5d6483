"""Goldens of the settings in config.json: which change the logits, which do not, which are refused.

Writes Tests/Goldens/model-settings.json. Each row of docs/model-folders.md about config.json is one
or more cases here: a family, what replaces members of the config.json of Tests/Goldens/
<family>-classifier (null removes a member), and the logits that transformers computes in float64
for the texts of that golden. A case that is said to have no effect is checked to have none, and one
that is obeyed to have one. Cases that mate-kd refuses have no logits.
Run: ${PYTHON:-python3} scripts/goldens/model_settings.py
"""

import json
import os
import shutil
import tempfile

import torch
import transformers
from transformers import AutoModelForSequenceClassification

from golden import GOLDENS, tensor, versions, write

REMOVED = "removed"
NOTE = "logits in float64 of the texts of <family>-classifier, one row a text"

# family, key that the case is about, changes, effect
CASES = [
    ("bert", "the folder as it is", {}, "none"),
    *[("bert", "hidden_act", {"hidden_act": name}, effect) for name, effect in [
        ("gelu", "none"), ("gelu_python", "none"), ("gelu_new", "obeyed"), ("gelu_fast", "obeyed"),
        ("gelu_pytorch_tanh", "obeyed"), ("gelu_python_tanh", "obeyed"),
        ("gelu_accurate", "obeyed"), ("relu", "obeyed"), ("tanh", "obeyed"),
        ("gelu_10", "refused"), ("hardswish", "refused"), ("laplace", "refused"),
        ("leaky_relu", "refused"), ("linear", "refused"), ("mish", "refused"),
        ("quick_gelu", "refused"), ("relu2", "refused"), ("relu6", "refused"),
        ("sigmoid", "refused"), ("silu", "refused"), ("sqrtsoftplus", "refused"),
        ("swish", "refused"), ("prelu", "refused"), ("xielu", "refused")]],
    ("bert", "layer_norm_eps", {"layer_norm_eps": 0.01}, "obeyed"),
    ("bert", "num_attention_heads", {"num_attention_heads": 1}, "obeyed"),
    ("bert", "hidden_dropout_prob", {"hidden_dropout_prob": 0.5}, "none"),
    ("bert", "attention_probs_dropout_prob", {"attention_probs_dropout_prob": 0.5}, "none"),
    ("bert", "classifier_dropout", {"classifier_dropout": 0.5}, "none"),
    ("bert", "initializer_range", {"initializer_range": 0.5}, "none"),
    ("bert", "chunk_size_feed_forward", {"chunk_size_feed_forward": 1}, "none"),
    ("bert", "use_cache", {"use_cache": False}, "none"),
    ("bert", "tie_word_embeddings", {"tie_word_embeddings": False}, "none"),
    ("bert", "output_attentions", {"output_hidden_states": True}, "none"),
    ("bert", "bos_token_id", {"bos_token_id": 5, "eos_token_id": 6}, "none"),
    ("bert", "pad_token_id", {"pad_token_id": 5}, "none"),
    ("bert", "pruned_heads", {"pruned_heads": {}}, "none"),
    ("bert", "embedding_size", {"embedding_size": 48}, "refused"),
    ("bert", "is_decoder", {"is_decoder": False}, "none"),
    ("bert", "is_decoder", {"is_decoder": True}, "refused"),
    ("bert", "add_cross_attention", {"add_cross_attention": True, "is_decoder": None}, "refused"),
    ("bert", "is_encoder_decoder", {"is_encoder_decoder": True}, "refused"),
    ("bert", "position_embedding_type", {"position_embedding_type": "absolute"}, "none"),
    ("bert", "position_embedding_type", {"position_embedding_type": "relative_key"}, "refused"),
    ("bert", "position_embedding_type", {"position_embedding_type": "relative_key_query"},
     "refused"),
    ("bert", "pruned_heads", {"pruned_heads": {"0": [1]}}, "refused"),
    ("bert", "per_layer_config", {"per_layer_config": {"0": {"intermediate_size": 8}}}, "refused"),
    ("bert", "quantization_config", {"quantization_config": {"quant_method": "gptq"}}, "refused"),
    ("bert", "auto_map", {"auto_map": {"AutoModel": "modeling.MyModel"}}, "refused"),
    ("bert", "type_vocab_size", {"type_vocab_size": 0}, "refused"),
    ("bert", "problem_type", {"problem_type": "single_label_classification"}, "none"),
    ("bert", "problem_type", {"problem_type": "multi_label_classification"}, "none"),
    ("bert", "problem_type", {"problem_type": "regression"}, "refused"),
    ("bert", "problem_type", {"problem_type": "ranking"}, "refused"),
    ("bert", "id2label", {"id2label": {"0": 0, "1": 1, "2": 2}, "label2id": REMOVED}, "none"),
    ("bert", "num_labels", {"num_labels": 4}, "refused"),
    ("bert", "architectures", {"architectures": ["BertForTokenClassification"]}, "refused"),
    ("bert", "architectures", {"architectures": ["BertForMultipleChoice"]}, "refused"),
    ("bert", "model_type", {"model_type": "albert"}, "refused"),
    ("bert", "model_type", {"model_type": "xlm-roberta-xl"}, "refused"),
    ("bert", "model_type", {"model_type": REMOVED}, "refused"),
    ("roberta", "the folder as it is", {}, "none"),
    ("roberta", "layer_norm_eps", {"layer_norm_eps": 0.01}, "obeyed"),
    ("roberta", "is_decoder", {"is_decoder": True}, "refused"),
    ("roberta", "position_embedding_type", {"position_embedding_type": "relative_key"}, "refused"),
    ("distilbert", "the folder as it is", {}, "none"),
    ("distilbert", "activation", {"activation": "relu"}, "obeyed"),
    ("distilbert", "activation", {"activation": "gelu_new"}, "obeyed"),
    ("distilbert", "activation", {"activation": "silu"}, "refused"),
    ("distilbert", "n_heads", {"n_heads": 1}, "obeyed"),
    ("distilbert", "dropout", {"dropout": 0.5, "attention_dropout": 0.5}, "none"),
    ("distilbert", "seq_classif_dropout", {"seq_classif_dropout": 0.5, "qa_dropout": 0.5}, "none"),
    ("distilbert", "sinusoidal_pos_embds", {"sinusoidal_pos_embds": True}, "none"),
    ("distilbert", "layer_norm_eps", {"layer_norm_eps": 0.01}, "none"),
    ("distilbert", "dim", {"dim": REMOVED, "hidden_size": 36}, "refused"),
    ("distilbert", "hidden_size", {"hidden_size": 36}, "none"),
    ("distilbert", "hidden_size", {"hidden_size": 8}, "refused"),
]


def changed(folder, changes, path):
    """A copy of a folder with another config.json."""
    with open(f"{folder}/config.json") as file:
        config = json.load(file)
    for key, value in changes.items():
        if value == REMOVED:
            config.pop(key, None)
        else:
            config[key] = value
    shutil.copy(f"{folder}/model.safetensors", path)
    with open(f"{path}/config.json", "w") as file:
        json.dump(config, file)
    return config


def logits(path, batch, segments):
    model = AutoModelForSequenceClassification.from_pretrained(path).double().eval()
    found, end = [], 0
    with torch.no_grad():
        for length in batch["lengths"]:
            start, end = end, end + length
            types = {"token_type_ids": torch.tensor([batch["types"][start:end]])}
            ids = torch.tensor([batch["ids"][start:end]])
            found.append(model(input_ids=ids, **(types if segments else {})).logits[0])
    return torch.stack(found)


def main():
    usual, cases = {}, []
    for family, key, changes, effect in CASES:
        folder = os.path.join(GOLDENS, f"{family}-classifier")
        with open(f"{folder}/expected.json") as file:
            batch = json.load(file)["batch"]
        with tempfile.TemporaryDirectory() as path:
            config = changed(folder, changes, path)
            case = {"family": family, "key": key, "effect": effect,
                    "config": {k: config.get(k) for k in changes if k in config},
                    "removed": [k for k in changes if k not in config]}
            if effect != "refused":
                found = logits(path, batch, family == "bert")
                base = usual.setdefault(family, found)
                moved = (found - base).abs().max().item()
                assert (moved > 1e-4) == (effect == "obeyed"), (key, changes, moved)
                case["logits"] = tensor(found)
            cases.append(case)
    write("model-settings.json", {"cases": cases}, __file__, versions(transformers), NOTE)


if __name__ == "__main__":
    main()
